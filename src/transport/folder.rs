//! Folders of this machine that files are exchanged in, with whoever else has access to them.
//!
//! They stand below folders that the settings of the gateway name, so that no channel reaches another part of the machine; links
//! are not followed.

use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

use crate::transport::FileName;
use crate::transport::Probe;
use crate::transport::convention::After;
use crate::transport::convention::DropOff;
use crate::transport::convention::Entry;
use crate::transport::convention::Listing;
use crate::transport::convention::PickUp;

/// Names that are read of one folder.
const MOST_NAMES: usize = 50_000;

/// What names are passed over is told of so many.
const MOST_TOLD: usize = 20;

/// Who may read and write files dropped off, less what the umask of the process takes away.
const MODE: u32 = 0o660;

/// What is picked up and dropped off in folders of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How files come from the partner.
    #[serde(default)]
    pub pick_up: Option<PickUp>,
    /// How files go to the partner.
    #[serde(default)]
    pub drop_off: Option<DropOff>,
}

impl Settings {
    /// Judges the settings by themselves.
    pub fn check(&self) -> Result<(), String> {
        let folders = [
            self.pick_up.as_ref().map(|pick_up| pick_up.folder.as_str()),
            self.drop_off.as_ref().map(|drop_off| drop_off.folder.as_str()),
        ];
        match folders {
            [None, None] => {
                return Err("pick_up, drop_off: at least one must say what the channel is for".to_owned());
            }
            [Some(from), Some(to)] if from == to => {
                return Err(
                    "pick_up, drop_off: what is dropped off would be picked up again; name two folders"
                        .to_owned(),
                );
            }
            _ => {}
        }
        self.pick_up.as_ref().map_or(Ok(()), PickUp::check)?;
        self.drop_off.as_ref().map_or(Ok(()), DropOff::check)
    }
}

/// Why nothing came or went.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The folder is not below one that the settings name.
    #[error("{0} is not below a folder of outbound.folders {1:?}, where channels exchange files")]
    Outside(PathBuf, Vec<PathBuf>),
    /// The system says no.
    #[error("{path}: {what}: {error}", path = .path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done with it.
        what: &'static str,
        /// The answer.
        error: io::Error,
    },
    /// What is there is no ordinary file any more.
    #[error("{0} is no ordinary file any more")]
    Other(PathBuf),
    /// Another file of this name is there.
    #[error("{0} is there already, and is another file")]
    Taken(PathBuf),
    /// Less or more came than was said.
    #[error("{0}: {1} of {2} bytes came")]
    Short(PathBuf, u64, u64),
}

fn system(path: &Path, what: &'static str) -> impl Fn(io::Error) -> FolderError {
    let path = path.to_owned();
    move |error| FolderError::System { path: path.clone(), what, error }
}

/// The part of this machine that channels reach.
#[derive(Clone, Debug, Default)]
pub struct Folders(Vec<PathBuf>);

impl Folders {
    /// What is below these folders.
    pub fn new(roots: &[PathBuf]) -> Folders {
        Folders(roots.to_vec())
    }

    /// Looks into a folder.
    pub fn list(&self, folder: &str) -> Result<Listing, FolderError> {
        let folder = self.within(folder)?;
        let mut listing = Listing::default();
        let names = fs::read_dir(&folder).map_err(system(&folder, "cannot be looked into"))?;
        for (number, name) in names.enumerate() {
            if number == MOST_NAMES {
                listing.passed_over.push(format!("what comes after the first {MOST_NAMES} names"));
                break;
            }
            note(&mut listing, &name.map_err(system(&folder, "cannot be looked into"))?);
        }
        listing.files.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
        Ok(listing)
    }

    /// Opens a file as it was seen. Reading it fails at its end where it has become another.
    pub fn open(&self, folder: &str, entry: &Entry) -> Result<Seen, FolderError> {
        let path = self.within(folder)?.join(entry.name.as_str());
        // A link is not followed, and a pipe not waited for.
        let opened =
            OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(&path);
        let file = opened.map_err(system(&path, "cannot be opened"))?;
        let metadata = file.metadata().map_err(system(&path, "cannot be opened"))?;
        if !metadata.is_file() {
            return Err(FolderError::Other(path));
        }
        Ok(Seen { file, entry: entry.clone() })
    }

