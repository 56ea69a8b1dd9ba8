//! What was in what at any past moment, told by the aggregation events (EPCIS 2.0 §7.4.3).
//!
//! ADD puts children in, DELETE takes them out, DELETE without children takes out all, and OBSERVE shows that they are
//! in. An event that was declared wrong never happened. An object is in one container at most: that of the last event
//! that put it in.

mod tree;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use thiserror::Error;

use crate::access::Caller;
use crate::epcis::Action;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::What;
use crate::gs1::Epc;
use crate::store::EventHead;
use crate::store::Mention;
use crate::store::Store;
use crate::store::StoreError;

pub use tree::Leaf;
pub use tree::Node;
pub use tree::Tree;

/// Containers within containers; more of them is no packing but a fault of the data.
pub const MOST_LEVELS: usize = 16;

/// Objects of one tree, each of which takes some 300 bytes.
pub const MOST_OBJECTS: usize = 1_000_000;

/// Events of which the content is in memory at one time.
const EVENTS: usize = 16;

/// Why a hierarchy is not told.
#[derive(Debug, Error)]
pub enum HierarchyError {
    /// It holds more than [`MOST_OBJECTS`].
    #[error("more than {MOST_OBJECTS} objects are in these containers; ask for fewer of them at one time")]
    TooLarge,
    /// It is deeper than [`MOST_LEVELS`].
    #[error(
        "{0} is inside more than {MOST_LEVELS} containers, which no packing is; look at its aggregation events"
    )]
    TooDeep(Box<str>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An object that is in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// As sent.
    pub epc: Epc,
    /// [`Epc::key`].
    pub key: String,
    /// The number of the aggregation event that put it there.
    pub event: i64,
}

/// The container in which an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// As sent.
    pub epc: Epc,
    /// [`Epc::key`].
    pub key: String,
    /// The number of the aggregation event that put the object there.
    pub event: i64,
}

/// What was directly in a container at a moment (microseconds), in the order of the keys.
pub fn children_at(
    store: &Store,
    caller: &Caller,
    parent: &str,
    at: i64,
) -> Result<Vec<Child>, HierarchyError> {
    let Some(mut held) = contents_of(store, caller, &[parent], at)?.remove(parent) else {
        return Ok(Vec::new());
    };
    let claims = held.iter().map(|(key, held)| (key.clone(), (&held.head, parent.to_owned()))).collect();
    let strays = strays(store, caller, &claims, at)?;
    held.retain(|key, _| !strays.contains(key));
    Ok(held.into_iter().map(|(key, Held { epc, head })| Child { epc, key, event: head.id }).collect())
}

/// The container in which an object was at a moment (microseconds).
pub fn parent_at(
    store: &Store,
    caller: &Caller,
    child: &str,
    at: i64,
) -> Result<Option<Parent>, HierarchyError> {
    let heads = store.heads(caller, (Mention::Child, &[child]), EventKind::Aggregation, at)?;
    let mut held: Option<(Epc, &EventHead)> = None;
    for some in heads.chunks(EVENTS) {
        for (stored, head) in store.events_of(some)?.into_iter().zip(some) {
            let Some(Change { puts_in, parent, .. }) = Change::of(&stored.event) else { continue };
            if puts_in {
                held = Some((parent.clone(), head));
            } else if held.as_ref().is_some_and(|(current, _)| current == parent) {
                held = None;
            }
        }
    }
    let Some((epc, head)) = held else { return Ok(None) };
    let key = epc.key();
    let emptied = store
        .heads(caller, (Mention::Parent, &[&key]), EventKind::Aggregation, at)?
        .into_iter()
        .filter(|later| later.action == Some(Action::Delete) && later.follows(head));
    let emptied = store.events_of(&emptied.collect::<Vec<_>>())?;
    if emptied.iter().any(|stored| Change::of(&stored.event).is_some_and(|change| change.is_of_all())) {
        return Ok(None);
    }
    Ok(Some(Parent { epc, key, event: head.id }))
}

/// The containers in which an object was at a moment (microseconds), the innermost first.
pub fn ancestors_at(
    store: &Store,
    caller: &Caller,
    child: &str,
    at: i64,
) -> Result<Vec<Parent>, HierarchyError> {
    let mut ancestors: Vec<Parent> = Vec::new();
    while let Some(parent) = parent_at(store, caller, ancestors.last().map_or(child, |last| &last.key), at)? {
        if parent.key == child || ancestors.iter().any(|known| known.key == parent.key) {
            break;
        }
        if ancestors.len() == MOST_LEVELS {
            return Err(HierarchyError::TooDeep(child.into()));
        }
        ancestors.push(parent);
    }
    Ok(ancestors)
}

