//! The single fields of an event: values, lists, places and declarations.

use crate::epcis::BizTransaction;
use crate::epcis::ErrorDeclaration;
use crate::epcis::Location;
use crate::epcis::PersistentDisposition;
use crate::epcis::Quantity;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::values;
use crate::formats::values::Tolerant;
use crate::formats::values::shown;
use crate::formats::xml::extension;
use crate::formats::xml::names::Tag;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;
use crate::gs1::Epc;

/// Reads the value of the element that the scanner began; what is wrong with it is told.
pub fn value<T>(
    scan: &mut Scanner,
    read: impl FnOnce(&str) -> Result<Tolerant<T>, Fault>,
) -> Scan<Option<T>> {
    scan.judge_attributes(&["type"])?;
    let Some(text) = scan.value()? else { return Ok(None) };
    if text.trim_ascii().is_empty() {
        tell_empty(scan);
        return Ok(None);
    }
    let (value, fault) = match read(text) {
        Ok((value, fault)) => (Some(value), fault),
        Err(fault) => (None, Some(fault)),
    };
    if let Some(fault) = fault {
        scan.tell(fault);
    }
    Ok(value)
}

/// Reads an identifier.
#[inline]
pub fn epc(scan: &mut Scanner) -> Scan<Option<Epc>> {
    scan.judge_attributes(&["type"])?;
    if scan.value()?.is_none() {
        return Ok(None);
    }
    let Scanner { text, series, trusted, .. } = scan;
    if text.is_empty() {
        tell_empty(scan);
        return Ok(None);
    }
    if *trusted {
        return Ok(Some(Epc::parse(text.trim())));
    }
    let (epc, fault) = values::epc(text, series);
    if let Some(fault) = fault {
        scan.tell_about(fault, epc.as_str());
    }
    Ok(Some(epc))
}

fn tell_empty(scan: &mut Scanner) {
    scan.tell(Fault::warning("empty-element", "the element has no value", "leave the element out"));
}

/// Reads a word of a vocabulary.
pub fn term(scan: &mut Scanner, vocabulary: StandardVocabulary) -> Scan<Option<Term>> {
    value(scan, |text| values::term(vocabulary, text))
}

/// Reads a URI.
pub fn uri(scan: &mut Scanner) -> Scan<Option<Box<str>>> {
    value(scan, |text| Ok(values::uri(text)))
}

/// Reads a list of identifiers.
pub fn epcs(scan: &mut Scanner) -> Scan<Vec<Epc>> {
    scan.judge_attributes(&[])?;
    let mut epcs = Vec::new();
    while let Some(tag) = scan.child()? {
        if tag == Tag::Epc {
            epcs.extend(epc(scan)?);
        } else {
            unexpected(scan)?;
        }
    }
    Ok(epcs)
}

/// Reads a list of quantities.
pub fn quantities(scan: &mut Scanner) -> Scan<Vec<Quantity>> {
    list(scan, Tag::QuantityElement, quantity)
}

/// Reads a list of business transactions.
pub fn biz_transactions(scan: &mut Scanner) -> Scan<Vec<BizTransaction>> {
    list(scan, Tag::BizTransaction, |scan| {
        let kind = kind(scan, StandardVocabulary::BizTransactionType);
        let id = value(scan, |text| Ok((text.trim().into(), None)))?;
        Ok(id.map(|id| BizTransaction { kind, id }))
    })
}

/// Reads a list of sources or destinations, whose elements have this name.
pub fn source_dests(scan: &mut Scanner, item: Tag) -> Scan<Vec<SourceDest>> {
    list(scan, item, |scan| {
        let missing = scan.attribute("type").is_none();
        let kind = kind(scan, StandardVocabulary::SourceDestType);
        if missing {
            scan.tell(required("type"));
        }
        let id = epc(scan)?;
        Ok(kind.zip(id).map(|(kind, id)| SourceDest { kind, id }))
    })
}

/// Reads the items of a list; anything else in it is refused.
pub fn list<T>(
    scan: &mut Scanner,
    item: Tag,
    mut read: impl FnMut(&mut Scanner) -> Scan<Option<T>>,
) -> Scan<Vec<T>> {
    scan.judge_attributes(&[])?;
    let mut items = Vec::new();
    while let Some(tag) = scan.child()? {
        if tag == item {
            items.extend(read(scan)?);
        } else {
            unexpected(scan)?;
        }
    }
    Ok(items)
}

/// Refuses an element that has no meaning here, as it would be lost.
pub fn unexpected(scan: &mut Scanner) -> Scan<()> {
    let message = format!("{} has no meaning here", shown(scan.qualified()));
    scan.tell(Fault::error("unexpected-element", message, "remove the element"));
    scan.skip()
}

/// The fault that a part is missing.
pub fn required(part: &str) -> Fault {
    Fault::error("required-field", format!("{part} is missing"), format!("add {part}"))
}