    /// Does with a file that was taken what the convention says; its done file goes first, so that it cannot speak for
    /// another file of that name.
    pub fn put_away(&self, pick_up: &PickUp, name: &FileName, now: DateTime<Utc>) -> Result<(), FolderError> {
        let folder = self.within(&pick_up.folder)?;
        let from = folder.join(name.as_str());
        if pick_up.after == After::Keep {
            return Ok(());
        }
        if let Some(done) = pick_up.done_of(name) {
            removed(&folder.join(done.as_str()))?;
        }
        match &pick_up.after {
            After::Archive(archive) => {
                let archive = self.within(archive)?;
                let mut to = archive.join(name.as_str());
                if to.symlink_metadata().is_ok() {
                    to = archive.join(format!("{name}.{}", now.format("%Y%m%dT%H%M%S%.6fZ")));
                }
                fs::rename(&from, &to).map_err(system(&from, "cannot be moved to its archive"))
            }
            After::Remove | After::Keep => removed(&from),
        }
    }

    /// Writes a file of so many bytes: under a temporary name, to the disk, then renamed, then its done file. A file of that name
    /// and size is taken for one of an earlier try. Returns its path.
    pub fn deliver(
        &self,
        drop_off: &DropOff,
        (name, bytes): (&FileName, u64),
        source: &mut impl Read,
    ) -> Result<PathBuf, FolderError> {
        let folder = self.within(&drop_off.folder)?;
        let target = folder.join(name.as_str());
        match target.symlink_metadata() {
            Ok(there) if there.is_file() && there.len() == bytes => {}
            Ok(_) => return Err(FolderError::Taken(target)),
            Err(_) => {
                let temporary = folder.join(format!("{name}{}", drop_off.temporary_suffix));
                let written = write(&temporary, bytes, source);
                if written.is_err() {
                    // Where it cannot be removed now, the next try writes over it.
                    let _ = fs::remove_file(&temporary);
                }
                written?;
                fs::rename(&temporary, &target).map_err(system(&temporary, "cannot be renamed"))?;
            }
        }
        if !drop_off.done_suffix.is_empty() {
            write(&folder.join(format!("{name}{}", drop_off.done_suffix)), 0, &mut io::empty())?;
        }
        let synced = File::open(&folder).and_then(|folder| folder.sync_all());
        synced.map_err(system(&folder, "cannot be brought to the disk"))?;
        Ok(target)
    }

    /// Looks into the folders of a channel, and writes, renames and removes a file of this name.
    pub fn probe(&self, settings: &Settings, name: &FileName) -> Probe {
        let mut probe = Probe::default();
        let told = |outcome: Result<(), FolderError>| outcome.map_err(|error| error.to_string());
        if let Some(pick_up) = &settings.pick_up {
            let what = format!("look into {}", pick_up.folder);
            probe.note(&what, told(self.list(&pick_up.folder).map(|_| ())));
            if let After::Archive(archive) = &pick_up.after {
                let what = format!("write, rename and remove a file in {archive}");
                probe.note(&what, told(self.tried(archive, name)));
            }
        }
        if let Some(drop_off) = &settings.drop_off {
            let what = format!("write, rename and remove a file in {}", drop_off.folder);
            probe.note(&what, told(self.tried(&drop_off.folder, name)));
        }
        probe
    }

    fn tried(&self, folder: &str, name: &FileName) -> Result<(), FolderError> {
        // Whoever looks into the folder takes it for a file that is being written.
        let drop_off = DropOff {
            folder: folder.to_owned(),
            temporary_suffix: ".tmp".to_owned(),
            done_suffix: String::new(),
        };
        let name = name.followed_by(".part").unwrap_or_else(|_| name.clone());
        let target = self.deliver(&drop_off, (&name, 0), &mut io::empty())?;
        removed(&target)
    }

    /// The folder, where it is below one of the settings with all links followed.
    fn within(&self, folder: &str) -> Result<PathBuf, FolderError> {
        let folder = Path::new(folder);
        let outside = || FolderError::Outside(folder.to_owned(), self.0.clone());
        if !folder.is_absolute() {
            return Err(outside());
        }
        // What is outside is not told from what is not there.
        if !self.0.iter().any(|root| folder.starts_with(root)) {
            return Err(outside());
        }
        let real = folder.canonicalize().map_err(system(folder, "cannot be reached"))?;
        let below = |root: &PathBuf| root.canonicalize().is_ok_and(|root| real.starts_with(root));
        if self.0.iter().any(below) { Ok(real) } else { Err(outside()) }
    }
}

