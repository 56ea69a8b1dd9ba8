//! The classes of a docket: what many items have in common, and how the sender spells it.

use std::collections::HashMap;

use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;

/// How much of an SSCC is taken for a class: application identifier, extension digit, and most company prefixes.
const SSCC_CLASS: usize = "/00/".len() + 8;

/// Texts that items begin with, each kept once and known by a number.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
    last: u32,
}

impl Classes {
    /// The number of a class, which is new where it was never seen.
    pub(crate) fn of(&mut self, class: &str) -> u32 {
        if self.texts.get(self.last as usize).is_some_and(|text| **text == *class) {
            return self.last;
        }
        self.last = match self.numbers.get(class) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
                self.texts.push(class.into());
                self.numbers.insert(class.into(), number);
                number
            }
        };
        self.last
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The place of each class in the order of their texts.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<usize> = (0..self.texts.len()).collect();
        order.sort_unstable_by_key(|at| self.texts.get(*at));
        let mut ranks = vec![0; order.len()];
        for (rank, at) in (0..).zip(order) {
            if let Some(place) = ranks.get_mut(at) {
                *place = rank;
            }
        }
        ranks
    }

    /// The text of a class.
    pub(crate) fn text(&self, class: u32) -> &str {
        self.texts.get(class as usize).map(|text| &**text).unwrap_or_default()
    }
}

/// Divides a key into its class and what follows: `/01/00300010123455/21/` and `7`.
pub(crate) fn divide(key: &str) -> (&str, &str) {
    let at = match key.starts_with("/00/") {
        true => SSCC_CLASS.min(key.len()),
        false => key.rfind('/').map_or(0, |at| at + 1),
    };
    key.split_at_checked(at).unwrap_or(("", key))
}

/// How a document spells identifiers, so that findings name them as they were sent.
#[derive(Debug)]
pub(crate) struct Spelling {
    prefixes: CompanyPrefixes,
    /// What stands before the key in its Digital Links; `None` where it writes URNs.
    domain: Option<Box<str>>,
    known: bool,
}

impl Default for Spelling {
    fn default() -> Spelling {
        Spelling { prefixes: CompanyPrefixes::builtin(), domain: None, known: false }
    }
}

impl Spelling {
    /// Looks at an identifier of a class not seen before.
    pub(crate) fn learn(&mut self, epc: &Epc, key: &str) {
        self.prefixes.learn(epc.as_str());
        if !self.known {
            self.domain = epc.as_str().strip_suffix(key).map(Box::from);
            self.known = true;
        }
    }

    /// The identifier of a key as this document writes it.
    pub(crate) fn spell(&self, key: &str) -> String {
        if !key.starts_with('/') {
            return key.to_owned();
        }
        let domain = self.domain.as_deref().unwrap_or("https://id.gs1.org");
        let link = format!("{domain}{key}");
        match self.domain {
            Some(_) => link,
            None => Epc::parse(&link).to_urn(&self.prefixes).unwrap_or(link),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_divided_and_spelt_as_sent() {
        assert_eq!(divide("/01/00300010123455/21/A%2F7"), ("/01/00300010123455/21/", "A%2F7"));
        assert_eq!(divide("/00/003000111234567897"), ("/00/00300011", "1234567897"));
        assert_eq!(divide("urn:example:1"), ("", "urn:example:1"));
        let urn = "urn:epc:id:sgtin:030001.0012345.7";
        let mut spelling = Spelling::default();
        spelling.learn(&Epc::parse(urn), &Epc::parse(urn).key());
        assert_eq!(spelling.spell(&Epc::parse(urn).key()), urn);
        let link = "https://example.com/01/00300010123455/21/7";
        let mut spelling = Spelling::default();
        spelling.learn(&Epc::parse(link), &Epc::parse(link).key());
        assert_eq!(spelling.spell("/01/00300010123455/21/8"), "https://example.com/01/00300010123455/21/8");
    }
}
