//! Folders of a server: what is in them, and what becomes of files that were taken.

use chrono::DateTime;
use chrono::Utc;
use russh_sftp::client::error::Error as Wire;
use russh_sftp::protocol::File;
use russh_sftp::protocol::FileAttributes;
use russh_sftp::protocol::StatusCode;

use crate::transport::FileName;
use crate::transport::convention::After;
use crate::transport::convention::Entry;
use crate::transport::convention::Listing;
use crate::transport::convention::PickUp;
use crate::transport::sftp::Session;
use crate::transport::sftp::SftpError;
use crate::transport::sftp::printable;

/// Names that are read of one folder.
const MOST_NAMES: usize = 50_000;

/// What names are passed over is told of so many.
const MOST_TOLD: usize = 20;

impl Session {
    /// Looks into a folder.
    pub async fn list(&self, folder: &str) -> Result<Listing, SftpError> {
        let what = format!("looking into {folder}");
        let failed = |error| SftpError::of(&what, error);
        let handle = self.raw.opendir(folder).await.map_err(failed)?.handle;
        let (mut listing, mut read) = (Listing::default(), 0);
        loop {
            let names = match self.raw.readdir(handle.as_str()).await {
                Ok(names) => names.files,
                Err(Wire::Status(status)) if status.status_code == StatusCode::Eof => break,
                Err(error) => return Err(failed(error)),
            };
            read += names.len();
            names.into_iter().for_each(|file| note(&mut listing, &file));
            if read > MOST_NAMES {
                listing.passed_over.push(format!("what comes after the first {MOST_NAMES} names"));
                break;
            }
        }
        self.raw.close(handle).await.map_err(failed)?;
        listing.files.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
        Ok(listing)
    }

    /// Does with a file that was taken what the convention says; its done file goes first, so that it cannot speak for
    /// another file of that name.
    pub async fn put_away(
        &self,
        pick_up: &PickUp,
        name: &FileName,
        now: DateTime<Utc>,
    ) -> Result<(), SftpError> {
        if pick_up.after == After::Keep {
            return Ok(());
        }
        if let Some(done) = pick_up.done_of(name) {
            self.removed(&path(&pick_up.folder, done.as_str())).await?;
        }
        let from = path(&pick_up.folder, name.as_str());
        match &pick_up.after {
            After::Archive(archive) => {
                let to = path(archive, name.as_str());
                if self.raw.rename(from.as_str(), to.as_str()).await.is_ok() {
                    return Ok(());
                }
                // Another file of that name was archived before.
                let to = format!("{to}.{}", now.format("%Y%m%dT%H%M%S%.6fZ"));
                let moved = self.raw.rename(from.as_str(), to.as_str()).await;
                moved.map(|_| ()).map_err(|error| SftpError::of(&format!("moving {from} to {to}"), error))
            }
            After::Remove | After::Keep => self.removed(&from).await,
        }
    }

    /// Removes a file; one that is not there is as well.
    pub(super) async fn removed(&self, path: &str) -> Result<(), SftpError> {
        match self.raw.remove(path).await.map_err(|error| SftpError::of(&format!("removing {path}"), error)) {
            Ok(_) | Err(SftpError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The path of a file in a folder.
pub(super) fn path(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// When a file was last written, in nanoseconds since 1970; 0 where the server does not say.
pub(super) fn modified(attributes: &FileAttributes) -> i64 {
    i64::from(attributes.mtime.unwrap_or(0)) * 1_000_000_000
}

fn note(listing: &mut Listing, file: &File) {
    if matches!(file.filename.as_str(), "." | "..") {
        return;
    }
    let passed = match (FileName::parse(&file.filename), kind(file)) {
        (Ok(name), Kind::Ordinary) => {
            let (bytes, modified) = (file.attrs.size.unwrap_or(0), modified(&file.attrs));
            listing.files.push(Entry { name, bytes, modified });
            return;
        }
        (_, Kind::Folder) => return,
        (Err(why), _) => why.to_string(),
        (Ok(_), Kind::Other) => "it is no ordinary file (a link, a pipe, a device)".to_owned(),
    };
    if listing.passed_over.len() < MOST_TOLD {
        listing.passed_over.push(format!("{:?}: {passed}", printable(&file.filename)));
    }
}

enum Kind {
    Ordinary,
    Folder,
    Other,
}

/// What stands under a name: by its mode, or where the server sends none by the first letter of its line.
fn kind(file: &File) -> Kind {
    match file.attrs.permissions.map(|mode| mode & 0o170_000) {
        Some(0o100_000) => Kind::Ordinary,
        Some(0o040_000) => Kind::Folder,
        Some(0) | None => match file.longname.chars().next() {
            Some('d') => Kind::Folder,
            Some('l' | 'p' | 's' | 'b' | 'c') => Kind::Other,
            _ => Kind::Ordinary,
        },
        Some(_) => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, mode: Option<u32>, line: &str, expected: Option<&str>) {
        let attrs =
            FileAttributes { permissions: mode, size: Some(5), mtime: Some(7), ..FileAttributes::default() };
        let mut listing = Listing::default();
        note(&mut listing, &File { filename: name.to_owned(), longname: line.to_owned(), attrs });
        match expected {
            None => assert_eq!((listing.files.len(), listing.passed_over.len()), (0, 0), "{name:?}"),
            Some("") => assert_eq!(listing.files[0].identity(), format!("{name}:5:7000000000")),
            Some(why) => assert!(listing.passed_over[0].contains(why), "{name:?}: {:?}", listing.passed_over),
        }
    }

    #[test]
    fn only_ordinary_files_with_sound_names_are_looked_at() {
        check("a.xml", Some(0o100_644), "", Some(""));
        check("a.xml", None, "-rw-r--r-- 1 a b 5 a.xml", Some(""));
        check("a.xml", None, "", Some(""));
        check("in", Some(0o040_755), "", None);
        check("in", None, "drwxr-xr-x 1 a b 5 in", None);
        check(".", Some(0o040_755), "", None);
        check("..", None, "", None);
        check("a.xml", Some(0o120_777), "", Some("link"));
        check("a.xml", None, "lrwxrwxrwx 1 a b 5 a.xml -> /etc/passwd", Some("link"));
        check("a.xml", Some(0o010_644), "", Some("pipe"));
        check("../x", Some(0o100_644), "", Some("slash"));
        check("a\nb", Some(0o100_644), "", Some("control"));
    }

    #[test]
    fn paths_are_below_their_folder() {
        assert_eq!((path("/in/", "a"), path("in", "a")), ("/in/a".to_owned(), "in/a".to_owned()));
    }
}
