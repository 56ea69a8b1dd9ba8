//! Lot number and expiration date of the objects of a commissioning event.

use crate::dscsa::transaction::USHC_NAMESPACE;
use crate::epcis::Element;
use crate::epcis::Event;

/// A text as sent, and the path at which it stands.
pub type SentAt = (Box<str>, Box<str>);

/// Lot number and expiration date as sent, each with the path at which the event says it; `None` where it says none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LotAndExpiry {
    /// Lot number.
    pub lot: Option<SentAt>,
    /// Expiration date, `YYYY-MM-DD` in files that are right.
    pub expiry: Option<SentAt>,
}

impl LotAndExpiry {
    /// Reads the ILMD in CBV's namespace or the older one of the US guideline, and what files of its first release put
    /// beside it.
    pub fn of(event: &Event) -> LotAndExpiry {
        let ilmd = event.ilmd.iter().flatten().map(|element| (element, "ilmd/"));
        let beside = event.extensions.iter().filter(|element| &*element.name.namespace == USHC_NAMESPACE);
        let mut found = LotAndExpiry::default();
        for (element, place) in ilmd.chain(beside.map(|element| (element, ""))) {
            let into = match &*element.name.local {
                "lotNumber" => &mut found.lot,
                "itemExpirationDate" => &mut found.expiry,
                _ => continue,
            };
            if into.is_none() {
                *into = filled(element).map(|text| (text.into(), path(element, place)));
            }
        }
        found
    }
}

fn path(element: &Element, place: &str) -> Box<str> {
    let prefix = if &*element.name.namespace == USHC_NAMESPACE { "gs1ushc" } else { "cbvmda" };
    format!("{place}{prefix}:{}", element.name.local).into()
}

fn filled(element: &Element) -> Option<&str> {
    element.text().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Action;
    use crate::epcis::EventTime;
    use crate::epcis::MASTER_DATA_NAMESPACE;
    use crate::epcis::Name;
    use crate::epcis::What;
    use crate::epcis::ZoneOffset;

    fn read(ilmd: &[(&str, &str, &str)], beside: &[(&str, &str, &str)]) -> [Option<(String, String)>; 2] {
        let elements = |list: &[(&str, &str, &str)]| -> Vec<Element> {
            list.iter()
                .map(|(ns, name, text)| Element::with_text(Name::new(*ns, *name), "x", *text))
                .collect()
        };
        let what = What::Object { action: Action::Add, epcs: vec![], quantities: vec![] };
        let time = EventTime::parse("2026-03-04T06:00:00Z").unwrap();
        let mut event = Event::new(time, ZoneOffset::UTC, what);
        event.ilmd = Some(elements(ilmd));
        event.extensions = elements(beside);
        let LotAndExpiry { lot, expiry } = LotAndExpiry::of(&event);
        [lot, expiry].map(|told| told.map(|(text, path)| (text.into(), path.into())))
    }

    #[test]
    fn each_form_is_read() {
        let told = |text: &str, path: &str| Some((text.to_owned(), path.to_owned()));
        let new = [
            (MASTER_DATA_NAMESPACE, "lotNumber", " A1 "),
            (MASTER_DATA_NAMESPACE, "itemExpirationDate", "2028-01-31"),
        ];
        assert_eq!(
            read(&new, &[]),
            [told("A1", "ilmd/cbvmda:lotNumber"), told("2028-01-31", "ilmd/cbvmda:itemExpirationDate")]
        );
        let old = [(USHC_NAMESPACE, "itemExpirationDate", "2028-01-31"), (USHC_NAMESPACE, "lotNumber", "")];
        assert_eq!(read(&old, &[]), [None, told("2028-01-31", "ilmd/gs1ushc:itemExpirationDate")]);
        assert_eq!(read(&[], &[(USHC_NAMESPACE, "lotNumber", "B")]), [told("B", "gs1ushc:lotNumber"), None]);
        assert_eq!(read(&[], &[("urn:example", "lotNumber", "B")]), [None, None]);
    }
}
