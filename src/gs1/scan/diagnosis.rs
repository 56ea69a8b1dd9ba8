//! Diagnosis: what is off with a scan, in plain words, and what to do next.

use std::error::Error;
use std::fmt;

use crate::gs1::ElementFault;
use crate::gs1::Malformed;
use crate::gs1::scan::layout::Layout;

/// Kinds of what can be off, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Symptom {
    /// Nothing was scanned.
    Empty,
    /// Longer than any code.
    TooLong,
    /// No code of GS1.
    NotGs1,
    /// Elements that name nothing.
    NoKey,
    /// A linear code, which tells the product and not the package.
    LinearCode,
    /// Two labels in one scan.
    TwoLabels,
    /// Caps Lock turned the letters round, or may have.
    CapsLock,
    /// The scanner types with another keyboard layout than the computer has.
    KeyboardLayout,
    /// The scanner does not send the separator (FNC1).
    LostSeparator,
    /// The symbol is not marked as one of GS1's.
    NotMarked,
    /// A check digit is wrong.
    CheckDigit,
    /// The end is missing.
    CutOff,
    /// A value that its field does not take.
    Value,
    /// A field that nobody knows.
    UnknownField,
    /// Digits that mean several products.
    Ambiguous,
    /// An identifier whose form is wrong.
    Malformed,
}

impl Symptom {
    /// Its name in answers, such as `caps-lock`.
    pub fn as_str(self) -> &'static str {
        match self {
            Symptom::Empty => "empty",
            Symptom::TooLong => "too-long",
            Symptom::NotGs1 => "not-gs1",
            Symptom::NoKey => "no-key",
            Symptom::LinearCode => "linear-code",
            Symptom::TwoLabels => "two-labels",
            Symptom::CapsLock => "caps-lock",
            Symptom::KeyboardLayout => "keyboard-layout",
            Symptom::LostSeparator => "lost-separator",
            Symptom::NotMarked => "not-marked",
            Symptom::CheckDigit => "check-digit",
            Symptom::CutOff => "cut-off",
            Symptom::Value => "value",
            Symptom::UnknownField => "unknown-field",
            Symptom::Ambiguous => "ambiguous",
            Symptom::Malformed => "malformed",
        }
    }
}

/// What is off with a scan: a sentence for people, and what they do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Its kind.
    pub symptom: Symptom,
    /// What is off, without a full stop.
    pub problem: String,
    /// What to do, without a full stop.
    pub next_step: &'static str,
    /// What may have been meant. A proposal for a person: nothing here is ever taken instead of what was scanned.
    pub suggestion: Option<Box<str>>,
}

impl Diagnosis {
    fn new(symptom: Symptom, problem: impl Into<String>, next_step: &'static str) -> Diagnosis {
        Diagnosis { symptom, problem: problem.into(), next_step, suggestion: None }
    }

    /// The diagnosis of fields that do not go together.
    pub(super) fn association(fault: &ElementFault) -> Diagnosis {
        Diagnosis::new(Symptom::Value, fault.to_string(), "Go on; tell the maker of the label")
    }

    /// The diagnosis of a code that names a product, not one package of it.
    pub(super) fn linear_code() -> Diagnosis {
        let problem = "This code names the product, not this one package: it has no serial number";
        Diagnosis::new(Symptom::LinearCode, problem, "Scan the square code of the package")
    }
}

/// Problem, next step, and the proposal where there is one.
impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}. {}", self.problem, self.next_step)?;
        match &self.suggestion {
            Some(suggestion) => write!(formatter, ". Did you mean {suggestion}? Check it with the label"),
            None => Ok(()),
        }
    }
}

