//! Splitting of short texts at an ASCII character, faster there than the searches of the standard library.

/// Splits at the first of a character; the character must be ASCII.
pub(super) fn once(text: &str, at: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().position(|byte| byte == at)?)
}

/// Splits at the last of a character; the character must be ASCII.
pub(super) fn last(text: &str, at: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().rposition(|byte| byte == at)?)
}

fn around(text: &str, place: usize) -> Option<(&str, &str)> {
    Some((text.get(..place)?, text.get(place + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_the_standard_library_does() {
        for text in ["", ".", "a.b.c", "é.ü", "none", ".a", "a."] {
            assert_eq!(once(text, b'.'), text.split_once('.'), "{text}");
            assert_eq!(last(text, b'.'), text.rsplit_once('.'), "{text}");
        }
    }
}
