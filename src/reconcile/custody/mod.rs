//! Custody: the life of one object through its packing: each event with party, place, document, and how we know.

mod deed;
mod gap;
mod parties;
mod state;
mod walk;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::access::Caller;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::epcis::Term;
use crate::epcis::ZoneOffset;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::reconcile::custody::parties::Parties;
use crate::reconcile::custody::walk::Sighting;
use crate::store::QueryError;
use crate::store::Store;
use crate::store::StoreError;

pub use deed::Deed;
pub use gap::Gap;
pub use gap::GapKind;
pub use parties::Party;
pub use state::Known;
pub use state::Life;
pub use state::State;
pub use walk::MOST_EVENTS;

/// Documents whose headers are read for the names of parties.
const MOST_HEADERS: usize = 64;

/// Why the life of an object is not told.
#[derive(Debug, Error)]
pub enum CustodyError {
    /// It has more than [`MOST_EVENTS`].
    #[error("{0} is in more than {MOST_EVENTS} events; ask for the events themselves, page by page")]
    TooLong(Box<str>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<QueryError> for CustodyError {
    fn from(error: QueryError) -> CustodyError {
        match error {
            QueryError::Store(error) => CustodyError::Store(error),
            other => CustodyError::Store(StoreError::Damaged(other.to_string())),
        }
    }
}

/// The life of one object, as far as the caller may see it.
#[derive(Clone, Debug)]
pub struct Custody {
    /// The object.
    pub epc: Epc,
    /// Its events in the order of time; empty where it is not known.
    pub steps: Vec<Step>,
    /// Who had it, in the order of appearance.
    pub parties: Vec<Party>,
    /// Where the chain is broken, in the order of time.
    pub gaps: Vec<Gap>,
}

/// One event in the life of an object.
#[derive(Clone, Debug)]
pub struct Step {
    /// The store's number of the event.
    pub event: i64,
    /// `eventID`, or the event hash ID where it was sent without.
    pub event_id: String,
    /// The documents that say it, the one that came first in front.
    pub documents: Vec<i64>,
    /// `eventTime` as sent.
    pub time: EventTime,
    /// `eventTimeZoneOffset` as sent.
    pub offset: ZoneOffset,
    /// What happened.
    pub deed: Deed,
    /// `bizStep`, the bare word.
    pub biz_step: Option<Box<str>>,
    /// `disposition`, the bare word.
    pub disposition: Option<Box<str>>,
    /// The object that the event names: the one asked for, or what it was in.
    pub named: Epc,
    /// The containers it was in afterwards, the innermost first.
    pub within: Vec<Epc>,
    /// How we know.
    pub how: How,
    /// Who did it: a place in [`Custody::parties`].
    pub party: Option<usize>,
    /// Where it was shipped to or received from: a place in [`Custody::parties`].
    pub other: Option<usize>,
    /// `bizLocation`, else `readPoint`.
    pub place: Option<Epc>,
    /// Business transactions, URIs as sent.
    pub transactions: Vec<Box<str>>,
    /// Lot and expiry date that the event gives it, as sent; empty where it gives none.
    pub lot: String,
    /// See `lot`.
    pub expiry: String,
    /// Why the event never happened so, if it was declared wrong: the reason, or an empty text.
    pub wrong: Option<Box<str>>,
}

/// How we know that something happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The event names the object itself.
    Scanned,
    /// The event names what the object was in.
    Inferred,
    /// Told by another party than the one it happened at.
    DataOnly,
}

impl How {
    /// `scanned`, `inferred` or `data-only`.
    pub fn as_str(self) -> &'static str {
        match self {
            How::Scanned => "scanned",
            How::Inferred => "inferred",
            How::DataOnly => "data-only",
        }
    }
}

impl Custody {
    /// Follows an object, through whatever it was packed in, until a time (microseconds since 1970).
    pub fn of(store: &Store, caller: &Caller, epc: &Epc, until: i64) -> Result<Custody, CustodyError> {
        let found = walk::follow(store, caller, epc, until)?;
        let mut headers: BTreeMap<i64, Option<Header>> = BTreeMap::new();
        for sighting in &found.sightings {
            if headers.len() < MOST_HEADERS && !headers.contains_key(&sighting.document) {
                headers.insert(sighting.document, store.header(caller, sighting.document)?);
            }
        }
        let mut parties = Parties::learn(&found.sightings, headers.values().flatten());
        let mut steps: Vec<Step> = Vec::new();
        let mut last = None;
        for sighting in &found.sightings {
            if let Some(told) = steps.iter_mut().find(|step| step.is_retold_by(sighting)) {
                told.documents.push(sighting.document);
                continue;
            }
            let header = headers.get(&sighting.document).and_then(Option::as_ref);
            let step = Step::of(sighting, found.within(sighting.moment), (&mut parties, header, last));
            last = step.party.or(last);
            steps.push(step);
        }
        let mut parties = parties.into_list();
        for party in parties.iter_mut().filter(|party| party.name.is_none()) {
            party.name = partner_name(store, caller, party)?;
        }
        let gaps = gap::gaps(epc, &steps, &parties);
        Ok(Custody { epc: epc.clone(), steps, parties, gaps })
    }
}

