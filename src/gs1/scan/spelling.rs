//! The spellings of one scan: what scanners put round the data, how they write FNC1, and what that proves of the keyboard.

use crate::gs1::Symbology;
use crate::gs1::element_string::SEPARATOR;
use crate::gs1::scan::Notice;
use crate::gs1::scan::ScanFault;

/// How FNC1 is written where U+001D cannot be sent; none of these can be part of a value, but those in angle brackets, which
/// no serial number has been seen to be.
const SEPARATORS: [&str; 24] = [
    "^]", "{GS}", "<GS>", "[GS]", "{gs}", "<gs>", "[gs]", "{FNC1}", "<FNC1>", "[FNC1]", "{F8}", "<F8>",
    "[F8]", "\\x1d", "\\x1D", "\\X1D", "\\u001d", "\\u001D", "\\U001D", "&#29;", "&#x1D;", "&#x1d;",
    "\u{241d}", "|",
];

/// What stands round the data of a scan.
const AROUND: [char; 9] = [' ', '\t', '\r', '\n', '\0', '\u{feff}', '\u{2}', '\u{3}', '\u{4}'];

/// How the data of a scan are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An EPC URN or a Digital Link.
    Uri,
    /// Elements as printed for people.
    Bracketed,
    /// Elements as symbols carry them, or digits alone.
    Plain,
}

/// One scan in its one spelling.
#[derive(Debug, Clone)]
pub(super) struct Spelt {
    pub(super) symbology: Option<Symbology>,
    pub(super) form: Form,
    pub(super) data: String,
    pub(super) notices: Vec<Notice>,
    /// A sign came through that other keyboard layouts have elsewhere, so the layout is right.
    pub(super) layout_proven: bool,
    /// Letters came through as they have to be, so Caps Lock is off or was turned back.
    pub(super) case_proven: bool,
}

/// Strips what scanners put round the data, and gives every separator its one spelling.
pub(super) fn spell(text: &str) -> Result<Spelt, ScanFault> {
    let text = trimmed(text);
    let (symbology, data) = Symbology::split(text);
    if data.is_empty() {
        return Err(ScanFault::Empty);
    }
    let mut spelt = Spelt {
        symbology,
        form: form(data),
        data: data.to_owned(),
        notices: Vec::new(),
        layout_proven: symbology.is_some(),
        case_proven: symbology.is_some(),
    };
    if symbology.is_some_and(|symbology| is_turned(symbology, data)) || is_turned_urn(data) {
        spelt.notices.push(Notice::CapsLock);
        spelt.symbology = symbology.map(Symbology::turned);
        spelt.data = data.chars().map(turned).collect();
        spelt.case_proven = true;
        spelt.form = form(&spelt.data);
    }
    match spelt.form {
        Form::Plain => separate(&mut spelt),
        Form::Bracketed => {}
        Form::Uri => {
            spelt.layout_proven = true;
            spelt.case_proven |= spelt.data.starts_with(|first: char| first.is_ascii_lowercase());
        }
    }
    Ok(spelt)
}

/// The text without what scanners put round it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(AROUND)
}

/// The letter in the other case.
pub(super) fn turned(letter: char) -> char {
    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
}

fn form(data: &str) -> Form {
    let begins = |scheme: &str| data.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
    if begins("urn:") || begins("http://") || begins("https://") {
        Form::Uri
    } else if data.starts_with('(') {
        Form::Bracketed
    } else {
        Form::Plain
    }
}

/// True where the identifier is one of another case; `]E0` is EAN, but `]e0` turned where what follows is no EAN.
fn is_turned(symbology: Symbology, data: &str) -> bool {
    let is_element = || data.len() > 18 || data.bytes().any(|byte| !byte.is_ascii_digit());
    symbology.is_turned() || (symbology.to_string() == "]E0" && !data.contains("|]") && is_element())
}

fn is_turned_urn(data: &str) -> bool {
    data.starts_with("URN:EPC:")
}

fn separate(spelt: &mut Spelt) {
    if spelt.data.contains(SEPARATOR) {
        spelt.layout_proven = true;
    }
    for spelling in SEPARATORS {
        if spelt.data.contains(spelling) {
            spelt.data = spelt.data.replace(spelling, "\u{1d}");
            spelt.layout_proven = true;
        }
    }
    // The caret alone is how examples show FNC1, and a bracket alone is what is left of Control and it; no key takes either.
    spelt.data = spelt.data.replace(['^', ']'], "\u{1d}");
}
