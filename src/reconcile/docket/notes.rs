//! What a docket notes of whole events: when and what step, of shipping events also parties and orders.

use crate::dscsa::Object;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::SourceDest;
use crate::gs1::Epc;

/// The business steps that reconciliation knows (CBV 2.0 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// `shipping`
    Shipping,
    /// `void_shipping`
    VoidShipping,
    /// `receiving`, `accepting` and `arriving`
    Receiving,
    /// `dispensing`
    Dispensing,
    /// Any other.
    Other,
}

impl Step {
    /// The step of an event.
    pub(crate) fn of(event: &Event) -> Step {
        match event.biz_step.as_ref().map(|step| step.bare()) {
            Some("shipping") => Step::Shipping,
            Some("void_shipping") => Step::VoidShipping,
            Some("receiving" | "accepting") => Step::Receiving,
            Some("dispensing") => Step::Dispensing,
            _ => Step::Other,
        }
    }
}

/// One event of the docket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventNote {
    /// `eventTime` in microseconds.
    pub(crate) time: i64,
    /// Position in the document, from 0.
    pub(crate) position: u32,
    /// The store's number; `None` where there is no store.
    pub(crate) number: Option<i64>,
    /// False where the store does not take it for an event of the document.
    pub(crate) known: bool,
}

/// A shipping event.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShipNote {
    /// Place among the events of the docket.
    pub(crate) event: u32,
    /// `eventTime` in microseconds.
    pub(crate) time: i64,
    /// See [`ShipmentRecord`](crate::store::ShipmentRecord); GLN-13 or key, empty where none is named.
    pub(crate) seller: String,
    pub(crate) buyer: String,
    pub(crate) ship_from: String,
    pub(crate) ship_to: String,
    /// URIs as sent.
    pub(crate) purchase_orders: Vec<String>,
    pub(crate) despatch_advices: Vec<String>,
    pub(crate) other_transactions: Vec<String>,
    /// Keys of what it lists.
    pub(crate) roots: Vec<String>,
}

impl ShipNote {
    /// Notes a shipping event, but for what it lists.
    pub(crate) fn of(event: &Event, number: u32) -> ShipNote {
        let read_point = event.read_point.as_ref().map(|place| party(&place.id)).unwrap_or_default();
        let mut note = ShipNote {
            event: number,
            time: event.time.microseconds(),
            seller: end(&event.sources, "owning_party"),
            buyer: end(&event.destinations, "owning_party"),
            ship_from: end(&event.sources, "location"),
            ship_to: end(&event.destinations, "location"),
            ..ShipNote::default()
        };
        if note.ship_from.is_empty() {
            note.ship_from = read_point;
        }
        for transaction in &event.biz_transactions {
            let list = match transaction.kind.as_ref().map(|kind| kind.bare()) {
                Some("po") => &mut note.purchase_orders,
                Some("desadv") => &mut note.despatch_advices,
                _ => &mut note.other_transactions,
            };
            list.push(transaction.id.to_string());
        }
        note
    }

    /// True where the owner changes, or nobody says who owns it before and after.
    pub(crate) fn changes_owner(&self) -> bool {
        self.seller != self.buyer || self.seller.is_empty()
    }
}

impl ShipNote {
    /// What names the shipment: its despatch advices, else its purchase orders, else its other business transactions.
    pub(crate) fn objects(&self) -> Vec<Object> {
        let lists = [&self.despatch_advices, &self.purchase_orders, &self.other_transactions];
        let first = lists.into_iter().find(|list| !list.is_empty());
        first.into_iter().flatten().map(|uri| Object::BizTransaction(uri.as_str().into())).collect()
    }
}

fn end(ends: &[SourceDest], kind: &str) -> String {
    let of_kind = ends.iter().find(|end| end.kind.bare() == kind);
    of_kind.map(|end| party(&end.id)).unwrap_or_default()
}

/// A party or place by its GLN-13, or its key where it has none.
pub(crate) fn party(epc: &Epc) -> String {
    epc.gln().map_or_else(|| epc.key(), |gln| gln.to_string())
}

/// Lot number and expiry date of the ILMD, in CBV's namespace or the older one of the US guideline; empty where missing.
pub(crate) fn lot_and_expiry(ilmd: &[Element]) -> (String, String) {
    let of = |name: &str| {
        let found = ilmd.iter().find(|element| &*element.name.local == name);
        found.and_then(Element::text).map(str::trim).unwrap_or_default().to_owned()
    };
    let expiry = of("itemExpirationDate");
    // Senders write a time behind the date now and then.
    let day = expiry.get(..10).filter(|_| expiry.as_bytes().get(10) == Some(&b'T'));
    (of("lotNumber"), day.map(str::to_owned).unwrap_or(expiry))
}
