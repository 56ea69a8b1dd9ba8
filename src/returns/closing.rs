//! Closing a return: the receiving event of what came back, and the inspecting events of what was decided.

use std::collections::HashSet;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use uuid::Uuid;

use crate::access::Caller;
use crate::capture::Policy;
use crate::capture::capture_own;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnState;
use crate::dscsa::ReturnedUnit;
use crate::dscsa::SaleableReturn;
use crate::epcis::Action;
use crate::epcis::BizTransaction;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Location;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::What;
use crate::epcis::ZoneOffset;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::export::shipment::party;
use crate::export::shipment::transaction_urn;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::returns::ReturnError;
use crate::store::Store;

/// Units read at one time.
const PAGE: i64 = 1_000;

/// The namespace of what we add to the events.
const NAMESPACE: &str = "urn:epcgate:returning";

/// A closed return and the events that say so.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedReturn {
    /// The return.
    pub saleable_return: SaleableReturn,
    /// The receiving event, then the inspecting events; none where nothing was decided.
    pub events: Vec<Event>,
}

/// Closes a return: captures its events, which name only what was scanned and decided. Where a crash came between, the same
/// again ends it; once it is closed it changes nothing.
///
/// Fails where there is no such return, and where units are being looked at.
pub fn close(
    store: &Store,
    caller: &Caller,
    (id, who): (&str, &str),
    (own, policy): (Gln, &Policy),
    now: fn() -> DateTime<Utc>,
) -> Result<ClosedReturn, ReturnError> {
    let returned = store.begin_return_closing(caller, id, (who, now()))?;
    let mut returned = returned.ok_or_else(|| ReturnError::Unknown(id.to_owned()))?;
    if returned.state == ReturnState::Checking {
        let mend = "its units are being looked at; close it when it is checked";
        return Err(ReturnError::State { id: returned.id, state: returned.state, mend });
    }
    let named = Named::of(store, caller, &returned)?;
    let events = named.events(&returned, own);
    if returned.state == ReturnState::Closing && !events.is_empty() {
        capture_own(store, caller, &events, policy, now)?;
    }
    store.end_return_closing(caller, id)?;
    returned.state = ReturnState::Closed;
    Ok(ClosedReturn { saleable_return: returned, events })
}

/// The names (`eventID`) that the events of a return have: receiving, sellable, not sellable.
pub fn event_ids(id: &str) -> [String; 3] {
    ["receiving", "sellable", "not-sellable"].map(|part| {
        let name = format!("urn:epcgate:return:{id}:{part}");
        format!("urn:uuid:{}", Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
    })
}

/// What the events are to name.
#[derive(Default)]
struct Named {
    /// Packages and cases with what became of them, each once.
    units: Vec<(Epc, ReturnDecision)>,
    /// Packages in the cases among them, with what became of the case.
    inferred: Vec<(String, ReturnDecision)>,
}

impl Named {
    fn of(store: &Store, caller: &Caller, returned: &SaleableReturn) -> Result<Named, ReturnError> {
        let (mut named, mut known, mut after) = (Named::default(), HashSet::new(), 0);
        loop {
            let page = store.returned_units(caller, &returned.id, None, (after, PAGE))?;
            let Some(last) = page.last() else { return Ok(named) };
            after = last.line;
            for unit in page {
                let ReturnedUnit { line, epc: Some(epc), decision: Some(decision), packages, .. } = unit
                else {
                    continue;
                };
                if decision.disposition().is_none() || !known.insert(epc.key()) {
                    continue;
                }
                if packages.is_some() {
                    let inside = store.returned_packages(caller, &returned.id, line)?;
                    named.inferred.extend(inside.into_iter().map(|key| (key, decision)));
                }
                named.units.push((epc, decision));
            }
        }
    }

    /// `epcList` names what was scanned; the packages of a sealed case stand in an element of ours.
    fn events(&self, returned: &SaleableReturn, own: Gln) -> Vec<Event> {
        let at = returned.closed.as_ref().map_or(returned.opened.1, |(_, at)| *at);
        let [receiving, sellable, not_sellable] = event_ids(&returned.id);
        let mut events = Vec::new();
        if let Some(mut event) = self.event(returned, None, (receiving, at)) {
            event.biz_step = Some(Term::parse(StandardVocabulary::BizStep, "receiving"));
            event.disposition = Some(Term::parse(StandardVocabulary::Disposition, "returned"));
            let owner = |gln: Gln| SourceDest {
                kind: Term::parse(StandardVocabulary::SourceDestType, "owning_party"),
                id: party(gln.as_str()),
            };
            event.sources = vec![owner(returned.customer)];
            event.destinations = vec![owner(own)];
            events.push(event);
        }
        let decided = [(ReturnDecision::Sellable, sellable), (ReturnDecision::NotSellable, not_sellable)];
        for (decision, id) in decided {
            let later = at + TimeDelta::milliseconds(1);
            let Some(mut event) = self.event(returned, Some(decision), (id, later)) else { continue };
            event.biz_step = Some(Term::parse(StandardVocabulary::BizStep, "inspecting"));
            let disposition = decision.disposition();
            event.disposition = disposition.map(|word| Term::parse(StandardVocabulary::Disposition, word));
            events.push(event);
        }
        for event in events.iter_mut().filter(|_| !returned.authorisation.is_empty()) {
            let kind = Some(Term::parse(StandardVocabulary::BizTransactionType, "rma"));
            let id = transaction_urn(&returned.authorisation, &party(own.as_str())).into();
            event.biz_transactions = vec![BizTransaction { kind, id }];
        }
        events
    }

    /// An event of the units with this decision, or of all; `None` where there are none.
    fn event(
        &self,
        returned: &SaleableReturn,
        decision: Option<ReturnDecision>,
        (id, at): (String, DateTime<Utc>),
    ) -> Option<Event> {
        let concerns = |own: ReturnDecision| decision.is_none_or(|decision| decision == own);
        let units = self.units.iter().filter(|(_, own)| concerns(*own));
        let epcs: Vec<Epc> = units.map(|(epc, _)| epc.clone()).collect();
        if epcs.is_empty() {
            return None;
        }
        let what = What::Object { action: Action::Observe, epcs, quantities: Vec::new() };
        let mut event = Event::new(EventTime::from_utc(at), ZoneOffset::UTC, what);
        event.id = Some(id.into());
        let location = returned.place.clone().map(|id| Location { id, extensions: Vec::new() });
        event.read_point = location.clone();
        event.biz_location = location;
        let text = |local: &str, text: &str| Element::with_text(Name::new(NAMESPACE, local), "epcgate", text);
        event.extensions.push(text("return", &returned.id));
        let inferred = self.inferred.iter().filter(|(_, own)| concerns(*own));
        let inferred: Vec<Node> = inferred
            .map(|(key, _)| Node::Element(text("epc", &format!("https://id.gs1.org{key}"))))
            .collect();
        if !inferred.is_empty() {
            let mut element = Element::new(Name::new(NAMESPACE, "inferred"), "epcgate");
            element.children = inferred;
            event.extensions.push(element);
        }
        Some(event)
    }
}
