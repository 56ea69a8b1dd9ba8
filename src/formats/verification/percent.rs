//! Percent-encoding of path segments and query values: everything but RFC 3986 unreserved characters, once, and back.

use std::borrow::Cow;

/// Appends a text so that it is one path segment or one query value.
pub(super) fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(digit(byte >> 4));
            out.push(digit(byte & 15));
        }
    }
}

/// Decodes once; a `+` stands for itself. `None` where an escape is broken or the bytes are not UTF-8.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.as_bytes().contains(&b'%') {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => value(bytes.next()?)? * 16 + value(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase()
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(decode(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn decodes_once_and_strictly() {
        check("A+B", Some("A+B"));
        check("A%2fB%2B", Some("A/B+"));
        check("%252F", Some("%2F"));
        check("%C3%A9", Some("é"));
        check("%E9", None);
        check("%2", None);
        check("%%20", None);
        check("100%", None);
    }
}