/// What the operator calls a party that no document names.
fn partner_name(store: &Store, caller: &Caller, party: &Party) -> Result<Option<Box<str>>, StoreError> {
    let Ok(gln) = Gln::parse(&party.id) else { return Ok(None) };
    Ok(store.partner_with_gln(caller, gln)?.map(|partner| partner.name))
}

impl Step {
    fn of(
        sighting: &Sighting,
        within: Vec<Epc>,
        (parties, header, last): (&mut Parties, Option<&Header>, Option<usize>),
    ) -> Step {
        let deed = Deed::of(sighting);
        let (party, other) = parties.ends(sighting, &deed);
        let sender = header.and_then(|header| header.sbdh.as_ref()?.sender().map(Epc::parse));
        let told_by_another = match (&sender, party) {
            (Some(sender), Some(party)) => !parties.is_same(sender, party),
            _ => false,
        };
        let how = match (told_by_another, sighting.level) {
            (true, _) => How::DataOnly,
            (false, 0) => How::Scanned,
            (false, _) => How::Inferred,
        };
        let bare = |term: &Option<Term>| term.as_ref().map(|term| term.bare().into());
        let (lot, expiry) = match sighting.level {
            0 => deed::lot_and_expiry(&sighting.ilmd),
            _ => (String::new(), String::new()),
        };
        Step {
            event: sighting.event,
            event_id: sighting.event_id.clone(),
            documents: vec![sighting.document],
            time: sighting.time.clone(),
            offset: sighting.offset,
            deed,
            biz_step: bare(&sighting.biz_step),
            disposition: bare(&sighting.disposition),
            named: sighting.named.clone(),
            within,
            how,
            party: party.or(last),
            other,
            place: sighting.biz_location.clone().or_else(|| sighting.read_point.clone()),
            transactions: sighting.transactions.clone(),
            lot,
            expiry,
            wrong: sighting.wrong.as_ref().map(|declaration| {
                declaration.reason.as_ref().map(|reason| reason.bare().into()).unwrap_or_default()
            }),
        }
    }

    /// True where another event says the same: senders restate what happened before them.
    fn is_retold_by(&self, sighting: &Sighting) -> bool {
        self.time == sighting.time
            && self.named == sighting.named
            && self.wrong.is_none()
            && sighting.wrong.is_none()
            && self.deed == Deed::of(sighting)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use chrono::Utc;
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::capture;
    use crate::capture::Policy;
    use crate::capture::Wish;
    use crate::epcis::CaptureErrorBehaviour;

    const UNIT: &str = "urn:epc:id:sgtin:0614141.007346.1";
    const CASE: &str = "urn:epc:id:sgtin:0614141.507346.1";
    const PALLET: &str = "urn:epc:id:sscc:0614141.0000000001";
    const MAKER: &str = "urn:epc:id:sgln:0614141.00001.0";
    const DOCK: &str = "urn:epc:id:sgln:0614141.00002.0";
    const BUYER: &str = "urn:epc:id:sgln:9521101.00001.0";
    const CLINIC: &str = "urn:epc:id:sgln:9521102.00001.0";

    /// A store and the events it is given, a document each call.
    struct Chain {
        store: Store,
        _folder: tempfile::TempDir,
    }

    impl Chain {
        fn of(documents: &[(&str, Vec<Value>)]) -> Chain {
            let folder = tempfile::tempdir().unwrap();
            let url = folder.path().join("custody.db").to_str().unwrap().to_owned();
            let chain = Chain { store: Store::open(&url, &Default::default()).unwrap(), _folder: folder };
            documents.iter().for_each(|(sender, events)| chain.take(sender, events));
            chain
        }

        fn take(&self, sender: &str, events: &[Value]) {
            let document = json!({
                "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-04T12:00:00Z",
                "sender": sender, "receiver": BUYER, "instanceIdentifier": "", "epcisBody": { "eventList": events },
            });
            let mut receiving = self.store.receive(Utc::now()).unwrap();
            receiving.write_all(document.to_string().as_bytes()).unwrap();
            let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
            let received = receiving.finish().unwrap();
            let new = capture::accept(&self.store, &Caller::operator(), received, wish, Utc::now()).unwrap();
            let job = capture::run_to_end(&self.store, &new.job, &Policy::default(), Utc::now).unwrap();
            assert!(job.success, "{:?}", job.defects);
        }

        fn custody(&self, epc: &str) -> Custody {
            Custody::of(&self.store, &Caller::operator(), &Epc::parse(epc), i64::MAX).unwrap()
        }

        fn gaps(&self, epc: &str) -> Vec<&'static str> {
            self.custody(epc).gaps.iter().map(|gap| gap.kind.as_str()).collect()
        }
    }

