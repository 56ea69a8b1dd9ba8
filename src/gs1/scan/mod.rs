//! Scan: what a barcode scanner, a camera or a person gives, in any of its spellings, as the thing it names.

mod date;
mod diagnosis;
mod labels;
mod layout;
mod reading;
mod separators;
mod spelling;

use crate::gs1::ElementString;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::gs1::Sscc;
use crate::gs1::Symbology;
use crate::gs1::digital_link;
use crate::gs1::digital_link::CANONICAL_HOST;
use crate::gs1::percent;
use crate::gs1::percent::Target;
use crate::gs1::scan::spelling::Form;
use crate::gs1::scan::spelling::Spelt;

pub use self::date::ScannedDate;
pub use self::diagnosis::Diagnosis;
pub use self::diagnosis::Notice;
pub use self::diagnosis::ScanFault;
pub use self::diagnosis::Symptom;
pub use self::layout::Layout;

/// Bytes of a text beyond which nothing is looked at: more than any code holds, and than several scans in a row.
const MOST_BYTES: usize = 4 << 10;

/// Keys by which elements name something, the finest first, each with the qualifiers that make it finer.
const KEYS: [(&str, &[&str]); 14] = [
    ("00", &[]),
    ("01", &["21", "235"]),
    ("8006", &["21"]),
    ("8003", &[]),
    ("8004", &[]),
    ("253", &[]),
    ("255", &[]),
    ("8010", &["8011"]),
    ("8018", &[]),
    ("8017", &[]),
    ("402", &[]),
    ("401", &[]),
    ("414", &["254"]),
    ("417", &[]),
];

/// How a scan came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// As a symbol carries it, or copied as an EPC or Digital Link: nobody types that.
    Scanned,
    /// In the form printed for people, brackets or digits alone, so that it may have been typed.
    Typed,
    /// Changed by us before it could be read.
    Mended,
}

impl Origin {
    /// `scanned`, `typed` or `mended`.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Scanned => "scanned",
            Origin::Typed => "typed",
            Origin::Mended => "mended",
        }
    }
}

/// What was scanned: the identifier of an item, a case, a logistic unit or a trade item, and what its label adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    epc: Epc,
    elements: ElementString,
    /// The trade item.
    pub gtin: Option<Gtin>,
    /// The serial number of the item, decoded.
    pub serial: Option<Box<str>>,
    /// The lot as printed, decoded.
    pub lot: Option<Box<str>>,
    /// The expiry date as scanned.
    pub expiry: Option<ScannedDate>,
    /// The logistic unit.
    pub sscc: Option<Sscc>,
    /// What the scanner did wrong, and whether we mended it.
    pub notices: Vec<Notice>,
    /// How it came to us.
    pub origin: Origin,
    /// The kind of code, where the scanner tells it.
    pub symbology: Option<Symbology>,
    unproven: bool,
}

impl Scan {
    /// Reads an element string with or without symbology identifier and with FNC1 in any usual spelling, the bracketed
    /// text for people, a Digital Link, an EPC URN, a bare GTIN (8, 12, 13 or 14 digits) or SSCC.
    ///
    /// Text of a wrong keyboard layout or with Caps Lock is turned back, and a lost separator put back where the text can be
    /// read in that one way alone; `notices` and [`origin`](Self::origin) say so.
    pub fn parse(text: &str) -> Result<Scan, ScanFault> {
        let mut labels = Scan::parse_each(text);
        match (labels.pop(), labels.iter().position(Result::is_err)) {
            (Some(only), _) if labels.is_empty() => only,
            (Some(Err(fault)), None) => Err(fault),
            (Some(_), Some(first)) => labels.swap_remove(first),
            (Some(Ok(_)), None) => Err(ScanFault::TwoLabels),
            (None, _) => Err(ScanFault::Empty),
        }
    }

