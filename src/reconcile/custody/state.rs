//! The present state of an object: the last that its events say of it, each fact with the step that says it.

use crate::gs1::Epc;
use crate::reconcile::custody::Custody;
use crate::reconcile::custody::Deed;
use crate::reconcile::custody::Step;

/// A fact and the step that says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known<T> {
    /// The fact.
    pub value: T,
    /// A place in [`Custody::steps`].
    pub step: usize,
}

/// Where an object stands in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// Seen, but nobody says that it was commissioned.
    Seen,
    /// Commissioned, and not shipped since it last came in.
    Active,
    /// Shipped, and nobody has received it.
    InTransit,
    /// It has come in after a shipping.
    Received,
    /// It has ended: the business step, such as `dispensing`.
    Ended(Box<str>),
}

impl Life {
    /// `seen`, `active`, `in-transit`, `received` or `ended`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Life::Seen => "seen",
            Life::Active => "active",
            Life::InTransit => "in-transit",
            Life::Received => "received",
            Life::Ended(_) => "ended",
        }
    }
}

/// The state of an object after the last of its steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Where it stands in its life; `None` where nothing is known of it.
    pub life: Option<Known<Life>>,
    /// Lot number, as sent.
    pub lot: Option<Known<String>>,
    /// Expiry date, as sent.
    pub expiry: Option<Known<String>>,
    /// `disposition`, the bare word.
    pub disposition: Option<Known<Box<str>>>,
    /// Who has it, or had it last where it is in transit: a place in [`Custody::parties`].
    pub holder: Option<Known<usize>>,
    /// Where it was last; `None` while it is in transit.
    pub place: Option<Known<Epc>>,
    /// The containers it is in, the innermost first.
    pub parents: Vec<Known<Epc>>,
}

impl State {
    /// What the steps that were not declared wrong say.
    pub fn of(custody: &Custody) -> State {
        let mut state = State::default();
        let sound = custody.steps.iter().enumerate().filter(|(_, step)| step.wrong.is_none());
        for (at, step) in sound {
            state.take(at, step, *custody.epc.key() == step.named.key());
            state.parents = step
                .within
                .iter()
                .map(|container| Known { value: container.clone(), step: packed(custody, container, at) })
                .collect();
        }
        state
    }

    fn take(&mut self, at: usize, step: &Step, itself: bool) {
        let current = self.life.as_ref().map(|known| known.value.clone());
        let life = match (&step.deed, current) {
            (Deed::Commissioned, None | Some(Life::Seen)) => Life::Active,
            (Deed::Shipped, _) => Life::InTransit,
            (Deed::ShippingVoided, Some(Life::InTransit)) => Life::Active,
            (Deed::Received, _) => Life::Received,
            (Deed::Ended(word), _) if itself => Life::Ended(word.clone()),
            (_, None) => Life::Seen,
            (_, Some(current)) => current,
        };
        if self.life.as_ref().is_none_or(|known| known.value != life) {
            self.life = Some(Known { value: life.clone(), step: at });
        }
        let text = |text: &String| (!text.is_empty()).then(|| Known { value: text.clone(), step: at });
        self.lot = self.lot.take().or_else(|| text(&step.lot));
        self.expiry = self.expiry.take().or_else(|| text(&step.expiry));
        if let Some(word) = &step.disposition {
            self.disposition = Some(Known { value: word.clone(), step: at });
        }
        if let Some(party) = step.party
            && self.holder.as_ref().is_none_or(|holder| holder.value != party)
        {
            self.holder = Some(Known { value: party, step: at });
        }
        self.place = match (&step.place, &life) {
            (_, Life::InTransit) => None,
            (Some(place), _) => Some(Known { value: place.clone(), step: at }),
            (None, _) => self.place.take(),
        };
    }
}

/// The last step up to one that put something into a container.
fn packed(custody: &Custody, container: &Epc, at: usize) -> usize {
    let until = custody.steps.iter().enumerate().take(at + 1);
    let mut packing = until.filter(|(_, step)| matches!(&step.deed, Deed::Packed(into) if into == container));
    packing.next_back().map_or(at, |(at, _)| at)
}
