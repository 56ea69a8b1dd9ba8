//! Percent-encoding of the text parts of keys, which URNs and Digital Links do differently.

use crate::gs1::Flaw;

/// The GS1 character sets a text part may take (GS1 General Specifications, section 7.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Characters {
    /// AI encodable character set 82.
    Set82,
    /// AI encodable character set 39: component and part identifiers.
    Set39,
    /// Base64url with its padding: digital signatures.
    Set64,
    /// Digits.
    Digits,
}

/// Where a text part is written, which says what is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// An EPC URN: `" % & / < > ?` and `#` (Tag Data Standard).
    Urn,
    /// A Digital Link path: also `! ( ) * + , :` (GS1 Digital Link URI Syntax, table 7-1).
    Path,
}

const SET82: u8 = 1;
const SET39: u8 = 2;
const DIGIT: u8 = 4;
const ESCAPED_IN_URN: u8 = 8;
const ESCAPED_IN_PATH: u8 = 16;
const SET64: u8 = 32;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [ESCAPED_IN_URN | ESCAPED_IN_PATH; 256];
    let mut byte = 0;
    while byte < 128 {
        let character = byte as u8;
        table[byte] = match character {
            b'0'..=b'9' => SET82 | SET39 | SET64 | DIGIT,
            b'A'..=b'Z' => SET82 | SET39 | SET64,
            b'-' => SET82 | SET39 | SET64,
            b'a'..=b'z' | b'_' | b'=' => SET82 | SET64,
            b'.' | b'\'' | b';' => SET82,
            b'!' | b'(' | b')' | b'*' | b'+' | b',' | b':' => SET82 | ESCAPED_IN_PATH,
            b'/' => SET82 | SET39 | ESCAPED_IN_URN | ESCAPED_IN_PATH,
            b'#' => SET39 | ESCAPED_IN_URN | ESCAPED_IN_PATH,
            b'"' | b'%' | b'&' | b'<' | b'>' | b'?' => SET82 | ESCAPED_IN_URN | ESCAPED_IN_PATH,
            b'~' => 0,
            _ => ESCAPED_IN_URN | ESCAPED_IN_PATH,
        };
        byte += 1;
    }
    table
}

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Decodes percent-escapes; an escape that is not one stands for itself, and an escaped byte above 7F is
/// taken as Latin-1, as no key has such a character.
pub fn unescape(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        decoded.push_str(&rest[..at]);
        let (character, length) =
            escape_at(rest.as_bytes(), at).map_or(('%', 1), |byte| (char::from(byte), 3));
        decoded.push(character);
        rest = &rest[at + length..];
    }
    decoded.push_str(rest);
    decoded
}

/// Escapes all but letters, digits and `-._~`, as values are written in Digital Links; other text as UTF-8.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Tells whether a character set takes this byte as it stands.
pub(super) fn takes(set: Characters, byte: u8) -> bool {
    class(byte) & flag(set) != 0
}

/// Writes a text that has no escapes in the escaping of the target.
pub(super) fn encode(text: &str, target: Target, out: &mut String) {
    let flag = match target {
        Target::Urn => ESCAPED_IN_URN,
        Target::Path => ESCAPED_IN_PATH,
    };
    if text.bytes().all(|byte| class(byte) & flag == 0) {
        out.push_str(text);
        return;
    }
    for byte in text.bytes() {
        if class(byte) & flag == 0 {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

fn flag(set: Characters) -> u8 {
    match set {
        Characters::Set82 => SET82,
        Characters::Set39 => SET39,
        Characters::Set64 => SET64,
        Characters::Digits => DIGIT,
    }
}

/// Counts the decoded characters of an escaped text and refuses what the set does not take.
pub(super) fn measure(text: &str, set: Characters) -> Result<usize, Flaw> {
    let flag = flag(set);
    let bytes = text.as_bytes();
    if bytes.iter().all(|byte| *byte != b'%' && class(*byte) & flag != 0) {
        return Ok(bytes.len());
    }
    let (mut at, mut count) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        let (decoded, length) = decode_at(bytes, at, byte);
        if class(decoded) & flag == 0 {
            return Err(if set == Characters::Digits { Flaw::NotDigits } else { Flaw::Character });
        }
        at += length;
        count += 1;
    }
    Ok(count)
}

/// Writes an escaped text of any origin in the escaping of the target: decoded once, then encoded, so that
/// `%2f` becomes `%2F` and a literal `(` becomes `%28` where the target asks for it.
pub(super) fn write(text: &str, target: Target, out: &mut String) {
    let flag = match target {
        Target::Urn => ESCAPED_IN_URN,
        Target::Path => ESCAPED_IN_PATH,
    };
    let bytes = text.as_bytes();
    let plain = |byte: &u8| *byte != b'%' && class(*byte) & flag == 0;
    if bytes.iter().all(plain) {
        out.push_str(text);
        return;
    }
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (decoded, length) = decode_at(bytes, at, byte);
        if class(decoded) & flag == 0 {
            out.push(char::from(decoded));
        } else {
            out.push('%');
            out.push(hex_digit(decoded >> 4));
            out.push(hex_digit(decoded & 15));
        }
        at += length;
    }
}

fn decode_at(bytes: &[u8], at: usize, byte: u8) -> (u8, usize) {
    if byte != b'%' {
        return (byte, 1);
    }
    escape_at(bytes, at).map_or((byte, 1), |decoded| (decoded, 3))
}

fn escape_at(bytes: &[u8], at: usize) -> Option<u8> {
    let high = char::from(*bytes.get(at + 1)?).to_digit(16)?;
    let low = char::from(*bytes.get(at + 2)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, target: Target, expected: &str) {
        let mut out = String::new();
        write(input, target, &mut out);
        assert_eq!(out, expected, "{input}");
    }

    #[test]
    fn escapes_for_the_target() {
        check("A(1)", Target::Path, "A%281%29");
        check("A%281%29", Target::Urn, "A(1)");
        check("A%2fB", Target::Path, "A%2FB");
        check("A/B", Target::Urn, "A%2FB");
        check("8484892%", Target::Path, "8484892%25");
        check("plain-1_2.3", Target::Path, "plain-1_2.3");
    }

    #[test]
    fn decodes_what_is_an_escape() {
        for (input, expected) in
            [("A%20B", "A B"), ("ABC%2", "ABC%2"), ("A%FfB", "AÿB"), ("%25%32", "%2"), ("é%41", "éA")]
        {
            assert_eq!(unescape(input), expected);
        }
    }

    #[test]
    fn measures_decoded_characters() {
        assert_eq!(measure("A%2FB", Characters::Set82), Ok(3));
        assert_eq!(measure("A~", Characters::Set82), Err(Flaw::Character));
        assert_eq!(measure("A%23", Characters::Set82), Err(Flaw::Character));
        assert_eq!(measure("A%23", Characters::Set39), Ok(2));
        assert_eq!(measure("1A", Characters::Digits), Err(Flaw::NotDigits));
    }
}
