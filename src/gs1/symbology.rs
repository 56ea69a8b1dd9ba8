//! Symbology: which kind of code a scanner read, as the identifier in front of its data tells (ISO/IEC 15424).

use std::fmt;

/// The name of all others.
const UNKNOWN: &str = "another code";

/// A symbology identifier: `]`, a letter and a modifier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Symbology {
    letter: u8,
    modifier: u8,
}

impl Symbology {
    /// Parts the identifier from the data behind it.
    pub fn split(text: &str) -> (Option<Symbology>, &str) {
        match text.as_bytes() {
            [b']', letter, modifier, ..]
                if letter.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() =>
            {
                (Some(Symbology { letter: *letter, modifier: *modifier }), text.get(3..).unwrap_or_default())
            }
            _ => (None, text),
        }
    }

    /// The same with the letter in the other case, as Caps Lock makes it.
    pub(super) fn turned(self) -> Symbology {
        let flip = |byte: u8| {
            if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() }
        };
        Symbology { letter: flip(self.letter), modifier: flip(self.modifier) }
    }

    /// True where only the letter in the other case names a symbology in use.
    pub(super) fn is_turned(self) -> bool {
        matches!(self.letter, b'D' | b'c' | b'q' | b'j' | b'i' | b'a' | b'f' | b'g' | b'l' | b'u')
    }

    /// True for codes whose data are marked as elements of GS1 (FNC1 in front).
    pub fn is_gs1(self) -> bool {
        matches!(
            (self.letter, self.modifier),
            (b'd', b'2') | (b'C', b'1') | (b'Q', b'3') | (b'J', b'1') | (b'e', _)
        )
    }

    /// True for the codes of EAN and UPC, which hold a GTIN and nothing else.
    pub fn is_ean_upc(self) -> bool {
        self.letter == b'E'
    }

    /// True for the codes that labels of trade items have.
    pub(super) fn is_known(self) -> bool {
        self.name() != UNKNOWN
    }

    /// Its name, such as `GS1 DataMatrix`.
    pub fn name(self) -> &'static str {
        match (self.letter, self.modifier) {
            (b'd', b'2') => "GS1 DataMatrix",
            (b'd', _) => "Data Matrix",
            (b'C', b'1') => "GS1-128",
            (b'C', _) => "Code 128",
            (b'Q', b'3') => "GS1 QR Code",
            (b'Q', _) => "QR Code",
            (b'J', b'1') => "GS1 DotCode",
            (b'J', _) => "DotCode",
            (b'e', b'0') => "GS1 DataBar",
            (b'e', _) => "GS1 Composite",
            (b'E', b'4') => "EAN-8",
            (b'E', _) => "EAN/UPC",
            (b'I', _) => "Interleaved 2 of 5",
            (b'A', _) => "Code 39",
            (b'L', _) => "PDF417",
            (b'z', _) => "Aztec Code",
            _ => UNKNOWN,
        }
    }
}

/// The three characters, such as `]d2`.
impl fmt::Display for Symbology {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "]{}{}", char::from(self.letter), char::from(self.modifier))
    }
}

impl fmt::Debug for Symbology {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Symbology({self})")
    }
}