/// Reads the attribute `type`.
fn kind(scan: &mut Scanner, vocabulary: StandardVocabulary) -> Option<Term> {
    let kind = scan.attribute("type")?;
    match values::term(vocabulary, &kind) {
        Ok((term, fault)) => {
            if let Some(fault) = fault {
                scan.tell(fault);
            }
            Some(term)
        }
        Err(fault) => {
            scan.tell(fault);
            None
        }
    }
}

fn quantity(scan: &mut Scanner) -> Scan<Option<Quantity>> {
    scan.judge_attributes(&[])?;
    let here = Here::of(scan);
    let (mut class, mut quantity, mut uom) = (None, None, None);
    let mut seen = 0;
    while let Some(tag) = scan.child()? {
        if repeated(scan, tag, &mut seen) {
            scan.skip()?;
            continue;
        }
        match tag {
            Tag::EpcClass => class = epc(scan)?,
            Tag::Quantity if scan.is_nil() => scan.skip()?,
            Tag::Quantity => quantity = value(scan, |text| Ok((values::decimal(text)?, None)))?,
            Tag::Uom => uom = value(scan, |text| Ok((text.trim().into(), None)))?,
            _ => unexpected(scan)?,
        }
    }
    if class.is_none() {
        here.tell(scan, required("epcClass"));
    }
    Ok(class.map(|epc_class| Quantity { epc_class, quantity, uom }))
}

/// Reads a `readPoint` or `bizLocation`.
pub fn location(scan: &mut Scanner) -> Scan<Option<Location>> {
    scan.judge_attributes(&[])?;
    let here = Here::of(scan);
    let (mut id, mut extensions) = (None, Vec::new());
    let mut seen = 0;
    let mut told = false;
    while let Some(tag) = scan.child()? {
        match tag {
            Tag::Id if repeated(scan, tag, &mut seen) => scan.skip()?,
            Tag::Id => {
                id = epc(scan)?;
                told = id.is_none();
            }
            Tag::Extension => extension::push_children(scan, &mut extensions)?,
            _ => extension::push(scan, &mut extensions)?,
        }
    }
    if id.is_none() && (!told || !extensions.is_empty()) {
        here.tell(scan, required("id"));
    }
    Ok(id.map(|id| Location { id, extensions }))
}

/// Reads a `persistentDisposition`.
pub fn persistent_disposition(scan: &mut Scanner) -> Scan<PersistentDisposition> {
    scan.judge_attributes(&[])?;
    let mut lasting = PersistentDisposition::default();
    while let Some(tag) = scan.child()? {
        match tag {
            Tag::Set => lasting.set.extend(lasting_disposition(scan)?),
            Tag::Unset => lasting.unset.extend(lasting_disposition(scan)?),
            _ => unexpected(scan)?,
        }
    }
    Ok(lasting)
}

fn lasting_disposition(scan: &mut Scanner) -> Scan<Option<Term>> {
    value(scan, |text| Ok(values::persistent_disposition(text)))
}

/// Reads an `errorDeclaration`, its parts in any order.
pub fn error_declaration(scan: &mut Scanner) -> Scan<Option<Box<ErrorDeclaration>>> {
    scan.judge_attributes(&[])?;
    let here = Here::of(scan);
    let (mut time, mut reason) = (None, None);
    let (mut corrective_event_ids, mut extensions) = (Vec::new(), Vec::new());
    let mut seen = 0;
    while let Some(tag) = scan.child()? {
        if tag != Tag::Extension && tag != Tag::Other && repeated(scan, tag, &mut seen) {
            scan.skip()?;
            continue;
        }
        match tag {
            Tag::DeclarationTime => time = value(scan, values::event_time)?,
            Tag::Reason => reason = term(scan, StandardVocabulary::ErrorReason)?,
            Tag::CorrectiveEventIds => corrective_event_ids = list(scan, Tag::CorrectiveEventId, uri)?,
            Tag::Extension => extension::push_children(scan, &mut extensions)?,
            _ => extension::push(scan, &mut extensions)?,
        }
    }
    let Some(declaration_time) = time else {
        if seen & Tag::DeclarationTime.bit() == 0 {
            here.tell(scan, required("declarationTime"));
        }
        return Ok(None);
    };
    Ok(Some(Box::new(ErrorDeclaration { declaration_time, reason, corrective_event_ids, extensions })))
}

/// Tells where a field stands a second time; the first was kept.
pub fn repeated(scan: &mut Scanner, tag: Tag, seen: &mut u128) -> bool {
    let repeated = *seen & tag.bit() != 0;
    *seen |= tag.bit();
    if repeated {
        let message = format!("{} stands more than once", tag.name());
        scan.tell(Fault::error("duplicate-field", message, "write it once"));
    }
    repeated
}

/// The beginning of an element that is judged at its end.
struct Here {
    place: Place,
}

impl Here {
    fn of(scan: &mut Scanner) -> Here {
        Here { place: scan.place() }
    }

    /// Tells a fault of the element, which the scanner has just ended.
    fn tell(&self, scan: &mut Scanner, fault: Fault) {
        let path = scan.path.text();
        scan.tell_at(fault, self.place, path);
    }
}
