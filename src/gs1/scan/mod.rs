//! Scan: what a barcode scanner, a camera or a person gives, in any of its spellings, as the thing it names.

mod date;
mod diagnosis;
mod labels;
mod layout;
mod separators;
mod spelling;

use crate::gs1::ElementFault;
use crate::gs1::ElementString;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::gs1::Sscc;
use crate::gs1::Symbology;
use crate::gs1::digital_link;
use crate::gs1::digital_link::CANONICAL_HOST;
use crate::gs1::element_string::SEPARATOR;
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
            Some(labels) => labels.iter().map(|label| one(label)).collect(),
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
        let plain = read(&spelt).ok();
        let mut found = put_back(&spelt);
        found.extend(turned(&spelt));
        found.extend(retyped(&spelt));
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
            return Err(not_gs1(uri));
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

/// Reads one label, through another keyboard layout where that alone makes sense of it.
fn one(text: &str) -> Result<Scan, ScanFault> {
    let fault = match attempt(text) {
        Ok(scan) => return Ok(scan),
        Err(fault) => fault,
    };
    let mut found: Option<Scan> = None;
    for layout in Layout::ALL {
        let Some(scan) = layout.translated(text).and_then(|text| attempt(&text).ok()) else { continue };
        if scan.gtin.is_none() && scan.sscc.is_none() {
            continue;
        }
        if found.as_ref().is_some_and(|found| found.elements != scan.elements) {
            return Err(ScanFault::KeyboardLayout);
        }
        found.get_or_insert(Scan { origin: Origin::Mended, ..scan }.noticed(Notice::KeyboardLayout(layout)));
    }
    let shifted = layout::is_shifted(text);
    found.ok_or(if shifted { ScanFault::KeyboardLayout } else { fault })
}

/// Reads one label as it stands, with separators put back where that is possible in one way alone.
fn attempt(text: &str) -> Result<Scan, ScanFault> {
    let spelt = spelling::spell(text)?;
    match read(&spelt) {
        Ok(scan) if !scan.is_complete() && put_back(&spelt).iter().any(Scan::is_complete) => {
            Ok(Scan { unproven: true, ..scan.noticed(Notice::SeparatorMaybe) })
        }
        Ok(scan) => Ok(scan),
        Err(fault) => {
            let mut ways = put_back(&spelt);
            match (ways.pop(), ways.len()) {
                (None, _) => tolerated(&spelt).ok_or(fault),
                (Some(way), 0) => Ok(way),
                (Some(_), others) => Err(ScanFault::SeparatorLost(others + 1)),
            }
        }
    }
}

/// Reads a label of which only what is not needed is faulty.
fn tolerated(spelt: &Spelt) -> Option<Scan> {
    let plain = (spelt.form == Form::Plain).then_some(&spelt.data)?;
    let (elements, _) = ElementString::parse_tolerantly(plain).ok()?;
    let scan = Scan::of_elements(elements, Origin::Scanned).ok()?.spelt(spelt).noticed(Notice::FieldLeftOut);
    Some(Scan { unproven: true, ..scan })
}

/// Reads a label as it is spelt.
fn read(spelt: &Spelt) -> Result<Scan, ScanFault> {
    let data = spelt.data.as_str();
    let scan = match spelt.form {
        Form::Uri => Scan::of_link(data),
        Form::Bracketed => Scan::of_elements(ElementString::parse_bracketed(data)?, Origin::Typed),
        Form::Plain => read_plain(data, spelt.symbology),
    }?;
    Ok(scan.spelt(spelt))
}

fn read_plain(data: &str, symbology: Option<Symbology>) -> Result<Scan, ScanFault> {
    // The linear part of a composite code; the other part adds nothing that we use.
    let linear = data.split_once(SEPARATOR).map_or(data, |(linear, _)| linear);
    let data = if symbology.is_some_and(Symbology::is_ean_upc) { linear } else { data };
    let origin = if symbology.is_some() { Origin::Scanned } else { Origin::Typed };
    if data.bytes().all(|byte| byte.is_ascii_digit())
        && let Some(bare) = bare(data, origin)
    {
        return bare;
    }
    match ElementString::parse(data) {
        Ok(elements) => Scan::of_elements(elements, Origin::Scanned),
        Err(ElementFault::Unknown(_)) if !data.starts_with(|first: char| first.is_ascii_digit()) => {
            let meant = digits_meant(data);
            meant.map_or_else(|| Err(not_gs1(data)), |meant| Err(ScanFault::Digits(data.into(), Some(meant))))
        }
        Err(fault) => {
            let meant = digits_meant(data);
            meant.map_or_else(|| Err(fault.into()), |meant| Err(ScanFault::Digits(data.into(), Some(meant))))
        }
    }
}