/// A file as one look saw it.
pub struct Seen {
    file: File,
    entry: Entry,
}

impl Read for Seen {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            let after = self.file.metadata()?;
            if after.len() != self.entry.bytes || modified(&after) != self.entry.modified {
                return Err(io::Error::other(format!("{} changed while it was read", self.entry.name)));
            }
        }
        Ok(read)
    }
}

fn note(listing: &mut Listing, found: &fs::DirEntry) {
    let name = found.file_name();
    // Of the entry itself, not of what a link leads to.
    let Ok(metadata) = found.metadata() else { return };
    let passed = match FileName::parse(&name.to_string_lossy()) {
        _ if metadata.is_dir() => return,
        Ok(name) if metadata.is_file() => {
            listing.files.push(Entry { name, bytes: metadata.len(), modified: modified(&metadata) });
            return;
        }
        Ok(_) => "it is no ordinary file (a link, a pipe, a device)".to_owned(),
        Err(why) => why.to_string(),
    };
    if listing.passed_over.len() < MOST_TOLD {
        listing.passed_over.push(format!("{name:?}: {passed}"));
    }
}

fn modified(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

fn write(path: &Path, bytes: u64, source: &mut impl Read) -> Result<(), FolderError> {
    let failed = system(path, "cannot be written");
    // A new file of its own: whatever stands there, a link perhaps, is not written through.
    removed(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path).map_err(&failed)?;
    let written = io::copy(source, &mut file).map_err(&failed)?;
    if written != bytes {
        return Err(FolderError::Short(path.to_owned(), written, bytes));
    }
    file.flush().and_then(|()| file.sync_all()).map_err(&failed)
}

/// Removes a file; one that is not there is as well.
fn removed(path: &Path) -> Result<(), FolderError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(system(path, "cannot be removed")(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    struct Place {
        root: TempDir,
        folders: Folders,
    }

    impl Place {
        fn new() -> Place {
            let root = tempfile::tempdir().unwrap();
            for folder in ["in", "out", "archive"] {
                fs::create_dir(root.path().join(folder)).unwrap();
            }
            Place { folders: Folders::new(&[root.path().to_owned()]), root }
        }

        fn path(&self, path: &str) -> String {
            self.root.path().join(path).to_str().unwrap().to_owned()
        }

        fn pick_up(&self, rest: &str) -> PickUp {
            serde_json::from_str(&format!(r#"{{"folder":{:?}{rest}}}"#, self.path("in"))).unwrap()
        }

        fn drop_off(&self, rest: &str) -> DropOff {
            serde_json::from_str(&format!(r#"{{"folder":{:?}{rest}}}"#, self.path("out"))).unwrap()
        }

        fn names(&self, folder: &str) -> Vec<String> {
            let listing = self.folders.list(&self.path(folder)).unwrap();
            listing.files.iter().map(|entry| entry.name.to_string()).collect()
        }

        fn entry(&self, name: &str) -> Entry {
            let listing = self.folders.list(&self.path("in")).unwrap();
            listing.files.into_iter().find(|entry| entry.name.as_str() == name).unwrap()
        }
    }

    fn name(name: &str) -> FileName {
        FileName::parse(name).unwrap()
    }

    #[test]
    fn only_ordinary_files_are_seen() {
        let place = Place::new();
        fs::write(place.path("secret"), "secret").unwrap();
        fs::write(place.path("in/a.xml"), "abc").unwrap();
        fs::create_dir(place.path("in/folder")).unwrap();
        symlink(place.path("secret"), place.path("in/link.xml")).unwrap();
        fs::write(place.path("in/two\nlines.xml"), "x").unwrap();
        fs::write(Path::new(&place.path("in")).join(std::ffi::OsStr::from_bytes(b"\xff.xml")), "x").unwrap();
        let listing = place.folders.list(&place.path("in")).unwrap();
        assert_eq!(place.names("in"), ["a.xml"]);
        assert_eq!(listing.passed_over.len(), 3, "{:?}", listing.passed_over);
        assert!(listing.passed_over.iter().all(|told| !told.contains('\n')));
    }

    #[test]
    fn what_changed_since_it_was_seen_is_not_read() {
        let place = Place::new();
        let path = place.path("in/a.xml");
        let read = |entry: &Entry| {
            let mut text = String::new();
            let mut seen = place.folders.open(&place.path("in"), entry).map_err(|error| error.to_string())?;
            seen.read_to_string(&mut text).map(|_| text).map_err(|error| error.to_string())
        };
        fs::write(&path, "abc").unwrap();
        let entry = place.entry("a.xml");
        assert_eq!(read(&entry), Ok("abc".to_owned()));
        fs::write(&path, "abcdef").unwrap();
        assert!(read(&entry).unwrap_err().contains("changed"));
        fs::write(place.path("secret"), "abc").unwrap();
        fs::remove_file(&path).unwrap();
        symlink(place.path("secret"), &path).unwrap();
        assert!(read(&entry).is_err());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(read(&entry).unwrap_err().contains("ordinary"));
    }

    fn put_away(rest: &str, left: &[&str], archived: usize) {
        let place = Place::new();
        let pick_up = place.pick_up(&rest.replace("ARCHIVE", &place.path("archive")));
        let files = ["in/a.xml", "in/a.xml.done", "in/b.xml", "archive/b.xml"];
        files.iter().for_each(|file| fs::write(place.path(file), "x").unwrap());
        for file in ["a.xml", "b.xml"] {
            place.folders.put_away(&pick_up, &name(file), DateTime::UNIX_EPOCH).unwrap();
            // Once more, as after a crash.
            let _ = place.folders.put_away(&pick_up, &name(file), DateTime::UNIX_EPOCH);
        }
        let mut names = place.names("in");
        names.sort();
        assert_eq!(names, left, "{rest}");
        assert_eq!(place.names("archive").len(), archived, "{rest}");
    }

    #[test]
    fn what_was_taken_goes_where_it_should() {
        put_away("", &["a.xml.done"], 1);
        put_away(r#","done_suffix":".done""#, &[], 1);
        put_away(r#","after":{"archive":"ARCHIVE"},"done_suffix":".done""#, &[], 3);
        put_away(r#","after":"keep","done_suffix":".done""#, &["a.xml", "a.xml.done", "b.xml"], 1);
    }

    #[test]
    fn a_file_appears_whole_and_once() {
        let place = Place::new();
        let deliver = |file: &str, text: &str, bytes: u64| {
            let drop_off = place.drop_off(r#","done_suffix":".done""#);
            place
                .folders
                .deliver(&drop_off, (&name(file), bytes), &mut text.as_bytes())
                .map_err(|error| error.to_string())
        };
        // What a crash left, and a trap.
        symlink(place.path("target"), place.path("out/a.xml.tmp")).unwrap();
        let path = deliver("a.xml", "abc", 3).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "abc");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o007 & !0o004, 0);
        assert!(!Path::new(&place.path("target")).exists());
        assert_eq!(deliver("a.xml", "abc", 3).unwrap(), path);
        assert!(deliver("a.xml", "abcd", 4).unwrap_err().contains("another file"));
        assert!(deliver("b.xml", "abc", 4).unwrap_err().contains("3 of 4"));
        let mut names = place.names("out");
        names.sort();
        assert_eq!(names, ["a.xml", "a.xml.done"]);
    }

    #[test]
    fn channels_stay_below_their_folders() {
        let place = Place::new();
        let other = tempfile::tempdir().unwrap();
        symlink(other.path(), place.path("elsewhere")).unwrap();
        let root = place.path("");
        for folder in [
            "/etc",
            "/",
            "in",
            other.path().to_str().unwrap(),
            &place.path("elsewhere"),
            &format!("{root}/../.."),
        ] {
            let fault = place.folders.list(folder).unwrap_err();
            assert!(matches!(fault, FolderError::Outside(..)), "{folder}: {fault}");
        }
        assert!(matches!(Folders::default().list(&place.path("in")), Err(FolderError::Outside(..))));
        assert!(matches!(place.folders.list(&place.path("none")), Err(FolderError::System { .. })));
    }

    #[test]
    fn a_trial_leaves_nothing() {
        let place = Place::new();
        let settings = |out: &str| Settings {
            pick_up: Some(place.pick_up("")),
            drop_off: Some(DropOff { folder: place.path(out), ..place.drop_off("") }),
        };
        let probe = place.folders.probe(&settings("out"), &name("epcgate-trial"));
        assert!(probe.is_sound() && probe.steps.len() == 2, "{probe:?}");
        assert!(place.names("out").is_empty());
        assert!(!place.folders.probe(&settings("none"), &name("epcgate-trial")).is_sound());
    }
}
