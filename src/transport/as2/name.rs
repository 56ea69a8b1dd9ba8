//! AS2 names (RFC 4130, section 6.2): who sends and who receives, 1 to 128 printable characters, quoted where they hold a
//! space, a quote or a backslash. They are compared letter by letter.

/// The longest name.
const LONGEST: usize = 128;

/// The name that a header holds; `None` where it holds none.
pub(super) fn read(value: &str) -> Option<String> {
    let value = value.trim();
    let inner = |value: &str| value.strip_prefix('"')?.strip_suffix('"').and_then(unquoted);
    let name = if value.starts_with('"') { inner(value)? } else { value.to_owned() };
    // Some quote what is quoted once more.
    let name = inner(&name).filter(|name| !name.is_empty()).unwrap_or(name);
    is_name(&name).then_some(name)
}

/// True where this can be a name.
pub(super) fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// The name as a header holds it.
pub(super) fn write(name: &str) -> String {
    if name.contains([' ', '"', '\\']) {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        name.to_owned()
    }
}

fn unquoted(quoted: &str) -> Option<String> {
    let mut name = String::with_capacity(quoted.len());
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return None,
            '\\' => name.push(letters.next()?),
            letter => name.push(letter),
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<&str>) {
        assert_eq!(read(value).as_deref(), expected, "{value}");
    }

    #[test]
    fn names_are_read() {
        check("4012345000115", Some("4012345000115"));
        check("\"Acme Wholesale\"", Some("Acme Wholesale"));
        check("\"a\\\"b\\\\c\"", Some("a\"b\\c"));
        check("  x ", Some("x"));
        check("\"\\\"a b\\\"\"", Some("a b"));
        check("", None);
        check("\"\"", None);
        check("\"open", None);
        check("\"a\"b\"", None);
        check("a\u{7}b", None);
        check(&"a".repeat(129), None);
    }

    #[test]
    fn names_are_written_as_they_are_read() {
        for name in ["plain", "with space", "with \"quote\"", "back\\slash"] {
            assert_eq!(read(&write(name)).as_deref(), Some(name));
        }
        assert_eq!(write("plain"), "plain");
    }
}
