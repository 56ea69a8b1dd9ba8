//! What an event does to one of its objects.

use crate::epcis::Action;
use crate::epcis::Element;
use crate::epcis::EventKind;
use crate::gs1::Epc;
use crate::reconcile::custody::walk::Part;
use crate::reconcile::custody::walk::Sighting;

/// What happened to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// It began: commissioned, or made by a transformation.
    Commissioned,
    /// It was put into a container.
    Packed(Epc),
    /// It was taken out of a container.
    Unpacked(Epc),
    /// So many objects were put into it; it was the container.
    Filled(usize),
    /// So many objects were taken out of it; all of them where the number is 0.
    Emptied(usize),
    /// It left for another place.
    Shipped,
    /// The shipping did not take place after all.
    ShippingVoided,
    /// It came in.
    Received,
    /// It ended: the business step, such as `dispensing`.
    Ended(Box<str>),
    /// It was seen: the business step, or an empty text.
    Seen(Box<str>),
}

impl Deed {
    pub(super) fn of(sighting: &Sighting) -> Deed {
        let step = sighting.biz_step.as_ref().map_or("", |step| step.bare());
        let is_packing = matches!(sighting.kind, EventKind::Aggregation | EventKind::Association);
        let takes_out = sighting.action == Some(Action::Delete);
        match (sighting.part, &sighting.parent) {
            (Part::Output, _) => return Deed::Commissioned,
            (Part::Input, _) => return Deed::Ended(or(step, "transforming")),
            (Part::Parent, _) if sighting.level > 0 => return Deed::Unpacked(sighting.named.clone()),
            (Part::Parent, _) if is_packing && takes_out => return Deed::Emptied(sighting.listed),
            (Part::Parent, _) if is_packing => return Deed::Filled(sighting.listed),
            (Part::Listed, Some(parent)) if is_packing && takes_out => return Deed::Unpacked(parent.clone()),
            (Part::Listed, Some(parent)) if is_packing => return Deed::Packed(parent.clone()),
            (Part::Parent | Part::Listed, _) => {}
        }
        match step {
            "shipping" | "departing" => Deed::Shipped,
            "void_shipping" => Deed::ShippingVoided,
            "receiving" | "arriving" | "accepting" => Deed::Received,
            "decommissioning" | "destroying" | "dispensing" | "retail_selling" => Deed::Ended(step.into()),
            _ if takes_out => Deed::Ended(or(step, "deleted")),
            _ if sighting.action == Some(Action::Add) => Deed::Commissioned,
            _ => Deed::Seen(step.into()),
        }
    }

    /// The word for it, kebab-case: `commissioned`, `packed`, `shipping-voided`, `seen` …
    pub fn as_str(&self) -> &'static str {
        match self {
            Deed::Commissioned => "commissioned",
            Deed::Packed(_) => "packed",
            Deed::Unpacked(_) => "unpacked",
            Deed::Filled(_) => "filled",
            Deed::Emptied(_) => "emptied",
            Deed::Shipped => "shipped",
            Deed::ShippingVoided => "shipping-voided",
            Deed::Received => "received",
            Deed::Ended(_) => "ended",
            Deed::Seen(_) => "seen",
        }
    }
}

/// Lot number and expiry date of the ILMD, in CBV's namespace or the older one of the US guideline; empty where missing.
pub(super) fn lot_and_expiry(ilmd: &[Element]) -> (String, String) {
    let of = |name: &str| {
        let found = ilmd.iter().find(|element| &*element.name.local == name);
        found.and_then(Element::text).map(str::trim).unwrap_or_default().to_owned()
    };
    (of("lotNumber"), of("itemExpirationDate"))
}

fn or(word: &str, otherwise: &str) -> Box<str> {
    if word.is_empty() { otherwise.into() } else { word.into() }
}
