//! What goes with a shipment: everything in it at the time, with the events that the file says again.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::access::Caller;
use crate::dscsa::LotAndExpiry;
use crate::epcis::Action;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::Location;
use crate::epcis::MASTER_DATA_NAMESPACE;
use crate::epcis::Name;
use crate::epcis::Term;
use crate::epcis::What;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::export::ExportError;
use crate::export::shipment::ShipmentRequest;
use crate::export::shipment::standing;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::reconcile::commissioning::Commissioning;
use crate::reconcile::commissioning::Commissionings;
use crate::reconcile::hierarchy;
use crate::reconcile::hierarchy::Tree;
use crate::store::Store;

/// Reasons told at one time.
const MOST_REASONS: usize = 20;

/// The content of a shipment.
pub(super) struct Content {
    /// Commissioning and packing of exactly what ships, in the order of time.
    pub(super) events: Vec<Event>,
    /// Every trade item in it, cases too: one of them, the document that it was commissioned with, and whether packages
    /// of it are sold.
    pub(super) trade_items: BTreeMap<Gtin, TradeItem>,
    /// Items that are held or recalled and leave all the same, in words.
    pub(super) held: Vec<String>,
}

/// A trade item in a shipment.
pub(super) struct TradeItem {
    pub(super) example: Epc,
    pub(super) commissioning: Commissioning,
    /// True for packages; false for cases, which have something in them.
    pub(super) is_package: bool,
}

impl Content {
    pub(super) fn gather(
        store: &Store,
        caller: &Caller,
        request: &ShipmentRequest,
    ) -> Result<Content, ExportError> {
        let at = request.time.microseconds();
        let mut reasons = Vec::new();
        for epc in &request.epcs {
            let parent = hierarchy::parent_at(store, caller, &epc.key(), at)?;
            if let Some(parent) = parent.filter(|parent| !request.epcs.contains(&parent.epc)) {
                reasons.push(format!(
                    "{epc} is in {}; ship that, or capture the event that takes it out (AggregationEvent, DELETE)",
                    parent.epc
                ));
            }
        }
        let tree = Tree::expand(store, caller, &request.epcs, at)?.without_strays(store, caller, at)?;
        for node in tree.unexplained() {
            reasons.push(format!("nobody has told what is in {}; capture its packing event", node.epc));
        }
        let keys: Vec<String> = tree.nodes().iter().map(|node| node.epc.key()).collect();
        let commissionings = Commissionings::of(store, caller, &keys)?;
        for node in tree.nodes() {
            reasons.extend(lack(&node.epc, &commissionings, request));
        }
        let mut held = standing::held(store, caller, (&tree, &commissionings))?;
        if request.despite_holds.is_none() && !held.is_empty() {
            reasons.append(&mut held);
            let mend = "leave out what is held or recalled, release it, or say why it leaves all the same (--despite-holds)";
            reasons.insert(0, mend.to_owned());
        }
        if request.epcs.is_empty() {
            reasons.push("nothing is to be shipped; name the EPCs of what lies open on the truck".to_owned());
        }
        refuse(reasons)?;
        let mut dated = commissioned(&tree, &commissionings);
        dated.extend(packed(store, caller, &tree)?);
        dated.sort_by(|one, other| {
            let order = |own: &Dated| (own.event.time.clone(), own.rank, Reverse(own.depth));
            order(one).cmp(&order(other))
        });
        let events = dated.into_iter().map(|dated| dated.event).collect();
        Ok(Content { events, trade_items: trade_items(&tree, &commissionings), held })
    }
}

/// Refuses where there are reasons to, the first of which it tells.
pub(super) fn refuse(mut reasons: Vec<String>) -> Result<(), ExportError> {
    if reasons.is_empty() {
        return Ok(());
    }
    let more = reasons.len().saturating_sub(MOST_REASONS);
    reasons.truncate(MOST_REASONS);
    if more > 0 {
        reasons.push(format!("and {more} more"));
    }
    Err(ExportError::Refused(reasons))
}

/// What the file could not say of an object.
fn lack(epc: &Epc, commissionings: &Commissionings, request: &ShipmentRequest) -> Option<String> {
    let Some(commissioning) = commissionings.find(&epc.key()) else {
        return Some(format!(
            "{epc} was never commissioned as far as is known; capture its commissioning event"
        ));
    };
    if commissioning.event.time > request.time {
        let time = commissioning.event.time.as_str();
        return Some(format!(
            "{epc} was commissioned at {time}, after the time of the shipment; mend one of them"
        ));
    }
    let LotAndExpiry { lot, expiry } = &commissioning.lot;
    if epc.gtin().is_some() && (lot.is_none() || expiry.is_none()) {
        return Some(format!(
            "the commissioning of {epc} tells no {}; ask who commissioned it for a corrected file",
            if lot.is_none() { "lot" } else { "expiration date" }
        ));
    }
    None
}

