//! The roll: items with what happened to them, one behind the other in a temporary file in the order of keys, so that they
//! can be gone through again without another sorting.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::IntoInnerError;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;

use crate::reconcile::docket::spool::MARK_BYTES;
use crate::reconcile::docket::spool::Mark;

/// Bytes held in memory while it is written or read.
const BUFFER: usize = 256 << 10;

/// Bytes before the serial of an item: class, length of the serial, number of marks.
const HEAD: usize = 4 + 4 + 4;

/// Items in a temporary file.
#[derive(Debug)]
pub(super) struct Roll {
    file: File,
}

impl Roll {
    /// Writes down the items that somebody visits: class, serial, marks.
    pub(super) fn of(
        visit: impl FnOnce(&mut dyn FnMut(u32, &str, &[Mark]) -> io::Result<()>) -> io::Result<()>,
    ) -> io::Result<Roll> {
        let mut out = BufWriter::with_capacity(BUFFER, tempfile::tempfile()?);
        visit(&mut |class, serial, marks| {
            out.write_all(&class.to_le_bytes())?;
            out.write_all(&length(serial.len())?)?;
            out.write_all(&length(marks.len())?)?;
            out.write_all(serial.as_bytes())?;
            marks.iter().try_for_each(|mark| out.write_all(&mark.to_bytes()))
        })?;
        Ok(Roll { file: out.into_inner().map_err(IntoInnerError::into_error)? })
    }

    /// Visits the items in the order in which they were written.
    pub(super) fn visit<E: From<io::Error>>(
        &mut self,
        mut each: impl FnMut(u32, &str, &[Mark]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut input = BufReader::with_capacity(BUFFER, &self.file);
        let (mut serial, mut marks) = (Vec::new(), Vec::new());
        loop {
            let mut head = [0; HEAD];
            match input.read_exact(&mut head) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                read => read?,
            }
            let [c0, c1, c2, c3, l0, l1, l2, l3, m0, m1, m2, m3] = head;
            serial.resize(u32::from_le_bytes([l0, l1, l2, l3]) as usize, 0);
            input.read_exact(&mut serial)?;
            marks.clear();
            for _ in 0..u32::from_le_bytes([m0, m1, m2, m3]) {
                let mut mark = [0; MARK_BYTES];
                input.read_exact(&mut mark)?;
                marks.push(Mark::of_bytes(mark));
            }
            each(u32::from_le_bytes([c0, c1, c2, c3]), &String::from_utf8_lossy(&serial), &marks)?;
        }
    }
}

fn length(of: usize) -> io::Result<[u8; 4]> {
    u32::try_from(of).map(u32::to_le_bytes).map_err(io::Error::other)
}