    /// Reads each label of a text that may hold several, one behind the other with or without an end of line.
    pub fn parse_all(text: &str) -> Vec<Result<Scan, ScanFault>> {
        if text.len() > MOST_BYTES {
            return vec![Err(ScanFault::TooLong)];
        }
        match labels::labels(text).as_deref() {
            None => vec![Err(ScanFault::TooLong)],
            Some([]) => vec![Err(ScanFault::Empty)],
            Some(labels) => labels.iter().map(|label| reading::one(label)).collect(),
        }
    }

    /// Every other way to read a scan: separators put back between the fields of a product identifier, letters turned where
    /// Caps Lock may be on, and translated where the keyboard may be another. Only knowledge of lots and serial numbers tells
    /// which is right: never take one where there are several (see [`consistent`](Self::consistent)).
    pub fn mended(text: &str) -> Vec<Scan> {
        if text.len() > MOST_BYTES {
            return Vec::new();
        }
        let Ok(spelt) = spelling::spell(text) else { return Vec::new() };
        let plain = reading::read(&spelt).ok();
        let mut found = reading::put_back(&spelt);
        found.extend(reading::turned(&spelt));
        found.extend(reading::retyped(&spelt));
        found.retain(|scan| plain.as_ref().is_none_or(|plain| plain.elements != scan.elements));
        found
    }

    /// Reads a scan of which the caller knows something: where the plain reading does not fit, the one other reading that
    /// fits is taken, and marked as mended; never one of several, and the plain reading where none fits.
    pub fn consistent<E>(
        text: &str,
        mut fits: impl FnMut(&Scan) -> Result<bool, E>,
    ) -> Result<Result<Scan, ScanFault>, E> {
        let plain = Scan::parse(text);
        if let Ok(scan) = &plain
            && fits(scan)?
        {
            return Ok(plain);
        }
        let mut fitting = Vec::new();
        for scan in Scan::mended(text) {
            if fits(&scan)? {
                fitting.push(scan);
            }
        }
        Ok(match (fitting.pop(), fitting.is_empty()) {
            (Some(scan), true) => Ok(scan),
            _ => plain,
        })
    }

    /// Each label of a text that may hold several; the same label again counts once, and is noticed.
    pub fn parse_each(text: &str) -> Vec<Result<Scan, ScanFault>> {
        let labels = Scan::parse_all(text);
        match labels.as_slice() {
            [Ok(first), others @ ..] if !others.is_empty() => {
                let same = |label: &Result<Scan, ScanFault>| {
                    label.as_ref().is_ok_and(|scan| scan.elements == first.elements)
                };
                match others.iter().all(same) {
                    true => vec![Ok(first.clone().noticed(Notice::ScannedTwice))],
                    false => labels,
                }
            }
            _ => labels,
        }
    }

    /// The trade item alone, as a person gives it in another way than by its label.
    pub fn of_gtin(gtin: Gtin) -> Scan {
        Scan::of_epc(Epc::parse(&format!("{CANONICAL_HOST}/01/{gtin}")), Origin::Typed)
    }

    /// The identifier: of the item or logistic unit, or of the trade item where nothing finer was scanned.
    pub fn epc(&self) -> &Epc {
        &self.epc
    }

    /// All fields with their application identifiers.
    pub fn elements(&self) -> &ElementString {
        &self.elements
    }

    /// True where what does not match may be the fault of the scan: it was typed or mended, or nothing shows that keyboard,
    /// Caps Lock and separators are right for the letters it has.
    pub fn is_doubtful(&self) -> bool {
        self.origin != Origin::Scanned || self.unproven
    }

    /// What is off with it, the notices and that it names a product only; empty where all is well.
    pub fn diagnoses(&self) -> Vec<Diagnosis> {
        let mut found: Vec<Diagnosis> = self.notices.iter().map(|notice| notice.diagnosis()).collect();
        if self.gtin.is_some() && self.serial.is_none() && self.sscc.is_none() {
            found.push(Diagnosis::linear_code());
        }
        found.extend(self.elements.association_fault().as_ref().map(Diagnosis::association));
        found
    }

