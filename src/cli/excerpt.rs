//! The source line of a finding, shown as compilers do.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::SeekFrom;

use crate::formats::Input;
use crate::formats::Place;

/// Bytes shown before and behind a place; a compact document has it all in one line.
const AROUND: u64 = 60;

/// A piece of a line and where in it the place is, in characters.
#[derive(Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The text of the line around the place.
    pub text: String,
    /// How many characters stand before the place.
    pub before: usize,
}

/// Finds the text around each place; `None` where it is not known or not UTF-8.
pub fn excerpts(input: &mut dyn Input, places: &[Place]) -> std::io::Result<Vec<Option<Excerpt>>> {
    let offsets = offsets(input, places)?;
    offsets.into_iter().map(|offset| offset.map_or(Ok(None), |offset| around(input, offset))).collect()
}

/// The byte offset of each place, found in one pass.
fn offsets(input: &mut dyn Input, places: &[Place]) -> std::io::Result<Vec<Option<u64>>> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|index| places.get(*index).map(|place| place.line));
    let mut offsets = vec![None; places.len()];
    input.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(1 << 16, input);
    let (mut line, mut line_start, mut at) = (1, 0, 0);
    for index in order {
        let Some(place) = places.get(index).filter(|place| place.line > 0) else { continue };
        while line < place.line {
            let buffer = reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(offsets);
            }
            let used = match memchr::memchr(b'\n', buffer) {
                Some(end) => {
                    line += 1;
                    line_start = at + end as u64 + 1;
                    end + 1
                }
                None => buffer.len(),
            };
            at += used as u64;
            reader.consume(used);
        }
        if let Some(slot) = offsets.get_mut(index) {
            *slot = Some(line_start + place.column.saturating_sub(1));
        }
    }
    Ok(offsets)
}

fn around(input: &mut dyn Input, offset: u64) -> std::io::Result<Option<Excerpt>> {
    let from = offset.saturating_sub(AROUND);
    input.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    input.take(offset - from + AROUND).read_to_end(&mut bytes)?;
    let at = usize::try_from(offset - from).unwrap_or(0);
    let (Some(before), Some(behind)) = (bytes.get(..at), bytes.get(at..)) else { return Ok(None) };
    let before = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let behind = behind.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let before = String::from_utf8_lossy(trim_start(before)).replace('\t', " ");
    let behind = String::from_utf8_lossy(trim_end(behind)).replace('\t', " ");
    if before.contains(['\0', '\u{FFFD}']) || behind.contains(['\0', '\u{FFFD}']) {
        return Ok(None);
    }
    let before = before.trim_start();
    Ok(Some(Excerpt { text: format!("{before}{behind}"), before: before.chars().count() }))
}

/// Drops the rest of a character that was cut in two at the front.
fn trim_start(bytes: &[u8]) -> &[u8] {
    let cut = bytes.iter().take(3).take_while(|byte| **byte & 0xC0 == 0x80).count();
    bytes.get(cut..).unwrap_or_default()
}

/// Drops the beginning of a character that was cut in two at the end.
fn trim_end(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.get(..error.valid_up_to()).unwrap_or_default(),
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn finds_the_text_around_places_in_any_order() {
        let text = "first\n  second line\nthird é".to_owned();
        let places =
            [Place { line: 3, column: 7 }, Place { line: 2, column: 10 }, Place { line: 9, column: 1 }];
        let found = excerpts(&mut Cursor::new(text), &places).unwrap();
        assert_eq!(found[0], Some(Excerpt { text: "third é".into(), before: 6 }));
        assert_eq!(found[1], Some(Excerpt { text: "second line".into(), before: 7 }));
        assert_eq!(found[2], None);
    }

    #[test]
    fn shows_a_window_of_a_long_line() {
        let text = format!("{}é!{}", "é".repeat(500), "x".repeat(1_000));
        let found = excerpts(&mut Cursor::new(text), &[Place { line: 1, column: 1_003 }]).unwrap();
        let excerpt = found[0].as_ref().unwrap();
        assert!(excerpt.text.chars().count() < 130);
        assert_eq!(excerpt.text.chars().nth(excerpt.before), Some('!'));
    }
}