    fn event(hour: u32, step: &str, action: &str, epcs: &[&str], place: &str) -> Value {
        json!({
            "type": "ObjectEvent", "eventTime": format!("2026-03-04T{hour:02}:00:00-05:00"),
            "eventTimeZoneOffset": "-05:00", "epcList": epcs, "action": action, "bizStep": step,
            "readPoint": { "id": place },
        })
    }

    fn commissioned(hour: u32) -> Value {
        let mut event = event(hour, "commissioning", "ADD", &[UNIT], MAKER);
        event["ilmd"] = json!({ "cbvmda:lotNumber": "L1", "cbvmda:itemExpirationDate": "2028-03-31" });
        event
    }

    fn packed(hour: u32, action: &str, parent: &str, children: &[&str], place: &str) -> Value {
        json!({
            "type": "AggregationEvent", "eventTime": format!("2026-03-04T{hour:02}:00:00-05:00"),
            "eventTimeZoneOffset": "-05:00", "parentID": parent, "childEPCs": children, "action": action,
            "bizStep": if action == "ADD" { "packing" } else { "unpacking" }, "readPoint": { "id": place },
        })
    }

    fn moved(hour: u32, step: &str, epc: &str, place: &str, (from, to): (&str, &str)) -> Value {
        let mut event = event(hour, step, "OBSERVE", &[epc], place);
        event["bizTransactionList"] =
            json!([{ "type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:9521101000016:1" }]);
        event["sourceList"] = json!([{ "type": "owning_party", "source": from }]);
        event["destinationList"] = json!([{ "type": "owning_party", "destination": to }]);
        event
    }

    /// From the maker to the buyer on a pallet, which the buyer opens.
    fn delivered() -> Vec<(&'static str, Vec<Value>)> {
        let made = vec![
            commissioned(1),
            packed(2, "ADD", CASE, &[UNIT], MAKER),
            packed(3, "ADD", PALLET, &[CASE], MAKER),
            moved(4, "shipping", PALLET, DOCK, (MAKER, BUYER)),
        ];
        let taken = vec![
            moved(6, "receiving", PALLET, BUYER, (MAKER, BUYER)),
            packed(7, "DELETE", PALLET, &[], BUYER),
            packed(8, "DELETE", CASE, &[UNIT], BUYER),
        ];
        vec![(MAKER, made), (BUYER, taken)]
    }

    #[test]
    fn a_unit_is_followed_through_its_packing() {
        let custody = Chain::of(&delivered()).custody(UNIT);
        let told: Vec<_> = custody
            .steps
            .iter()
            .map(|step| (step.deed.as_str(), step.how.as_str(), step.within.len(), step.party))
            .collect();
        assert_eq!(
            told,
            [
                ("commissioned", "scanned", 0, Some(0)),
                ("packed", "scanned", 1, Some(0)),
                ("packed", "inferred", 2, Some(0)),
                ("shipped", "inferred", 2, Some(0)),
                ("received", "inferred", 2, Some(1)),
                ("unpacked", "inferred", 1, Some(1)),
                ("unpacked", "scanned", 0, Some(1)),
            ]
        );
        assert_eq!(custody.gaps, []);
        assert_eq!(custody.steps[3].offset.as_str(), "-05:00");
        assert_eq!(custody.steps[0].time.as_str(), "2026-03-04T01:00:00-05:00");
        let state = State::of(&custody);
        assert_eq!(state.life, Some(Known { value: Life::Received, step: 4 }));
        assert_eq!(state.lot, Some(Known { value: "L1".to_owned(), step: 0 }));
        assert_eq!(state.holder, Some(Known { value: 1, step: 4 }));
        assert_eq!(custody.parties[1].id, "9521101000016");
        assert!(state.parents.is_empty());
    }

    #[test]
    fn a_time_in_the_past_shows_what_was_then() {
        let chain = Chain::of(&delivered());
        let at = EventTime::parse("2026-03-04T05:00:00-05:00").unwrap().microseconds();
        let custody = Custody::of(&chain.store, &Caller::operator(), &Epc::parse(UNIT), at).unwrap();
        assert_eq!(custody.steps.len(), 4);
        assert_eq!(custody.gaps.iter().map(|gap| gap.kind).collect::<Vec<_>>(), [GapKind::NotReceived]);
        let state = State::of(&custody);
        assert_eq!(state.life, Some(Known { value: Life::InTransit, step: 3 }));
        let parents: Vec<_> = state.parents.iter().map(|known| (known.value.as_str(), known.step)).collect();
        assert_eq!(parents, [(CASE, 1), (PALLET, 2)]);
        assert_eq!(state.place, None);
    }