/// Reads digits alone as a GTIN or SSCC; `None` where they may as well be elements.
fn bare(digits: &str, origin: Origin) -> Option<Result<Scan, ScanFault>> {
    let path = match digits.len() {
        8 | 12 | 13 | 14 => Gtin::parse(digits).map(|gtin| format!("/01/{gtin}")),
        18 => Sscc::parse(digits).map(|sscc| format!("/00/{sscc}")),
        _ => return None,
    };
    match path {
        Ok(path) => Some(Ok(Scan::of_epc(Epc::parse(&format!("{CANONICAL_HOST}{path}")), origin))),
        Err(_) if ElementString::parse(digits).is_ok() => None,
        Err(_) => Some(Err(ScanFault::Digits(digits.into(), None))),
    }
}

/// The GTIN or SSCC that a typed text has where its letters are taken for the digits they look like.
fn digits_meant(text: &str) -> Option<Box<str>> {
    let digit = |letter: char| match letter {
        'O' | 'o' | 'Q' => '0',
        'I' | 'l' | 'i' => '1',
        'Z' | 'z' => '2',
        'S' | 's' => '5',
        'B' => '8',
        other => other,
    };
    let changed: String = text.chars().take(20).map(digit).collect();
    let named = Gtin::parse(&changed).is_ok() || Sscc::parse(&changed).is_ok();
    (named && changed != text).then(|| changed.into())
}

/// The ways to put lost separators back.
fn put_back(spelt: &Spelt) -> Vec<Scan> {
    if spelt.form != Form::Plain {
        return Vec::new();
    }
    let mut found = Vec::new();
    for divided in separators::divisions(&spelt.data) {
        let Ok(scan) = read(&Spelt { data: divided, ..spelt.clone() }) else { continue };
        if scan.serial.is_some() {
            found.push(Scan { origin: Origin::Mended, ..scan.noticed(Notice::SeparatorPutBack) });
        }
    }
    found
}

/// The reading with small and capital letters swapped, where Caps Lock may be on, or was taken to be.
fn turned(spelt: &Spelt) -> Option<Scan> {
    let was = spelt.notices.contains(&Notice::CapsLock);
    if spelt.form == Form::Uri || (spelt.case_proven && !was) {
        return None;
    }
    let data = spelt.data.chars().map(spelling::turned).collect();
    let turned = Spelt { data, case_proven: true, ..spelt.clone() };
    let scan = read(&turned).ok().filter(|scan| scan.serial.is_some())?;
    Some(Scan { origin: Origin::Mended, ..scan.noticed(Notice::CapsLock) })
}

/// The reading of what a German keyboard would have made of it, where nothing shows that the layout is right.
fn retyped(spelt: &Spelt) -> Option<Scan> {
    if spelt.form != Form::Plain || spelt.layout_proven {
        return None;
    }
    let data = Layout::German.translated(&spelt.data)?;
    let scan = read(&Spelt { data, ..spelt.clone() }).ok().filter(|scan| scan.serial.is_some())?;
    Some(Scan { origin: Origin::Mended, ..scan.noticed(Notice::KeyboardLayout(Layout::German)) })
}

