//! Gaps: where the chain of custody is broken, and what is missing.

use crate::gs1::Epc;
use crate::reconcile::custody::Deed;
use crate::reconcile::custody::Party;
use crate::reconcile::custody::Step;

/// A place where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What is missing.
    pub kind: GapKind,
    /// The step before it, a place in `Custody::steps`; `None` before the first.
    pub after: Option<usize>,
    /// The step behind it; `None` after the last.
    pub before: Option<usize>,
    /// What is missing, one sentence without a full stop.
    pub message: String,
}

/// What is missing in a chain of custody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapKind {
    /// It was never commissioned, or after it was first seen.
    NotCommissioned,
    /// It was shipped and nobody received it.
    NotReceived,
    /// It was received and nobody had shipped it, or not to there.
    NotShipped,
    /// It was seen at another party, and neither shipped nor received.
    Moved,
    /// It changed its owner, and no purchase order or other business transaction is named.
    NoTransaction,
    /// It was seen after it had ended.
    AfterEnd,
}

impl GapKind {
    /// Kebab-case: `not-commissioned`, `not-received`, `not-shipped`, `moved`, `no-transaction`, `after-end`.
    pub fn as_str(self) -> &'static str {
        match self {
            GapKind::NotCommissioned => "not-commissioned",
            GapKind::NotReceived => "not-received",
            GapKind::NotShipped => "not-shipped",
            GapKind::Moved => "moved",
            GapKind::NoTransaction => "no-transaction",
            GapKind::AfterEnd => "after-end",
        }
    }
}

/// The gaps between the steps of an object's life.
pub(super) fn gaps(epc: &Epc, steps: &[Step], parties: &[Party]) -> Vec<Gap> {
    let mut watch = Watch {
        epc,
        steps,
        parties,
        gaps: Vec::new(),
        holder: None,
        under_way: None,
        ended: None,
        last: None,
    };
    let sound: Vec<(usize, &Step)> =
        steps.iter().enumerate().filter(|(_, step)| step.wrong.is_none()).collect();
    if epc.serial().is_some() {
        watch.beginning(&sound);
    }
    for (at, step) in sound {
        watch.take(at, step);
    }
    if let Some(shipped) = watch.under_way.take() {
        let to = watch.other(shipped);
        watch.note(
            GapKind::NotReceived,
            (Some(shipped), None),
            format!("shipped{to}, and no receipt is known"),
        );
        watch.transaction(shipped, None);
    }
    watch.gaps.sort_by_key(|gap| (gap.after, gap.before));
    watch.gaps
}

/// What is known on the way through the steps.
struct Watch<'a> {
    epc: &'a Epc,
    steps: &'a [Step],
    parties: &'a [Party],
    gaps: Vec<Gap>,
    /// Who has it: a place in `parties`.
    holder: Option<usize>,
    /// The shipping that nobody has received so far.
    under_way: Option<usize>,
    ended: Option<usize>,
    last: Option<usize>,
}

impl<'a> Watch<'a> {
    fn beginning(&mut self, sound: &[(usize, &Step)]) {
        let begun = sound.iter().position(|(_, step)| step.deed == Deed::Commissioned);
        let Some((first, _)) = sound.first().filter(|_| begun != Some(0)) else { return };
        let message = match begun {
            None => "no commissioning is known: nobody says where it comes from",
            Some(_) => "seen before it was commissioned",
        };
        self.note(GapKind::NotCommissioned, (None, Some(*first)), message.to_owned());
    }

    fn take(&mut self, at: usize, step: &Step) {
        if let Some(ended) = self.ended
            && !matches!(step.deed, Deed::Ended(_))
        {
            self.note(GapKind::AfterEnd, (Some(ended), Some(at)), "seen after its life had ended".to_owned());
            self.ended = None;
        }
        match &step.deed {
            Deed::Shipped => self.shipped(at, step),
            Deed::ShippingVoided => self.under_way = None,
            Deed::Received => self.received(at, step),
            Deed::Ended(_) if step.named == *self.epc => {
                self.handled(at, step);
                self.ended = Some(at);
            }
            _ => self.handled(at, step),
        }
        self.last = Some(at);
    }

    fn shipped(&mut self, at: usize, step: &Step) {
        let again = self
            .under_way
            .and_then(|shipped| self.steps.get(shipped))
            .is_some_and(|shipped| shipped.party == step.party && shipped.other == step.other);
        if !again {
            self.handled(at, step);
            self.under_way = Some(at);
        }
        self.holder = step.party.or(self.holder);
    }

    fn received(&mut self, at: usize, step: &Step) {
        let here = self.party(step.party);
        match self.under_way.take() {
            Some(shipped) => {
                let to = self.steps.get(shipped).and_then(|shipped| shipped.other);
                if to.is_some() && to != step.party {
                    let message = format!("received by {here}, though shipped{}", self.other(shipped));
                    self.note(GapKind::NotShipped, (Some(shipped), Some(at)), message);
                }
                self.transaction(shipped, Some(at));
            }
            None if self.holder.is_some() && self.holder == step.party => {}
            None => {
                let message = format!("received by {here}, and no shipping to there is known");
                self.note(GapKind::NotShipped, (self.last, Some(at)), message);
            }
        }
        self.holder = step.party.or(self.holder);
    }

    /// Anything else that shows where it is.
    fn handled(&mut self, at: usize, step: &Step) {
        let Some(party) = step.party else { return };
        let here = self.party(step.party);
        if self.holder.is_none() || self.holder == step.party {
            self.holder = Some(party);
            return;
        }
        match self.under_way.take() {
            Some(shipped) => {
                let message = format!(
                    "handled by {here}, and no receipt{} is known",
                    self.other(shipped).replace(" to ", " by ")
                );
                self.note(GapKind::NotReceived, (Some(shipped), Some(at)), message);
                self.transaction(shipped, Some(at));
            }
            None => {
                let message = format!("it went to {here}, and neither shipping nor receiving is known");
                self.note(GapKind::Moved, (self.last, Some(at)), message);
            }
        }
        self.holder = Some(party);
    }

    /// A change of owner has a business transaction in the shipping or in the receiving.
    fn transaction(&mut self, shipped: usize, received: Option<usize>) {
        let Some(shipping) = self.steps.get(shipped) else { return };
        let receiving = received.and_then(|received| self.steps.get(received));
        let named = !shipping.transactions.is_empty()
            || receiving.is_some_and(|receiving| !receiving.transactions.is_empty());
        if shipping.party != shipping.other && shipping.other.is_some() && !named {
            let message =
                format!("it changed hands{} without purchase order or delivery", self.other(shipped));
            self.note(GapKind::NoTransaction, (Some(shipped), received), message);
        }
    }

    fn note(&mut self, kind: GapKind, (after, before): (Option<usize>, Option<usize>), message: String) {
        self.gaps.push(Gap { kind, after, before, message });
    }

    fn party(&self, party: Option<usize>) -> &'a str {
        party.and_then(|party| self.parties.get(party)).map_or("somebody", Party::title)
    }

    /// ` to NAME`, where the other side of a shipping is known.
    fn other(&self, shipped: usize) -> String {
        let other = self.steps.get(shipped).and_then(|step| step.other);
        other.map(|other| format!(" to {}", self.party(Some(other)))).unwrap_or_default()
    }
}
