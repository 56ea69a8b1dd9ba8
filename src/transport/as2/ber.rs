//! The Basic Encoding Rules as far as CMS asks for them: definite and indefinite lengths, strings in pieces as Java's peers
//! send them. Nothing is copied, nesting is bounded.

use std::io;
use std::io::Read;

/// How deep elements may lie in each other.
const DEEPEST: usize = 16;

/// Bit of a tag that says that its content is elements.
const CONSTRUCTED: u8 = 0x20;

/// What is no BER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// Class and number, with the bit for "constructed" as it stands.
    pub(super) tag: u8,
    /// What is in it, without the mark of its end.
    pub(super) content: &'a [u8],
}

/// Elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// The next element; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (element, rest) = element(self.0, 0)?;
        self.0 = rest;
        Ok(Some(element))
    }

    /// The next element, which has this tag, whatever its bit for "constructed".
    pub(super) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        self.next()?.filter(|found| (found.tag ^ tag) & !CONSTRUCTED == 0).ok_or(Malformed)
    }

    /// The elements in the next one, which has this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Result<Reader<'a>, Malformed> {
        Ok(Reader(self.expect(tag)?.content))
    }

    /// Steps over the next element where it has this tag.
    pub(super) fn skip(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        let mut ahead = *self;
        match ahead.next()? {
            Some(found) if (found.tag ^ tag) & !CONSTRUCTED == 0 => {
                *self = ahead;
                Ok(Some(found))
            }
            _ => Ok(None),
        }
    }
}

impl<'a> Element<'a> {
    /// The bytes of a string, in one piece or several.
    pub(super) fn octets(self) -> Octets<'a> {
        if self.tag & CONSTRUCTED == 0 {
            Octets { open: Vec::new(), current: self.content }
        } else {
            Octets { open: vec![Reader(self.content)], current: &[] }
        }
    }
}

/// The bytes of a string, piece after piece.
#[derive(Debug)]
pub(super) struct Octets<'a> {
    open: Vec<Reader<'a>>,
    current: &'a [u8],
}

impl Read for Octets<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let broken = |_| io::Error::from(io::ErrorKind::InvalidData);
        while self.current.is_empty() {
            let Some(reader) = self.open.last_mut() else { return Ok(0) };
            match reader.next().map_err(broken)? {
                None => {
                    self.open.pop();
                }
                Some(piece) if piece.tag & CONSTRUCTED == 0 => self.current = piece.content,
                Some(_) if self.open.len() >= DEEPEST => return Err(broken(Malformed)),
                Some(piece) => self.open.push(Reader(piece.content)),
            }
        }
        self.current.read(buffer)
    }
}

/// The first element and what follows it.
fn element(bytes: &[u8], depth: usize) -> Result<(Element<'_>, &[u8]), Malformed> {
    let (tag, rest) = bytes.split_first().ok_or(Malformed)?;
    // Numbers above 30 do not occur in CMS.
    if depth > DEEPEST || tag & 0x1f == 0x1f {
        return Err(Malformed);
    }
    match length(rest)? {
        (Some(length), rest) if length <= rest.len() => {
            let (content, rest) = rest.split_at(length);
            Ok((Element { tag: *tag, content }, rest))
        }
        (None, rest) if tag & CONSTRUCTED != 0 => {
            let mut ahead = rest;
            loop {
                if let [0, 0, after @ ..] = ahead {
                    let content = rest.get(..rest.len() - ahead.len()).ok_or(Malformed)?;
                    return Ok((Element { tag: *tag, content }, after));
                }
                ahead = element(ahead, depth + 1)?.1;
            }
        }
        _ => Err(Malformed),
    }
}

/// The length, `None` where it is indefinite, and what follows.
fn length(bytes: &[u8]) -> Result<(Option<usize>, &[u8]), Malformed> {
    let (first, rest) = bytes.split_first().ok_or(Malformed)?;
    match first {
        0x80 => Ok((None, rest)),
        0x81..=0x88 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(Malformed)?;
            let length = digits.iter().fold(0_u64, |sum, digit| sum << 8 | u64::from(*digit));
            Ok((Some(usize::try_from(length).map_err(|_| Malformed)?), rest))
        }
        short if *short < 0x80 => Ok((Some(usize::from(*short)), rest)),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(bytes: &[u8]) -> Option<Vec<u8>> {
        let element = Reader::new(bytes).next().ok()??;
        let mut all = Vec::new();
        element.octets().read_to_end(&mut all).ok()?;
        Some(all)
    }

    fn check(bytes: &[u8], expected: Option<&[u8]>) {
        assert_eq!(octets(bytes).as_deref(), expected, "{bytes:02x?}");
    }

    #[test]
    fn strings_come_in_one_piece_or_several() {
        check(&[4, 2, 7, 8], Some(&[7, 8]));
        check(&[4, 0x81, 2, 7, 8], Some(&[7, 8]));
        check(&[0x24, 0x80, 4, 1, 7, 4, 1, 8, 0, 0], Some(&[7, 8]));
        check(&[0x24, 6, 4, 1, 7, 4, 1, 8], Some(&[7, 8]));
        check(&[0x24, 0x80, 0x24, 0x80, 4, 1, 7, 0, 0, 4, 1, 8, 0, 0], Some(&[7, 8]));
        check(&[0x24, 0x80, 0, 0], Some(&[]));
    }

    #[test]
    fn what_is_no_ber_is_refused() {
        check(&[4, 3, 7, 8], None);
        check(&[4, 0x80, 7, 8, 0, 0], None);
        check(&[0x24, 0x80, 4, 1, 7], None);
        check(&[4, 0x88, 255, 255, 255, 255, 255, 255, 255, 255, 1], None);
        check(&[4, 0x89, 1], None);
        check(&[0x1f, 1, 1], None);
        check(&[4], None);
        check(&[0x24, 0x80].repeat(1000), None);
        assert!(matches!(Reader::new(&[]).next(), Ok(None)));
    }

    #[test]
    fn elements_are_entered_and_stepped_over() {
        let bytes = [0x30, 0x80, 2, 1, 3, 0xa0, 2, 5, 0, 4, 1, 9, 0, 0, 6, 1, 42];
        let mut outer = Reader::new(&bytes);
        let mut inner = outer.enter(0x30).unwrap();
        assert_eq!(inner.expect(2).unwrap().content, [3]);
        assert_eq!(inner.skip(0xa1).unwrap(), None);
        assert!(inner.skip(0xa0).unwrap().is_some());
        assert_eq!(inner.expect(4).unwrap().content, [9]);
        assert_eq!(inner.next(), Ok(None));
        assert_eq!(outer.expect(6).unwrap().content, [42]);
    }
}