    fn of_epc(epc: Epc, origin: Origin) -> Scan {
        let link = epc.to_digital_link().unwrap_or_default();
        let elements = digital_link::elements(&link).unwrap_or_default();
        Scan {
            gtin: epc.gtin(),
            serial: epc.serial().map(Into::into),
            lot: epc.lot().map(Into::into),
            expiry: None,
            sscc: epc.sscc(),
            notices: Vec::new(),
            elements: ElementString::of_known(&elements),
            epc,
            origin,
            symbology: None,
            unproven: false,
        }
    }

    fn of_elements(elements: ElementString, origin: Origin) -> Result<Scan, ScanFault> {
        let mut link = String::from(CANONICAL_HOST);
        let part = |link: &mut String, identifier: &str| {
            let value = elements.value(identifier);
            if let Some(value) = value {
                link.push_str(&format!("/{identifier}/"));
                percent::encode(value, Target::Path, link);
            }
            value.is_some()
        };
        // A label may name its trade item beside its logistic unit; the unit is what was scanned.
        let key = KEYS.iter().find(|(key, _)| part(&mut link, key)).ok_or(ScanFault::NoKey)?;
        let _ = key.1.iter().any(|qualifier| part(&mut link, qualifier));
        let (epc, fault) = Epc::judge(&link);
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        let lot = elements.value("10").map(Into::into);
        let expiry = elements.value("17").or_else(|| elements.value("7003")?.get(..6));
        let expiry = expiry.and_then(ScannedDate::new);
        Ok(Scan { lot, expiry, elements, ..Scan::of_epc(epc, origin) })
    }

    fn of_link(uri: &str) -> Result<Scan, ScanFault> {
        let (epc, fault) = Epc::judge(uri);
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        if epc.scheme().is_none() {
            return Err(reading::not_gs1(uri));
        }
        let mut scan = Scan::of_epc(epc, Origin::Scanned);
        if !scan.epc.as_str().starts_with("urn:") {
            let stated = digital_link::elements(uri).unwrap_or_default();
            let strict = ElementString::parse_link(uri);
            if strict.is_err() {
                scan.unproven = true;
                scan.notices.push(Notice::FieldLeftOut);
            }
            scan.elements = strict.unwrap_or_else(|_| ElementString::of_known(&stated));
        }
        scan.lot = scan.elements.value("10").map(Into::into);
        scan.expiry = scan.elements.value("17").and_then(ScannedDate::new);
        Ok(scan)
    }

    fn noticed(mut self, notice: Notice) -> Scan {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
        self
    }

    /// The four parts by which US law identifies a package.
    fn is_complete(&self) -> bool {
        self.gtin.is_some() && self.serial.is_some() && self.lot.is_some() && self.expiry.is_some()
    }

    /// Adds what the spelling tells of how it came to us.
    fn spelt(mut self, spelt: &Spelt) -> Scan {
        self.symbology = spelt.symbology;
        self.notices.extend(&spelt.notices);
        if spelt.notices.contains(&Notice::CapsLock) {
            self.origin = Origin::Mended;
        }
        if spelt.symbology.is_some_and(|symbology| !symbology.is_gs1() && !symbology.is_ean_upc())
            && spelt.form == Form::Plain
            && self.elements.elements().nth(1).is_some()
        {
            self.notices.push(Notice::NotMarked);
        }
        let texts = || self.serial.iter().chain(&self.lot);
        let small = texts().any(|text| text.bytes().any(|byte| byte.is_ascii_lowercase()));
        // Keys that have other places on a German keyboard; a French one moves the digits, which cannot be overlooked.
        let moved = texts().any(|text| text.bytes().any(|byte| b"yzYZ-_/?=+:;*()&<>\"'".contains(&byte)));
        self.unproven |= moved && !spelt.layout_proven;
        if small && !spelt.case_proven {
            self.notices.push(Notice::CapsLockMaybe);
            self.unproven = true;
        }
        self
    }
}

#[cfg(test)]
mod tests;
