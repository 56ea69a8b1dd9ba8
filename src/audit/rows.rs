//! The rows of an export, line by line as they stand in its files.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use crate::audit::folder::ROWS;
use crate::audit::folder::ROWS_OF_FILE;

/// Longest line that is read; more than anything that is written.
const MOST_BYTES: u64 = 64 << 20;

/// One line of a file of rows.
pub(super) struct Line {
    /// Its bytes without the line end.
    pub(super) bytes: Vec<u8>,
    /// True where the file ends before its line end, or it is longer than any row.
    pub(super) is_cut: bool,
    /// The file, and the number of the line in it, from 1.
    pub(super) place: String,
}

/// Goes through all lines of all files in the order of their names.
pub(super) struct Rows {
    files: std::vec::IntoIter<PathBuf>,
    open: Option<(BufReader<File>, String, u64)>,
}

impl Rows {
    /// Those of this export, and the names of files that should not be there or are missing.
    pub(super) fn of(folder: &Path) -> io::Result<(Rows, Vec<String>)> {
        let (mut files, mut faults) = (Vec::new(), Vec::new());
        let rows = folder.join(ROWS);
        for entry in std::fs::read_dir(&rows)? {
            let path = entry?.path();
            match first_row(&path) {
                Some(_) if path.is_file() => files.push(path),
                _ => faults.push(format!("{ROWS}/{} does not belong there", name(&path))),
            }
        }
        files.sort_unstable();
        let mut wanted = 0;
        for path in &files {
            let first = first_row(path).unwrap_or(wanted);
            if first > wanted {
                faults.push(format!("{ROWS}/{wanted:012}.jsonl is missing"));
            }
            wanted = first + ROWS_OF_FILE;
        }
        Ok((Rows { files: files.into_iter(), open: None }, faults))
    }

    /// The next line; `None` at the end of the last file.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let Some((file, name, number)) = &mut self.open else {
                let Some(path) = self.files.next() else { return Ok(None) };
                let name = format!("{ROWS}/{}", name(&path));
                self.open = Some((BufReader::with_capacity(1 << 16, File::open(path)?), name, 0));
                continue;
            };
            let mut bytes = Vec::new();
            if file.take(MOST_BYTES).read_until(b'\n', &mut bytes)? == 0 {
                self.open = None;
                continue;
            }
            *number += 1;
            let is_cut = bytes.pop_if(|last| *last == b'\n').is_none();
            return Ok(Some(Line { bytes, is_cut, place: format!("{name}, line {number}") }));
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The number of the first row of a file, by its name.
fn first_row(path: &Path) -> Option<u64> {
    let name = name(path);
    let digits = name.strip_suffix(".jsonl").filter(|digits| digits.len() == 12)?;
    digits.parse::<u64>().ok().filter(|first| first % ROWS_OF_FILE == 0)
}