fn not_gs1(text: &str) -> ScanFault {
    ScanFault::NotGs1(text.chars().take(60).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "/01/00300010123455/21/A1";

    fn check(text: &str, key: &str, lot: Option<&str>, expiry: Option<&str>) {
        let scan = Scan::parse(text).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
        let found = (scan.epc().key(), scan.lot.as_deref(), scan.expiry.as_ref().map(ScannedDate::as_str));
        assert_eq!(found, (key.to_owned(), lot, expiry), "{text:?}");
    }

    #[test]
    fn every_spelling_names_the_same_item() {
        for text in [
            "010030001012345521A1\u{1d}17271200\u{1d}10L1",
            "]d2010030001012345521A1\u{1d}1727120010L1\r\n",
            "]d2\u{1d}010030001012345521A1^]1727120010L1",
            "010030001012345521A1{GS}1727120010L1",
            "010030001012345521A1<GS>1727120010L1",
            "010030001012345521A1|1727120010L1|",
            "010030001012345521A1\u{241d}1727120010L1",
            "]C1010030001012345510L1\\x1d1727120021A1",
            "]D2010030001012345521a1\u{1d}1727120010l1",
            "(01)00300010123455(21)A1(17)271200(10)L1",
            "https://id.gs1.org/01/00300010123455/10/L1/21/A1?17=271200",
            "HTTPS://example.com/gtin/00300010123455/lot/L1/ser/A1?exp=271200",
            "01003000101234557150300010123\u{1d}21A1\u{1d}1727120010L1",
        ] {
            check(text, KEY, Some("L1"), Some("271200"));
        }
        check("urn:epc:id:sgtin:030001.0012345.A1", KEY, None, None);
        check("21A/%1\u{1d}0100300010123455", "/01/00300010123455/21/A%2F%251", None, None);
    }

    #[test]
    fn units_and_trade_items_are_read() {
        check("00006141411234567890", "/00/006141411234567890", None, None);
        check("]C100006141411234567890", "/00/006141411234567890", None, None);
        check("006141411234567890", "/00/006141411234567890", None, None);
        check("(00)006141411234567890(02)00300010123455(37)12", "/00/006141411234567890", None, None);
        check("300010123455", "/01/00300010123455", None, None);
        check("00300010123455", "/01/00300010123455", None, None);
        check("]E00300010123455", "/01/00300010123455", None, None);
        check("urn:epc:id:sscc:0614141.0123456789", "/00/006141411234567890", None, None);
    }

    #[test]
    fn faults_say_what_to_do() {
        let told = |text: &str| Scan::parse(text).unwrap_err().to_string();
        assert_eq!(Scan::parse("]d2\r"), Err(ScanFault::Empty));
        assert!(told("010030001012345521ABCDEFGHIJ1727123110LOT1").contains("separator"));
        assert!(told("]d20100300010123456").contains("check digit"));
        assert!(told("10L1").contains("(01)"));
        assert!(told("à&àà(àààéà&é\"'((").contains("layout"));
        assert!(told("hello world").contains("square code"));
        assert!(told("300010123456").contains("check digit"));
        assert!(told("https://example.com/hello").contains("square code"));
        assert!(told("urn:epc:id:sgtin:0614141.1.2").contains("sgtin"));
        assert!(told("01003000101234550100300010123462").contains("Two labels"));
    }

    #[test]
    fn mends_are_told() {
        let notices = |text: &str| Scan::parse(text).unwrap().notices;
        assert_eq!(notices("]D2010030001012345521a1"), [Notice::CapsLock]);
        assert_eq!(notices("]d1010030001012345521A1"), [Notice::NotMarked]);
        assert_eq!(notices("]d2010030001012345521A1"), []);
    }

    #[test]
    fn lost_separators_are_put_back_in_every_way() {
        let keys = |text: &str| -> Vec<(String, Option<String>)> {
            let read = |scan: Scan| (scan.epc().key(), scan.lot.map(String::from));
            let put_back = |scan: &Scan| scan.notices.contains(&Notice::SeparatorPutBack);
            Scan::mended(text).into_iter().filter(put_back).map(read).collect()
        };
        let long = "/01/00300010123455/21/A117271231";
        let lot = Some("L1".to_owned());
        assert_eq!(
            keys("010030001012345521A11727123110L1"),
            [(KEY.to_owned(), lot.clone()), (long.to_owned(), lot)]
        );
        let several = keys("01003000101234551727123121A110B10C");
        assert_eq!(several.len(), 2, "{several:?}");
        assert_eq!(keys("010030001012345521A1"), []);
        assert_eq!(keys("https://id.gs1.org/01/00300010123455/21/A1"), []);
    }

    /// The key, what was noticed, how it came, and whether it is doubtful.
    fn told(text: &str) -> (String, Vec<Notice>, Origin, bool) {
        let scan = Scan::parse(text).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
        (scan.epc().key(), scan.notices.clone(), scan.origin, scan.is_doubtful())
    }

    /// What a computer with this layout reads of a scanner that types as on a US keyboard.
    fn typed(layout: Layout, text: &str) -> String {
        let keys = "&é\"'(-è_çà)=azertyuiop^$qsdfghjklmù*wxcvbn,;:!1234567890°+AZERTYUIOP¨£QSDFGHJKLM%µWXCVBN?./§ß´ü+#öäÜÖÄ`";
        let pressed = |letter: char| {
            let found =
                keys.chars().find(|key| layout.translated(&key.to_string()) == Some(letter.to_string()));
            found.unwrap_or_else(|| panic!("{layout} has no key for {letter}"))
        };
        text.chars().map(pressed).collect()
    }

    #[test]
    fn what_came_whole_from_a_scanner_is_not_doubtful() {
        for text in [
            "]d201003000101234552lAz-1\u{1d}1727123110L1".replace("52l", "521"),
            "010030001012345521AZ-1\u{1d}1727123110L1".to_owned(),
            "010030001012345521A1{GS}1727123110L1".to_owned(),
            "0100300010123455172712311021A".to_owned(),
            "https://id.gs1.org/01/00300010123455/10/L1/21/Az?17=271200".to_owned(),
            "urn:epc:id:sgtin:030001.0012345.a1".to_owned(),
        ] {
            let (_, notices, origin, doubtful) = told(&text);
            assert_eq!((notices, origin, doubtful), (vec![], Origin::Scanned, false), "{text}");
        }
        assert_eq!(told("(01)00300010123455(21)A1").2, Origin::Typed);
        assert_eq!(told("00300010123455").2, Origin::Typed);
        assert_eq!(told("]E00300010123455").2, Origin::Scanned);
    }

    #[test]
    fn traps_are_mended_in_the_open_or_doubted() {
        let (mended, scanned) = (Origin::Mended, Origin::Scanned);
        let key = |serial: &str| format!("/01/00300010123455/21/{serial}");
        let whole = "]d2010030001012345521AY-1^]1727123110L1";
        let german = Notice::KeyboardLayout(Layout::German);
        for (text, serial, notices, origin) in [
            ("]D2010030001012345521aB1\u{1d}1727123110l1", "Ab1", vec![Notice::CapsLock], mended),
            ("]E0010030001012345521a1{gs}1727123110l1", "A1", vec![Notice::CapsLock], mended),
            ("010030001012345521a1\u{1d}1727123110L1", "a1", vec![Notice::CapsLockMaybe], scanned),
            ("010030001012345521AY11727123110L1", "AY11727123110L1", vec![Notice::SeparatorMaybe], scanned),
            ("01003000101234551727123110L1Y21A", "", vec![Notice::SeparatorMaybe], scanned),
            ("0100300010123455172712311021AZ", "", vec![], scanned),
            (&typed(Layout::German, whole), "AY-1", vec![german], mended),
            (&typed(Layout::French, whole), "AY-1", vec![Notice::KeyboardLayout(Layout::French)], mended),
            (
                &typed(Layout::Belgian, &whole.replace("1727", "1728")),
                "AY-1",
                vec![Notice::KeyboardLayout(Layout::Belgian)],
                mended,
            ),
        ] {
            let expected = if serial.is_empty() { "/01/00300010123455".to_owned() } else { key(serial) };
            assert_eq!(told(text), (expected, notices, origin, true), "{text}");
        }
        let reading = Scan::parse("https://id.gs1.org/01/00300010123455").unwrap();
        assert_eq!(reading.diagnoses()[0].symptom, Symptom::LinearCode);
        let two = Scan::parse("010030001012345521A1\r\n010030001012345521A2");
        assert_eq!(two, Err(ScanFault::TwoLabels));
        let twice = told("]d2010030001012345521A1]d2010030001012345521A1");
        assert_eq!(twice, (key("A1"), vec![Notice::ScannedTwice], scanned, false));
    }

    #[test]
    fn knowledge_chooses_among_readings() {
        let lost = "010030001012345521A11727123110L1";
        let with = |lot: &'static str| {
            let fits = |scan: &Scan| Ok::<bool, ()>(scan.lot.as_deref() == Some(lot));
            Scan::consistent(lost, fits).unwrap().unwrap()
        };
        assert_eq!(
            (with("L1").origin, with("L1").serial.as_deref()),
            (Origin::Scanned, Some("A11727123110L1"))
        );
        let fits = |scan: &Scan| Ok::<bool, ()>(scan.expiry.is_some());
        let scan = Scan::consistent(lost, fits).unwrap().unwrap();
        assert_eq!((scan.serial.as_deref(), scan.origin), (Some("A1"), Origin::Mended));
        let fits = |scan: &Scan| Ok::<bool, ()>(scan.serial.as_deref() == Some("ay1"));
        let scan = Scan::consistent("010030001012345521AY1", fits).unwrap().unwrap();
        assert_eq!(scan.notices, [Notice::CapsLock]);
    }

    #[test]
    fn proposals_are_never_taken() {
        let fault = Scan::parse("OO3OOO1O123455").unwrap_err();
        assert_eq!(fault.diagnosis().suggestion.as_deref(), Some("00300010123455"));
        assert_eq!(Scan::parse(&"9".repeat(1 << 20)), Err(ScanFault::TooLong));
    }
}
