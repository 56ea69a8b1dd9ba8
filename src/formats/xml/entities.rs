//! References in XML text: the five predefined entities and characters by number; no document can define more.

use std::borrow::Cow;

/// The character that a reference stands for, given what is between `&` and `;`; `None` where there is none.
pub fn resolve(reference: &str) -> Option<char> {
    match reference {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let number = reference.strip_prefix('#')?;
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    if digits.starts_with('+') {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, radix).ok()?).filter(|c| is_char(*c))
}

/// True for a character that XML 1.0 allows (production Char).
pub fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// An attribute's value with references resolved and white space made blanks; the reference that has no meaning
/// otherwise.
pub fn attribute_value(raw: &str) -> Result<Cow<'_, str>, &str> {
    if !raw.bytes().any(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        let (before, behind) = rest.split_at(at);
        value.push_str(before);
        if let Some(reference) = behind.strip_prefix('&') {
            let (name, after) = reference.split_once(';').ok_or(reference)?;
            value.push(resolve(name).ok_or(name)?);
            rest = after;
        } else {
            value.push(' ');
            rest = behind.strip_prefix("\r\n").or(behind.get(1..)).unwrap_or_default();
        }
    }
    value.push_str(rest);
    Ok(Cow::Owned(value))
}

/// Appends text with line ends made `\n` (XML 1.0 §2.11).
pub fn push_text(text: &mut String, piece: &str) {
    let mut rest = piece;
    while let Some(at) = memchr::memchr(b'\r', rest.as_bytes()) {
        let (before, behind) = rest.split_at(at);
        text.push_str(before);
        text.push('\n');
        rest = behind.strip_prefix("\r\n").or(behind.get(1..)).unwrap_or_default();
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: Result<&str, &str>) {
        assert_eq!(attribute_value(raw).map(Cow::into_owned), expected.map(str::to_owned));
    }

    #[test]
    fn resolves_references() {
        check("plain", Ok("plain"));
        check("a&amp;b&#x41;&#66;&lt;", Ok("a&bAB<"));
        check("a\r\nb\tc", Ok("a b c"));
        check("&xxe;", Err("xxe"));
        check("&#0;", Err("#0"));
        check("&#xD800;", Err("#xD800"));
        check("&#+65;", Err("#+65"));
        check("a & b", Err(" b"));
    }

    #[test]
    fn makes_line_ends_one() {
        let mut text = String::from("x");
        push_text(&mut text, "a\r\nb\rc\nd\r");
        assert_eq!(text, "xa\nb\nc\nd\n");
    }
}
