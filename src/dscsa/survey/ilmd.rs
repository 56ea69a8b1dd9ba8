//! Lot number and expiry date of a commissioning event, in today's and in the older namespace.

use chrono::NaiveDate;

use super::USHC_NAMESPACE;
use crate::epcis::Element;
use crate::epcis::Event;

/// What the instance and lot master data of one event says.
#[derive(Debug, Default)]
pub struct Ilmd<'a> {
    /// Every lot number that is not blank.
    pub lots: Vec<&'a str>,
    /// Every expiry date that is not blank, as sent.
    pub expiries: Vec<&'a str>,
    /// True where the expiry date stands before the lot number.
    pub expiry_first: bool,
    /// True where it is written in the namespace of the older guideline.
    pub old: bool,
}

impl<'a> Ilmd<'a> {
    /// Reads the event's `ilmd`, and what the first releases of the guideline put beside it.
    pub fn of(event: &'a Event) -> Ilmd<'a> {
        let mut ilmd = Ilmd::default();
        let old = event.extensions.iter().filter(|element| &*element.name.namespace == USHC_NAMESPACE);
        let old = old.filter(|element| matches!(&*element.name.local, "lotNumber" | "itemExpirationDate"));
        for element in event.ilmd.iter().flatten().chain(old) {
            ilmd.old |= &*element.name.namespace == USHC_NAMESPACE;
            match &*element.name.local {
                "lotNumber" => ilmd.lots.extend(filled(element)),
                "itemExpirationDate" => {
                    ilmd.expiry_first |= ilmd.lots.is_empty();
                    ilmd.expiries.extend(filled(element));
                }
                _ => {}
            }
        }
        ilmd.expiry_first &= !ilmd.lots.is_empty();
        ilmd
    }

    /// The lot number, where there is just one.
    pub fn lot(&self) -> Option<&'a str> {
        match self.lots.as_slice() {
            [lot] => Some(lot),
            _ => None,
        }
    }

    /// The expiry date as sent, where there is just one.
    pub fn expiry(&self) -> Option<&'a str> {
        match self.expiries.as_slice() {
            [expiry] => Some(expiry),
            _ => None,
        }
    }
}

/// Reads `YYYY-MM-DD` (`xsd:date`, CBV §9.1); `None` for anything else.
pub fn date(text: &str) -> Option<NaiveDate> {
    let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    plain.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

fn filled(element: &Element) -> Option<&str> {
    element.text().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_of_one_form() {
        assert!(date("2025-03-27").is_some());
        for text in ["2025-3-27", "2025-03-00", "2025-02-30", "20250327", "2025-03-27Z", "+025-03-27", "soon"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
