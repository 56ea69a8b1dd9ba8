//! Layout: keyboard layouts of computers that read a scanner which types as on a US keyboard.

use std::fmt;

/// A keyboard layout of a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// AZERTY, as in France.
    French,
    /// AZERTY, as in Belgium.
    Belgian,
    /// QWERTZ, as in Germany and Austria.
    German,
}

/// Keys that a US keyboard has, row by row, without shift and with it.
const US: &str =
    "1234567890-=qwertyuiop[]asdfghjkl;'\\zxcvbnm,./!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"|ZXCVBNM<>?";

/// What the same keys give on others, in the same order.
const FRENCH: &str =
    "&é\"'(-è_çà)=azertyuiop^$qsdfghjklmù*wxcvbn,;:!1234567890°+AZERTYUIOP¨£QSDFGHJKLM%µWXCVBN?./§";
const BELGIAN: &str =
    "&é\"'(§è!çà)-azertyuiop^$qsdfghjklmùµwxcvbn,;:=1234567890°_AZERTYUIOP¨*QSDFGHJKLM%£WXCVBN?./+";
const GERMAN: &str =
    "1234567890ß´qwertzuiopü+asdfghjklöä#yxcvbnm,.-!\"§$%&/()=?`QWERTZUIOPÜ*ASDFGHJKLÖÄ'YXCVBNM;:_";

impl Layout {
    pub(super) const ALL: [Layout; 3] = [Layout::French, Layout::Belgian, Layout::German];

    /// The text as the scanner typed it; `None` where a character has no key in this layout.
    pub(super) fn translated(self, text: &str) -> Option<String> {
        text.chars()
            .map(|letter| match letter {
                ' ' | '\t' | '\r' | '\n' | '\u{1d}' => Some(letter),
                _ => self.keys().chars().zip(US.chars()).find(|(own, _)| *own == letter).map(|(_, us)| us),
            })
            .collect()
    }

    fn keys(self) -> &'static str {
        match self {
            Layout::French => FRENCH,
            Layout::Belgian => BELGIAN,
            Layout::German => GERMAN,
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Layout::French => "French",
            Layout::Belgian => "Belgian",
            Layout::German => "German",
        })
    }
}

/// True where most of a text is what French and Belgian keyboards have where others have digits, and none of it a digit.
pub(super) fn is_shifted(text: &str) -> bool {
    let shifted = text.chars().filter(|letter| "&é\"'(-è_çà§!".contains(*letter)).count();
    shifted * 2 > text.chars().count() && !text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_like() {
        for layout in Layout::ALL {
            assert_eq!(layout.keys().chars().count(), US.chars().count(), "{layout}");
            assert_eq!(layout.translated(layout.keys()).as_deref(), Some(US), "{layout}");
        }
        assert_eq!(Layout::German.translated("+d2 AZ-ß").as_deref(), Some("]d2 AY/-"));
        assert_eq!(Layout::French.translated("$déà&QZ").as_deref(), Some("]d201AW"));
        assert_eq!(Layout::French.translated("ñ"), None);
    }
}