    #[test]
    fn gaps_have_their_words() {
        let ship = |hour, from, to| moved(hour, "shipping", UNIT, from, (from, to));
        let receive = |hour, from, to| moved(hour, "receiving", UNIT, to, (from, to));
        let without = |mut event: Value| {
            event.as_object_mut().unwrap().remove("bizTransactionList");
            event
        };
        let seen = |hour, place| event(hour, "inspecting", "OBSERVE", &[UNIT], place);
        let end = event(8, "dispensing", "DELETE", &[UNIT], BUYER);
        for (events, expected) in [
            (vec![ship(2, MAKER, BUYER), receive(3, MAKER, BUYER)], vec!["not-commissioned"]),
            (vec![commissioned(1), ship(2, MAKER, BUYER)], vec!["not-received"]),
            (vec![commissioned(1), ship(2, MAKER, BUYER), seen(3, BUYER)], vec!["not-received"]),
            (vec![commissioned(1), receive(3, MAKER, BUYER)], vec!["not-shipped"]),
            (vec![commissioned(1), ship(2, MAKER, BUYER), receive(3, MAKER, CLINIC)], vec!["not-shipped"]),
            (vec![commissioned(1), seen(3, CLINIC)], vec!["moved"]),
            (
                vec![commissioned(1), without(ship(2, MAKER, BUYER)), without(receive(3, MAKER, BUYER))],
                vec!["no-transaction"],
            ),
            (vec![commissioned(1), without(ship(2, MAKER, BUYER)), receive(3, MAKER, BUYER)], vec![]),
            (
                vec![
                    commissioned(1),
                    ship(2, MAKER, BUYER),
                    receive(3, MAKER, BUYER),
                    end.clone(),
                    seen(9, BUYER),
                ],
                vec!["after-end"],
            ),
            (
                vec![
                    commissioned(1),
                    ship(2, MAKER, BUYER),
                    moved(3, "void_shipping", UNIT, MAKER, (MAKER, BUYER)),
                ],
                vec![],
            ),
        ] {
            assert_eq!(Chain::of(&[(MAKER, events.clone())]).gaps(UNIT), expected, "{events:?}");
        }
    }

    #[test]
    fn what_others_tell_is_data_only_and_restatements_are_one_step() {
        let mut again = commissioned(1);
        again["epcList"] = json!([UNIT, "urn:epc:id:sgtin:0614141.007346.2"]);
        let chain = Chain::of(&[(BUYER, vec![again.clone()])]);
        assert_eq!(chain.custody(UNIT).steps[0].how, How::DataOnly);
        chain.take(MAKER, &[commissioned(1)]);
        let custody = chain.custody(UNIT);
        assert_eq!((custody.steps.len(), custody.steps[0].documents.len()), (1, 2));
    }

    #[test]
    fn what_was_declared_wrong_is_shown_and_does_not_count() {
        let chain = Chain::of(&delivered());
        let mut wrong = packed(8, "DELETE", CASE, &[UNIT], BUYER);
        wrong["errorDeclaration"] =
            json!({ "declarationTime": "2026-03-05T00:00:00Z", "reason": "did_not_occur" });
        chain.take(BUYER, &[wrong]);
        let custody = chain.custody(UNIT);
        assert_eq!(custody.steps.last().unwrap().wrong.as_deref(), Some("did_not_occur"));
        assert_eq!(State::of(&custody).parents[0].value.as_str(), CASE);
    }

    #[test]
    fn a_container_filled_again_holds_again() {
        let chain = Chain::of(&delivered());
        let shipped = moved(10, "shipping", PALLET, BUYER, (BUYER, CLINIC));
        chain.take(BUYER, &[packed(9, "ADD", PALLET, &[UNIT], BUYER), shipped]);
        chain.take(CLINIC, &[moved(11, "receiving", PALLET, CLINIC, (BUYER, CLINIC))]);
        let custody = chain.custody(UNIT);
        let last = custody.steps.last().unwrap();
        assert_eq!((last.deed.as_str(), last.within.len(), last.how), ("received", 1, How::Inferred));
        assert_eq!(custody.gaps, []);
        assert_eq!(chain.custody(PALLET).steps[0].deed, Deed::Filled(1));
    }

    #[test]
    fn nothing_is_known_of_what_nobody_named() {
        let custody = Chain::of(&[]).custody(UNIT);
        assert!(custody.steps.is_empty() && custody.gaps.is_empty());
        assert_eq!(State::of(&custody), State::default());
    }
}
