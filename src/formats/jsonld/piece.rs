//! Piece: the bytes of one value and where they stand.

use memchr::memchr_iter;
use memchr::memrchr;

use crate::formats::Place;

/// One value's bytes, and where the first of them stands.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) place: Place,
}

impl Piece<'_> {
    /// Where the byte at this offset stands.
    pub(super) fn place_of(&self, offset: usize) -> Place {
        place_after(self.place, self.bytes.get(..offset).unwrap_or(self.bytes))
    }
}

/// The place behind these bytes.
pub(super) fn place_after(place: Place, passed: &[u8]) -> Place {
    match memrchr(b'\n', passed) {
        None => Place { line: place.line, column: place.column + passed.len() as u64 },
        Some(last) => Place {
            line: place.line + memchr_iter(b'\n', passed).count() as u64,
            column: (passed.len() - last) as u64,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_columns() {
        let piece = Piece { bytes: b"ab\ncd\ne", place: Place { line: 7, column: 3 } };
        assert_eq!(piece.place_of(1), Place { line: 7, column: 4 });
        assert_eq!(piece.place_of(4), Place { line: 8, column: 2 });
        assert_eq!(piece.place_of(6), Place { line: 9, column: 1 });
    }
}