/// The keys of all containers into which some event put one of these objects, at whatever time.
pub fn containers_ever(
    store: &Store,
    caller: &Caller,
    children: &[&str],
) -> Result<BTreeSet<String>, HierarchyError> {
    let heads = store.heads(caller, (Mention::Child, children), EventKind::Aggregation, i64::MAX)?;
    let mut containers = BTreeSet::new();
    for some in heads.chunks(EVENTS) {
        for stored in store.events_of(some)? {
            containers.extend(Change::of(&stored.event).map(|change| change.parent.key()));
        }
    }
    Ok(containers)
}

/// An object in a container and the event that put it there.
struct Held {
    epc: Epc,
    head: EventHead,
}

/// What an aggregation event does.
struct Change<'a> {
    puts_in: bool,
    parent: &'a Epc,
    children: &'a [Epc],
    has_quantities: bool,
}

impl<'a> Change<'a> {
    /// `None` for an event of another type, and for one without `parentID`.
    fn of(event: &'a Event) -> Option<Change<'a>> {
        let What::Aggregation { action, parent: Some(parent), children, quantities } = &event.what else {
            return None;
        };
        let puts_in = *action != Action::Delete;
        Some(Change { puts_in, parent, children, has_quantities: !quantities.is_empty() })
    }

    /// True where it takes everything out.
    fn is_of_all(&self) -> bool {
        !self.puts_in && self.children.is_empty() && !self.has_quantities
    }
}

/// What was directly in each of these containers, by their keys. One pass over each of their aggregation events.
fn contents_of(
    store: &Store,
    caller: &Caller,
    parents: &[&str],
    at: i64,
) -> Result<HashMap<String, BTreeMap<String, Held>>, StoreError> {
    let heads = store.heads(caller, (Mention::Parent, parents), EventKind::Aggregation, at)?;
    let mut contents: HashMap<String, BTreeMap<String, Held>> = HashMap::new();
    for some in heads.chunks(EVENTS) {
        for (stored, head) in store.events_of(some)?.into_iter().zip(some) {
            let Some(change) = Change::of(&stored.event) else { continue };
            let held = contents.entry(change.parent.key()).or_default();
            if change.is_of_all() {
                held.clear();
            }
            for epc in change.children {
                if change.puts_in {
                    held.insert(epc.key(), Held { epc: epc.clone(), head: head.clone() });
                } else {
                    held.remove(&epc.key());
                }
            }
        }
    }
    Ok(contents)
}

/// The keys of those objects that were put into another container later, though nobody took them out; of each is known
/// the event that put it into its container, and the container's key.
fn strays(
    store: &Store,
    caller: &Caller,
    claims: &HashMap<String, (&EventHead, String)>,
    at: i64,
) -> Result<BTreeSet<String>, StoreError> {
    let known: BTreeSet<i64> = claims.values().map(|(head, _)| head.id).collect();
    let keys: Vec<&str> = claims.keys().map(String::as_str).collect();
    let heads = store.heads(caller, (Mention::Child, &keys), EventKind::Aggregation, at)?;
    let others: Vec<EventHead> = heads.into_iter().filter(|head| !known.contains(&head.id)).collect();
    let mut strays = BTreeSet::new();
    for some in others.chunks(EVENTS) {
        for (stored, head) in store.events_of(some)?.into_iter().zip(some) {
            let Some(change) = Change::of(&stored.event).filter(|change| change.puts_in) else { continue };
            let parent = change.parent.key();
            for key in change.children.iter().map(Epc::key) {
                let elsewhere = claims
                    .get(&key)
                    .is_some_and(|(packed, container)| head.follows(packed) && *container != parent);
                if elsewhere {
                    strays.insert(key);
                }
            }
        }
    }
    Ok(strays)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use chrono::Utc;

    use super::*;
    use crate::capture;
    use crate::capture::Policy;
    use crate::capture::Wish;
    use crate::epcis::CaptureErrorBehaviour;
    use crate::epcis::EventTime;

    const PALLET: &str = "urn:epc:id:sscc:0614141.0000000001";

    fn case(number: u32) -> String {
        format!("urn:epc:id:sgtin:0614141.507346.{number}")
    }

    fn unit(number: u32) -> String {
        format!("urn:epc:id:sgtin:0614141.007346.{number}")
    }

    fn key(uri: &str) -> String {
        Epc::parse(uri).key()
    }

    /// A minute of one morning.
    fn time(minute: u32) -> String {
        format!("2026-03-04T{:02}:{:02}:00Z", minute / 60, minute % 60)
    }

    fn at(minute: u32) -> i64 {
        EventTime::parse(&time(minute)).unwrap().microseconds()
    }

    /// A store and the events it is given, a document each call.
    struct Packing {
        store: Store,
        _folder: tempfile::TempDir,
    }

    impl Packing {
        fn new() -> Packing {
            let folder = tempfile::tempdir().unwrap();
            let url = folder.path().join("hierarchy.db").to_str().unwrap().to_owned();
            Packing { store: Store::open(&url, &Default::default()).unwrap(), _folder: folder }
        }

        fn take(&self, events: &[serde_json::Value]) {
            let document = serde_json::json!({
                "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-04T12:00:00Z",
                "epcisBody": { "eventList": events },
            });
            let mut receiving = self.store.receive(Utc::now()).unwrap();
            receiving.write_all(document.to_string().as_bytes()).unwrap();
            let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
            let received = receiving.finish().unwrap();
            let new = capture::accept(&self.store, &Caller::operator(), received, wish, Utc::now()).unwrap();
            let job = capture::run_to_end(&self.store, &new.job, &Policy::default(), Utc::now).unwrap();
            assert!(job.success, "{:?}", job.defects);
        }

        fn children(&self, parent: &str, minute: u32) -> Vec<String> {
            let children = children_at(&self.store, &Caller::operator(), &key(parent), at(minute)).unwrap();
            children.into_iter().map(|child| child.epc.as_str().to_owned()).collect()
        }

        fn parent(&self, child: &str, minute: u32) -> Option<String> {
            let parent = parent_at(&self.store, &Caller::operator(), &key(child), at(minute)).unwrap();
            parent.map(|parent| parent.epc.as_str().to_owned())
        }

        fn units(&self, roots: &[&str], minute: u32) -> Vec<String> {
            let roots: Vec<Epc> = roots.iter().map(|uri| Epc::parse(uri)).collect();
            let tree = Tree::expand(&self.store, &Caller::operator(), &roots, at(minute)).unwrap();
            let tree = tree.without_strays(&self.store, &Caller::operator(), at(minute)).unwrap();
            let mut units: Vec<String> = tree.units().map(|node| node.epc.as_str().to_owned()).collect();
            units.sort();
            units
        }
    }

    fn event(minute: u32, action: &str, parent: &str, children: &[String]) -> serde_json::Value {
        serde_json::json!({
            "type": "AggregationEvent", "eventTime": time(minute), "eventTimeZoneOffset": "+00:00",
            "parentID": parent, "childEPCs": children, "action": action, "bizStep": "packing",
        })
    }

    /// Units 1 and 2 in case 1, unit 3 in case 2, both cases on the pallet.
    fn packed() -> Packing {
        let packing = Packing::new();
        packing.take(&[
            event(1, "ADD", &case(1), &[unit(1), unit(2)]),
            event(2, "ADD", &case(2), &[unit(3)]),
            event(3, "ADD", PALLET, &[case(1), case(2)]),
        ]);
        packing
    }

    #[test]
    fn what_was_in_what_depends_on_the_moment() {
        let packing = packed();
        packing.take(&[event(5, "DELETE", &case(1), &[unit(1)]), event(7, "DELETE", PALLET, &[])]);
        assert_eq!(packing.children(&case(1), 0), Vec::<String>::new());
        assert_eq!(packing.children(&case(1), 4), [unit(1), unit(2)]);
        assert_eq!(packing.children(&case(1), 5), [unit(2)]);
        assert_eq!(packing.parent(&unit(1), 4), Some(case(1)));
        assert_eq!(packing.parent(&unit(1), 5), None);
        assert_eq!(packing.parent(&case(1), 6).as_deref(), Some(PALLET));
        assert_eq!(packing.parent(&case(1), 7), None);
        assert_eq!(packing.children(PALLET, 7), Vec::<String>::new());
        let ancestors = ancestors_at(&packing.store, &Caller::operator(), &key(&unit(2)), at(6)).unwrap();
        assert_eq!(
            ancestors.iter().map(|one| one.key.clone()).collect::<Vec<_>>(),
            [key(&case(1)), key(PALLET)]
        );
    }

    #[test]
    fn late_events_take_their_place_in_time() {
        let packing = Packing::new();
        packing.take(&[event(9, "ADD", &case(2), &[unit(1)])]);
        packing.take(&[event(1, "ADD", &case(1), &[unit(1)]), event(8, "DELETE", &case(1), &[])]);
        assert_eq!(packing.parent(&unit(1), 7), Some(case(1)));
        assert_eq!(packing.parent(&unit(1), 8), None);
        assert_eq!(packing.parent(&unit(1), 9), Some(case(2)));
    }

    #[test]
    fn what_was_declared_wrong_never_happened() {
        let packing = packed();
        let mut wrong = event(3, "ADD", PALLET, &[case(1), case(2)]);
        wrong["errorDeclaration"] =
            serde_json::json!({ "declarationTime": time(30), "reason": "did_not_occur" });
        packing.take(&[wrong, event(4, "ADD", PALLET, &[case(2)])]);
        assert_eq!(packing.children(PALLET, 5), [case(2)]);
        assert_eq!(packing.children(PALLET, 3), Vec::<String>::new());
        assert_eq!(packing.parent(&case(1), 5), None);
        let named = |minute, mut event: serde_json::Value| {
            event["eventID"] = format!("urn:uuid:3f9f8a52-0000-4000-8000-0000000000{minute}").into();
            event
        };
        packing.take(&[named(10, event(10, "ADD", &case(1), &[unit(8)]))]);
        let mut wrong = named(10, event(10, "ADD", &case(1), &[unit(8)]));
        wrong["errorDeclaration"] = serde_json::json!({ "declarationTime": time(30) });
        packing.take(&[wrong, named(11, event(10, "ADD", &case(1), &[unit(9)]))]);
        assert_eq!(packing.children(&case(1), 10), [unit(1), unit(2), unit(9)]);
    }

    #[test]
    fn a_tree_holds_everything_once() {
        let packing = packed();
        assert_eq!(packing.units(&[PALLET], 4), [unit(1), unit(2), unit(3)]);
        assert_eq!(packing.units(&[PALLET], 2), Vec::<String>::new());
        assert_eq!(packing.units(&[&case(1), PALLET, &unit(1), &unit(7)], 4), [1, 2, 3, 7].map(unit));
        let roots = [Epc::parse(PALLET)];
        let tree = Tree::expand(&packing.store, &Caller::operator(), &roots, at(4)).unwrap();
        let (place, node) = tree.find(&key(&unit(3))).unwrap();
        assert!(node.event().is_some() && !tree.is_container(place));
        assert_eq!(
            tree.containers_of(place).map(|node| node.epc.as_str()).collect::<Vec<_>>(),
            [&case(2), PALLET]
        );
        assert_eq!(tree.children(0).count(), 2);
        let empty = Tree::expand(&packing.store, &Caller::operator(), &roots, at(0)).unwrap();
        assert_eq!(empty.unexplained().count(), 1);
    }

    #[test]
    fn the_last_container_to_take_it_in_has_it() {
        let packing = packed();
        packing.take(&[event(5, "ADD", &case(2), &[unit(1)]), event(6, "ADD", &case(3), &[unit(2)])]);
        assert_eq!(packing.children(&case(1), 6), Vec::<String>::new());
        assert_eq!(packing.children(&case(1), 5), [unit(2)]);
        assert_eq!(packing.units(&[&case(1)], 4), [unit(1), unit(2)]);
        assert_eq!(packing.units(&[&case(1), &case(2)], 5), [1, 2, 3].map(unit));
        assert_eq!(packing.units(&[&case(2), &case(3)], 9), [1, 2, 3].map(unit));
    }

    #[test]
    fn a_ring_of_containers_ends() {
        let packing = packed();
        let outer = "urn:epc:id:sscc:0614141.0000000002".to_owned();
        packing.take(&[event(4, "ADD", &outer, &[PALLET.to_owned()]), event(5, "ADD", PALLET, &[outer])]);
        assert_eq!(packing.units(&[PALLET], 6), [1, 2, 3].map(unit));
        let ancestors = ancestors_at(&packing.store, &Caller::operator(), &key(&unit(1)), at(6)).unwrap();
        assert_eq!(ancestors.len(), 3);
    }

    #[test]
    fn a_tower_of_containers_is_refused() {
        let packing = Packing::new();
        let sscc = |level: usize| format!("urn:epc:id:sscc:0614141.{level:010}");
        let events: Vec<_> = (0..20).map(|level| event(1, "ADD", &sscc(level), &[sscc(level + 1)])).collect();
        packing.take(&events);
        let tower = Tree::expand(&packing.store, &Caller::operator(), &[Epc::parse(&sscc(0))], at(2));
        assert!(matches!(tower, Err(HierarchyError::TooDeep(_))));
        let ancestors = ancestors_at(&packing.store, &Caller::operator(), &key(&sscc(20)), at(2));
        assert!(matches!(ancestors, Err(HierarchyError::TooDeep(_))));
    }
}
