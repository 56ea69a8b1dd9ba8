//! Escaping of text and attribute values, and the characters and names that XML 1.0 allows.

/// Where a text stands, which decides what must be escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Site {
    /// Between tags.
    Text,
    /// In an attribute value in double quotes.
    Attribute,
}

const PLAIN: u8 = 0;
/// Escaped in attributes alone: a reader would turn it into a space, or end the value. Every class above is special
/// everywhere.
const IN_ATTRIBUTE: u8 = 1;
/// Escaped everywhere.
const MARKUP: u8 = 2;
/// A control character that XML 1.0 has no way to write.
const ILLEGAL: u8 = 3;
/// Begins U+F000 to U+FFFF, of which the last two are illegal.
const SUSPECT: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut classes = [PLAIN; 256];
    let mut control = 0;
    while control < 0x20 {
        classes[control] = ILLEGAL;
        control += 1;
    }
    classes[b'\t' as usize] = IN_ATTRIBUTE;
    classes[b'\n' as usize] = IN_ATTRIBUTE;
    classes[b'"' as usize] = IN_ATTRIBUTE;
    classes[b'\r' as usize] = MARKUP;
    classes[b'&' as usize] = MARKUP;
    classes[b'<' as usize] = MARKUP;
    classes[b'>' as usize] = MARKUP;
    classes[0xEF] = SUSPECT;
    classes
};

/// Appends the text escaped. False where it had characters that XML 1.0 cannot hold; they are left out.
#[must_use]
pub(super) fn escape(out: &mut Vec<u8>, text: &str, site: Site) -> bool {
    let bytes = text.as_bytes();
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
        return true;
    }
    let mut whole = true;
    let mut done = 0;
    let mut at = 0;
    while let Some((found, byte)) = next_special(bytes, at, site) {
        at = found + 1;
        let replacement: &[u8] = match byte {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            b'\r' => b"&#13;",
            b'\n' => b"&#10;",
            b'\t' => b"&#9;",
            0xEF if !matches!(bytes.get(at..at + 2), Some([0xBF, 0xBE | 0xBF])) => continue,
            0xEF => {
                at += 2;
                whole = false;
                b""
            }
            _ => {
                whole = false;
                b""
            }
        };
        out.extend_from_slice(bytes.get(done..found).unwrap_or_default());
        out.extend_from_slice(replacement);
        done = at;
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    whole
}

/// True where nothing can be special at either site. It looks at every byte, which the compiler does many at a time.
fn is_plain(bytes: &[u8]) -> bool {
    !bytes.iter().fold(false, |special, &byte| {
        special | (byte < b' ') | matches!(byte, b'&' | b'<' | b'>' | b'"' | 0xEF)
    })
}

fn next_special(bytes: &[u8], from: usize, site: Site) -> Option<(usize, u8)> {
    let rest = bytes.get(from..)?;
    let harmless = if site == Site::Attribute { PLAIN } else { IN_ATTRIBUTE };
    let at = rest.iter().position(|byte| CLASSES[usize::from(*byte)] > harmless)?;
    Some((from + at, *rest.get(at)?))
}

/// True for a name without a colon (Namespaces in XML 1.0, production 4).
pub(super) fn is_ncname(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(begins_name) && chars.all(continues_name)
}

fn begins_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(c: char) -> bool {
    begins_name(c)
        || matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, site: Site, expected: &str, expected_whole: bool) {
        let mut out = Vec::new();
        let whole = escape(&mut out, text, site);
        assert_eq!((std::str::from_utf8(&out).unwrap(), whole), (expected, expected_whole), "{text:?}");
    }

    #[test]
    fn escapes_by_site() {
        check("urn:epc:id:sgtin:1.2.3", Site::Text, "urn:epc:id:sgtin:1.2.3", true);
        check("a<b&c>]]>\"\t\r\n", Site::Text, "a&lt;b&amp;c&gt;]]&gt;\"\t&#13;\n", true);
        check("a<b&c>\"\t\r\n'", Site::Attribute, "a&lt;b&amp;c&gt;&quot;&#9;&#13;&#10;'", true);
        check("", Site::Text, "", true);
    }

    #[test]
    fn leaves_out_what_xml_cannot_hold() {
        check("a\u{1}b\u{0}\u{1F}", Site::Text, "ab", false);
        check("a\u{FFFE}b\u{FFFF}", Site::Attribute, "ab", false);
        check("\u{FFFD}\u{F000}ｆ\u{7F}", Site::Text, "\u{FFFD}\u{F000}ｆ\u{7F}", true);
    }

    #[test]
    fn knows_names() {
        for name in ["a", "_a", "é", "a-b.c1", "日本"] {
            assert!(is_ncname(name), "{name}");
        }
        for name in ["", "1a", "a b", "a:b", "-a", "a/b", "\u{2028}"] {
            assert!(!is_ncname(name), "{name}");
        }
    }
}