/// An event with what decides its place among those of the same time.
struct Dated {
    event: Event,
    /// Commissioning before packing.
    rank: u8,
    /// Inner before outer.
    depth: usize,
}

/// What ships of one commissioning event and trade item.
type Group<'a> = (&'a Commissioning, Vec<Epc>);

/// One event for each commissioning event and trade item, of what ships alone.
fn commissioned(tree: &Tree, commissionings: &Commissionings) -> Vec<Dated> {
    let mut groups: BTreeMap<(i64, Option<String>), Group<'_>> = BTreeMap::new();
    for node in tree.nodes() {
        let Some(commissioning) = commissionings.find(&node.epc.key()) else { continue };
        let group = groups.entry((commissioning.id, node.epc.class_key()));
        group.or_insert((commissioning, Vec::new())).1.push(node.epc.clone());
    }
    let events = groups.into_values().map(|(commissioning, epcs)| {
        let is_item = epcs.first().is_some_and(|epc| epc.gtin().is_some());
        let what = What::Object { action: Action::Add, epcs, quantities: Vec::new() };
        let mut event = again(&commissioning.event, what, ("commissioning", "active"));
        event.ilmd = is_item.then(|| ilmd(&commissioning.lot));
        Dated { event, rank: 0, depth: 0 }
    });
    events.collect()
}

/// One event for each container, of its children that ship; its time is that of the event that put the last of them in.
fn packed(store: &Store, caller: &Caller, tree: &Tree) -> Result<Vec<Dated>, ExportError> {
    let mut containers: BTreeMap<usize, (Vec<Epc>, BTreeSet<i64>)> = BTreeMap::new();
    for node in tree.nodes() {
        if let (Some(parent), Some(event)) = (node.parent, node.event()) {
            let (children, events) = containers.entry(parent).or_default();
            children.push(node.epc.clone());
            events.insert(event);
        }
    }
    let numbers: BTreeSet<i64> = containers.values().flat_map(|(_, events)| events).copied().collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let mut packings: HashMap<i64, Event> = HashMap::new();
    for stored in store.events_numbered(caller, &numbers)? {
        let mut event = stored.event;
        event.what = What::Aggregation {
            action: Action::Add,
            parent: None,
            children: Vec::new(),
            quantities: Vec::new(),
        };
        packings.insert(stored.id, event);
    }
    let mut dated = Vec::new();
    for (place, (children, events)) in containers {
        let last = events.iter().filter_map(|id| packings.get(id)).max_by_key(|event| event.time.clone());
        let Some((packing, node)) = last.zip(tree.nodes().get(place)) else { continue };
        let parent = Some(node.epc.clone());
        let what = What::Aggregation { action: Action::Add, parent, children, quantities: Vec::new() };
        let event = again(packing, what, ("packing", "in_progress"));
        dated.push(Dated { event, rank: 1, depth: tree.containers_of(place).count() });
    }
    Ok(dated)
}

/// An event at the time and place of another, with the words of the guideline.
fn again(event: &Event, what: What, (step, disposition): (&str, &str)) -> Event {
    let place = |place: &Option<Location>| {
        place.as_ref().map(|place| Location { id: place.id.clone(), extensions: Vec::new() })
    };
    Event {
        biz_step: Term::listed(StandardVocabulary::BizStep, step),
        disposition: Term::listed(StandardVocabulary::Disposition, disposition),
        read_point: place(&event.read_point),
        biz_location: place(&event.biz_location),
        ..Event::new(event.time.clone(), event.time_zone_offset, what)
    }
}

/// Lot before expiry, as some receivers need them.
fn ilmd(lot: &LotAndExpiry) -> Vec<Element> {
    [("lotNumber", &lot.lot), ("itemExpirationDate", &lot.expiry)]
        .into_iter()
        .filter_map(|(name, told)| {
            let (text, _) = told.as_ref()?;
            Some(Element::with_text(Name::new(MASTER_DATA_NAMESPACE, name), "cbvmda", text.clone()))
        })
        .collect()
}

fn trade_items(tree: &Tree, commissionings: &Commissionings) -> BTreeMap<Gtin, TradeItem> {
    let mut items: BTreeMap<Gtin, TradeItem> = BTreeMap::new();
    for (place, node) in tree.nodes().iter().enumerate() {
        let known = node.epc.gtin().zip(commissionings.find(&node.epc.key()));
        let Some((gtin, commissioning)) = known else { continue };
        items.entry(gtin).or_insert_with(|| TradeItem {
            example: node.epc.clone(),
            commissioning: commissioning.clone(),
            is_package: !tree.is_container(place),
        });
    }
    items
}
