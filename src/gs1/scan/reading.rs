//! Reading of one label: as it stands, through another keyboard, and in every way in which it can be mended.

use crate::gs1::ElementFault;
use crate::gs1::ElementString;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::gs1::Sscc;
use crate::gs1::Symbology;
use crate::gs1::digital_link::CANONICAL_HOST;
use crate::gs1::element_string::SEPARATOR;
use crate::gs1::scan::Layout;
use crate::gs1::scan::Notice;
use crate::gs1::scan::Origin;
use crate::gs1::scan::Scan;
use crate::gs1::scan::ScanFault;
use crate::gs1::scan::layout;
use crate::gs1::scan::separators;
use crate::gs1::scan::spelling;
use crate::gs1::scan::spelling::Form;
use crate::gs1::scan::spelling::Spelt;

/// Reads one label, through another keyboard layout where that alone makes sense of it.
pub(super) fn one(text: &str) -> Result<Scan, ScanFault> {
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
pub(super) fn read(spelt: &Spelt) -> Result<Scan, ScanFault> {
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
pub(super) fn put_back(spelt: &Spelt) -> Vec<Scan> {
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
pub(super) fn turned(spelt: &Spelt) -> Option<Scan> {
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
pub(super) fn retyped(spelt: &Spelt) -> Option<Scan> {
    if spelt.form != Form::Plain || spelt.layout_proven {
        return None;
    }
    let data = Layout::German.translated(&spelt.data)?;
    let scan = read(&Spelt { data, ..spelt.clone() }).ok().filter(|scan| scan.serial.is_some())?;
    Some(Scan { origin: Origin::Mended, ..scan.noticed(Notice::KeyboardLayout(Layout::German)) })
}

pub(super) fn not_gs1(text: &str) -> ScanFault {
    ScanFault::NotGs1(text.chars().take(60).collect::<String>().into())
}
