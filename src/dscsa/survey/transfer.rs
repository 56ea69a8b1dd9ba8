//! Shipping events that change the owner: the transactions of the law.

use super::USHC_NAMESPACE;
use crate::epcis::BizTransaction;
use crate::epcis::Event;
use crate::epcis::SourceDest;
use crate::epcis::What;
use crate::gs1::Epc;

/// A shipment to another owner (21 U.S.C. 360eee(24)); what is not said of it is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// The owner before: `owning_party` of the source list.
    pub seller: Option<&'a Epc>,
    /// The owner behind: `owning_party` of the destination list.
    pub buyer: Option<&'a Epc>,
    /// Where it is shipped from: `location` of the source list.
    pub ship_from: Option<&'a Epc>,
    /// Where it is shipped to: `location` of the destination list.
    pub ship_to: Option<&'a Epc>,
}

impl<'a> Transfer<'a> {
    /// Reads a shipping event; `None` for other events, for returns, and where the owner stays.
    ///
    /// Where owners are missing, `between_parties` says whether the document goes from one company to another, by which
    /// the shipment is a transfer all the same; so does an order, or the older extension that names a transferee.
    pub fn of(event: &'a Event, between_parties: bool) -> Option<Transfer<'a>> {
        let shipped = matches!(event.what, What::Object { .. } | What::Transaction { .. });
        if !shipped || step(event) != "shipping" || is_return(event) {
            return None;
        }
        let transfer = Transfer {
            seller: party(&event.sources, "owning_party"),
            buyer: party(&event.destinations, "owning_party"),
            ship_from: party(&event.sources, "location"),
            ship_to: party(&event.destinations, "location"),
        };
        let changes = match (transfer.seller, transfer.buyer) {
            (Some(seller), Some(buyer)) => seller != buyer,
            _ => between_parties || transaction(event, "po").is_some() || names_transferee(event),
        };
        changes.then_some(transfer)
    }
}

/// The event's business step as a bare word of CBV; empty for none and for a user's own.
pub fn step(event: &Event) -> &str {
    event.biz_step.as_ref().filter(|step| step.is_listed()).map_or("", |step| step.bare())
}

/// The event's disposition as a bare word of CBV; empty for none and for a user's own.
pub fn disposition(event: &Event) -> &str {
    event.disposition.as_ref().filter(|word| word.is_listed()).map_or("", |word| word.bare())
}

/// The event's first business transaction of this type, such as `po`, in whatever case senders write it.
pub fn transaction<'a>(event: &'a Event, kind: &str) -> Option<&'a BizTransaction> {
    let is_kind = |own: &&BizTransaction| {
        own.kind.as_ref().is_some_and(|term| !term.is_own() && term.bare().eq_ignore_ascii_case(kind))
    };
    event.biz_transactions.iter().find(is_kind)
}

fn party<'a>(list: &'a [SourceDest], kind: &str) -> Option<&'a Epc> {
    list.iter().find(|end| end.kind.is_listed() && end.kind.bare() == kind).map(|end| &end.id)
}

fn is_return(event: &Event) -> bool {
    disposition(event) == "returned" || transaction(event, "rma").is_some()
}

/// True for `gs1ushc:transferredToId` of the first releases.
fn names_transferee(event: &Event) -> bool {
    event.extensions.iter().any(|element| {
        &*element.name.namespace == USHC_NAMESPACE && &*element.name.local == "transferredToId"
    })
}
