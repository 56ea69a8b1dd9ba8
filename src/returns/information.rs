//! Transaction information and statement of the sales that units are returned from, each shipment looked up once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::access::Caller;
use crate::dscsa::transaction::Element;
use crate::dscsa::transaction::Missing;
use crate::export::ExportError;
use crate::export::transactions;
use crate::export::transactions::Question;
use crate::gs1::Gtin;
use crate::store::Store;
use crate::store::StoreError;

/// What is at hand of one sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Information {
    /// Everything, but for what is missing.
    Found {
        /// Number of the document.
        document: i64,
        /// What is missing.
        missing: Vec<Missing>,
        /// True where the seller affirms the transaction statement.
        affirmed: bool,
    },
    /// It cannot be put together, with the reason.
    NotTold(String),
}

/// Looks up and remembers.
#[derive(Default)]
pub(super) struct Informations(HashMap<i64, Information>);

impl Informations {
    /// What is at hand of this shipment.
    pub(super) fn of(
        &mut self,
        store: &Store,
        caller: &Caller,
        shipment: i64,
    ) -> Result<&Information, StoreError> {
        let unknown = match self.0.entry(shipment) {
            Entry::Occupied(known) => return Ok(known.into_mut()),
            Entry::Vacant(unknown) => unknown,
        };
        let found = match transactions::transactions(store, caller, &Question::Shipment(shipment)) {
            Ok(found) => found.into_iter().next().map_or_else(
                || Information::NotTold("nothing was shipped with it".to_owned()),
                |found| Information::Found {
                    document: found.document,
                    missing: found.information.missing,
                    affirmed: found.statement.is_some_and(|statement| statement.is_affirmed()),
                },
            ),
            Err(ExportError::Store(error)) => return Err(error),
            Err(error) => Information::NotTold(error.to_string()),
        };
        Ok(unknown.insert(found))
    }
}

impl Information {
    /// What is missing for these trade items: of the whole, of them, or of a party.
    pub(super) fn missing_of(&self, gtins: &[Gtin]) -> Vec<String> {
        let Information::Found { missing, .. } = self else { return Vec::new() };
        let concerns = |missing: &&Missing| match missing.of.strip_prefix("GTIN ") {
            Some(gtin) => gtins.iter().any(|own| own.as_str() == gtin),
            // A container of unknown content holds nothing that came back: what did is known to have been in the shipment.
            None => missing.element != Element::Containers || missing.of.is_empty(),
        };
        let words = |missing: &Missing| format!("{}: {}", missing.element.words(), missing.message);
        missing.iter().filter(concerns).map(words).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_concerns_the_unit_is_missing() {
        let missing = |element, of: &str| Missing { element, of: of.to_owned(), message: of.to_owned() };
        let found = Information::Found {
            document: 1,
            missing: vec![
                missing(Element::Ndc, "GTIN 00300010123455"),
                missing(Element::Ndc, "GTIN 00614140123453"),
                missing(Element::Containers, "urn:epc:id:sscc:030001.01234567890"),
                missing(Element::Transferee, "urn:epc:id:sgln:030001.111111.0"),
            ],
            affirmed: true,
        };
        let gtin = Gtin::parse("00614140123453").unwrap();
        assert_eq!(
            found.missing_of(&[gtin]),
            [
                "National Drug Code: GTIN 00614140123453",
                "transferee: business name and address: urn:epc:id:sgln:030001.111111.0"
            ]
        );
    }
}