/// What was off with a scan that could be read, and should be mended at the scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Small and capital letters came the wrong way round, and were turned.
    CapsLock,
    /// Small letters where labels have capital ones, and nothing that shows that Caps Lock is off.
    CapsLockMaybe,
    /// Typed through this keyboard layout, and translated back.
    KeyboardLayout(Layout),
    /// A separator that the scanner did not send was put back where alone it fits.
    SeparatorPutBack,
    /// A separator may be missing: the text can be read in another way as well.
    SeparatorMaybe,
    /// The symbol is not marked as GS1's, but holds elements.
    NotMarked,
    /// A field that is not needed is faulty or unknown, and was left out.
    FieldLeftOut,
    /// The same label was scanned twice.
    ScannedTwice,
}

impl Notice {
    /// It in words, with the next step.
    pub fn diagnosis(self) -> Diagnosis {
        use Symptom as S;
        let retype = "Scan the layout code in the scanner's manual that fits this computer's keyboard";
        let separator = "Turn on the separator (FNC1 or GS) in the scanner's settings, then scan again";
        match self {
            Notice::CapsLock => Diagnosis::new(
                S::CapsLock,
                "Caps Lock is on: small and capital letters came swapped and were turned back",
                "Switch Caps Lock off, then scan again",
            ),
            Notice::CapsLockMaybe => Diagnosis::new(
                S::CapsLock,
                "The serial number or lot has small letters, as it has when Caps Lock is on",
                "Check it with the label; if it differs, switch Caps Lock off and scan again",
            ),
            Notice::KeyboardLayout(layout) => Diagnosis::new(
                S::KeyboardLayout,
                format!(
                    "The scanner types as on a US keyboard, the computer reads as on a {layout} one; the text was translated back"
                ),
                retype,
            ),
            Notice::SeparatorPutBack => Diagnosis::new(
                S::LostSeparator,
                "The scanner left out the separator between two fields; it was put back where alone it fits",
                separator,
            ),
            Notice::SeparatorMaybe => Diagnosis::new(
                S::LostSeparator,
                "The scanner may have left out the separator between two fields: a serial number or lot seems to hold the next field",
                separator,
            ),
            Notice::NotMarked => Diagnosis::new(
                S::NotMarked,
                "The code is not marked as one of GS1's (FNC1 is missing in front), but could be read",
                "Go on; tell the maker of the label",
            ),
            Notice::FieldLeftOut => Diagnosis::new(
                S::UnknownField,
                "A field that is not needed here is faulty or unknown, and was left out",
                "Go on; if it stays so, tell the maker of the label",
            ),
            Notice::ScannedTwice => {
                Diagnosis::new(S::TwoLabels, "The same label was scanned twice", "Go on; it counts once")
            }
        }
    }
}

/// The sentence of its diagnosis.
impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnosis().fmt(formatter)
    }
}

/// Why a scan names nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanFault {
    /// Nothing was scanned.
    Empty,
    /// Longer than any code.
    TooLong,
    /// Its elements are faulty.
    Element(ElementFault),
    /// An identifier of known form is faulty.
    Identifier(Malformed),
    /// Elements without a key.
    NoKey,
    /// The signs of a keyboard layout that nothing could be made of.
    KeyboardLayout,
    /// A separator was lost, and the text can be read in so many ways.
    SeparatorLost(usize),
    /// Two labels, or more.
    TwoLabels,
    /// A product number that this many trade items may have.
    SeveralProducts(usize),
    /// No GS1 data.
    NotGs1(Box<str>),
    /// Digits with a wrong check digit, and digits that were perhaps meant.
    Digits(Box<str>, Option<Box<str>>),
}

impl ScanFault {
    /// It in words, with the next step.
    pub fn diagnosis(&self) -> Diagnosis {
        use Symptom as S;
        match self {
            ScanFault::Empty => Diagnosis::new(S::Empty, "Nothing was scanned", "Scan the code again"),
            ScanFault::TooLong => Diagnosis::new(
                S::TooLong,
                "The text is longer than any code holds",
                "Clear the field and scan one label",
            ),
            ScanFault::Element(fault) => of_element(fault),
            ScanFault::Identifier(malformed) => {
                let check = matches!(malformed.flaw(), crate::gs1::Flaw::CheckDigit { .. });
                let symptom = if check { S::CheckDigit } else { S::Malformed };
                Diagnosis::new(symptom, malformed.to_string(), "Scan the code again, or copy it anew")
            }
            ScanFault::NoKey => Diagnosis::new(
                S::NoKey,
                "The label names no product and no case",
                "Scan the code that begins with (01) or (00)",
            ),
            ScanFault::KeyboardLayout => Diagnosis::new(
                S::KeyboardLayout,
                "The scanner types with another keyboard layout than the computer has",
                "Scan the layout code in the scanner's manual that fits this computer's keyboard",
            ),
            ScanFault::SeparatorLost(ways) => Diagnosis::new(
                S::LostSeparator,
                format!(
                    "The scanner left out the separator between two fields, and the text can be read in {ways} ways"
                ),
                "Turn on the separator (FNC1 or GS) in the scanner's settings, then scan again",
            ),
            ScanFault::TwoLabels => Diagnosis::new(
                S::TwoLabels,
                "Two labels were read as one",
                "Clear the field, then scan one label after the other",
            ),
            ScanFault::SeveralProducts(number) => Diagnosis::new(
                S::Ambiguous,
                format!("This number may mean {number} products, as its parts are not told"),
                "Scan the square code of the package, or type the number with its hyphens",
            ),
            ScanFault::NotGs1(text) => Diagnosis::new(
                S::NotGs1,
                format!("{text:?} is no code of GS1, no EPC and no Digital Link"),
                "Scan the square code of the package",
            ),
            ScanFault::Digits(digits, meant) => Diagnosis {
                suggestion: meant.clone(),
                ..Diagnosis::new(
                    S::CheckDigit,
                    format!("{digits} has a wrong check digit: it was misread or mistyped"),
                    "Scan the square code, or check each digit with the label",
                )
            },
        }
    }
}

fn of_element(fault: &ElementFault) -> Diagnosis {
    use ElementFault as F;
    use Symptom as S;
    let (symptom, step) = match fault {
        F::Empty => (S::Empty, "Scan the code again"),
        F::TooLong => (S::TooLong, "Clear the field and scan one label"),
        F::Unknown(_) => (S::UnknownField, "Scan again; if it stays so, type what the label says"),
        F::Short(_) => (S::CutOff, "Scan again, and hold the scanner still until it beeps"),
        F::Long(..) => (
            S::LostSeparator,
            "Turn on the separator (FNC1 or GS) in the scanner's settings, then scan again",
        ),
        F::Character(_) => (S::Value, "Check the scanner's keyboard layout, then scan again"),
        F::CheckDigit(_) => (S::CheckDigit, "Scan again, or check each digit with the label"),
        F::Repeated(_) => (S::TwoLabels, "Clear the field, then scan one label after the other"),
        F::Value(..) | F::Clash(..) | F::Lacks(..) => {
            (S::Value, "Scan again; if it stays so, tell the maker of the label")
        }
        F::Link(_) => (S::Malformed, "Scan the code again, or copy the whole address"),
        F::Brackets => (S::Value, "Write it as (01)GTIN(21)serial"),
        F::Date(_) => (S::Value, "Scan again; if it stays so, tell the maker of the label"),
    };
    Diagnosis::new(symptom, fault.to_string(), step)
}

impl From<ElementFault> for ScanFault {
    fn from(fault: ElementFault) -> ScanFault {
        ScanFault::Element(fault)
    }
}

impl From<Malformed> for ScanFault {
    fn from(malformed: Malformed) -> ScanFault {
        ScanFault::Identifier(malformed)
    }
}

/// The sentence of its diagnosis.
impl fmt::Display for ScanFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnosis().fmt(formatter)
    }
}

impl Error for ScanFault {}
