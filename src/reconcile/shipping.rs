//! Shipments of a document, each with the units that went with it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::io;

use crate::access::Caller;
use crate::epcis::EventKind;
use crate::gs1::Epc;
use crate::reconcile::docket::Book;
use crate::reconcile::docket::Classes;
use crate::reconcile::docket::Mark;
use crate::reconcile::docket::MarkKind;
use crate::reconcile::docket::Spool;
use crate::reconcile::hierarchy::HierarchyError;
use crate::reconcile::hierarchy::Tree;
use crate::reconcile::ledger::ReconcileError;
use crate::reconcile::trail::Trail;
use crate::store::Mention;
use crate::store::ShipmentRecord;
use crate::store::Store;
use crate::store::StoreError;

/// Units in one block of a shipment.
const BLOCK: usize = 4_096;

/// Set in the number of a container that the document itself says nothing of.
const ELSEWHERE: u32 = 1 << 31;

/// Units of all shipments of a document, brought item by item and written shipment by shipment.
pub(super) struct ShippedUnits<'a> {
    store: &'a Store,
    classes: Classes,
    spool: Spool,
    lots: Vec<i64>,
    counts: Vec<u64>,
    /// Whether items of a class may hold others, as some event put something into one.
    holding: HashMap<String, bool>,
    /// What was shipped closed, its content told in earlier documents: by shipment, keys.
    closed: BTreeMap<u32, Vec<String>>,
    /// Containers that the document itself says nothing of.
    elsewhere: Vec<String>,
}

impl<'a> ShippedUnits<'a> {
    pub(super) fn new(store: &'a Store, book: &Book) -> ShippedUnits<'a> {
        ShippedUnits {
            store,
            classes: Classes::default(),
            spool: Spool::default(),
            lots: Vec::new(),
            counts: vec![0; book.shipments.len()],
            holding: HashMap::new(),
            closed: BTreeMap::new(),
            elsewhere: Vec::new(),
        }
    }

    /// Adds an item to the shipments that it went with, if it is a saleable unit; what may hold units that only earlier
    /// documents name is opened later.
    pub(super) fn add(&mut self, trail: &Trail<'_>, lot: Option<i64>) -> Result<(), ReconcileError> {
        if trail.container.is_some() {
            return Ok(());
        }
        for shipment in trail.shipments().iter().copied() {
            if trail.is_logistic_unit() || self.may_hold(trail.key)? {
                self.closed.entry(shipment).or_default().push(trail.key.to_owned());
            } else if trail.is_unit() {
                let container = trail.stay_of(shipment).map_or(u32::MAX, |stay| stay.container);
                self.push(shipment, trail.key, (container, lot))?;
            }
        }
        Ok(())
    }

    fn push(&mut self, shipment: u32, key: &str, (container, lot): (u32, Option<i64>)) -> io::Result<()> {
        if let Some(count) = self.counts.get_mut(shipment as usize) {
            *count += 1;
        }
        let class = self.classes.of(&format!("{shipment:010}"));
        // The container is the event of a mark here, the lot its reference.
        let mark = Mark { event: container, kind: MarkKind::Shipped, reference: self.lot(lot) };
        self.spool.push(&self.classes, class, key, mark)
    }

    fn may_hold(&mut self, key: &str) -> Result<bool, StoreError> {
        let Some(class) = key.strip_prefix("/01/").and_then(|rest| rest.get(..14)) else { return Ok(false) };
        if let Some(known) = self.holding.get(class) {
            return Ok(*known);
        }
        let holds = self.store.has_parents_of(&format!("/01/{class}"))?;
        self.holding.insert(class.to_owned(), holds);
        Ok(holds)
    }

    /// Adds what is in the containers that were shipped closed, as earlier documents tell it.
    fn open(&mut self, book: &Book) -> Result<(), ReconcileError> {
        for (shipment, keys) in std::mem::take(&mut self.closed) {
            let Some(time) = book.shipment(shipment).map(|note| note.time) else { continue };
            let roots: Vec<Epc> = keys.iter().map(|key| epc_of(key)).collect();
            let tree = match Tree::expand(self.store, &Caller::operator(), &roots, time) {
                Ok(tree) => tree,
                Err(HierarchyError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(%error, "the content of a shipment cannot be told");
                    continue;
                }
            };
            let units: Vec<(String, Option<String>)> = tree
                .units()
                .map(|unit| {
                    let parent = unit.parent.and_then(|parent| tree.nodes().get(parent));
                    (unit.epc.key(), parent.map(|parent| parent.epc.key()))
                })
                .filter(|(key, _)| key.starts_with("/01/"))
                .collect();
            for (key, parent) in &units {
                let container = self.container(book, parent.as_deref());
                self.push(shipment, key, (container, None))?;
            }
        }
        Ok(())
    }

    fn container(&mut self, book: &Book, key: Option<&str>) -> u32 {
        let Some(key) = key else { return u32::MAX };
        if let Some(number) = book.containers.find(key) {
            return number;
        }
        if self.elsewhere.last().is_none_or(|last| last != key) {
            self.elsewhere.push(key.to_owned());
        }
        ELSEWHERE | u32::try_from(self.elsewhere.len() - 1).unwrap_or(0)
    }

    fn lot(&mut self, lot: Option<i64>) -> u32 {
        let Some(lot) = lot else { return u32::MAX };
        let known = self.lots.iter().rposition(|known| *known == lot);
        let at = known.unwrap_or_else(|| {
            self.lots.push(lot);
            self.lots.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Writes the shipments of the document down.
    pub(super) fn write(mut self, document: i64, book: &Book) -> Result<(), ReconcileError> {
        self.open(book)?;
        let store = self.store;
        for (shipment, units) in book.shipments.iter().zip(&self.counts) {
            if book.is_known(shipment.event) {
                store.put_shipment(&ShipmentRecord {
                    id: book.fact(shipment.event).event,
                    document,
                    time: shipment.time,
                    seller: shipment.seller.clone(),
                    buyer: shipment.buyer.clone(),
                    ship_from: shipment.ship_from.clone(),
                    ship_to: shipment.ship_to.clone(),
                    purchase_orders: shipment.purchase_orders.clone(),
                    despatch_advices: shipment.despatch_advices.clone(),
                    roots: shipment.roots.clone(),
                    units: *units,
                })?;
            }
        }
        let mut block = Block::default();
        let (lots, elsewhere) = (std::mem::take(&mut self.lots), std::mem::take(&mut self.elsewhere));
        self.spool.visit(&self.classes, |class, key, marks| {
            let shipment = self.classes.text(class).parse().unwrap_or(u32::MAX);
            let Some(note) = book.shipment(shipment).filter(|note| book.is_known(note.event)) else {
                return Ok(());
            };
            let event = book.fact(note.event).event;
            let parent = marks.first().map_or("", |mark| match mark.event & ELSEWHERE {
                _ if mark.event == u32::MAX => "",
                0 => book.containers.key(mark.event),
                _ => elsewhere.get((mark.event ^ ELSEWHERE) as usize).map_or("", String::as_str),
            });
            let lot = marks.first().and_then(|mark| lots.get(mark.reference as usize)).copied();
            block.add(store, event, (key.to_owned(), parent.to_owned(), lot))
        })?;
        block.write(store)
    }
}

/// Works out anew what went with shipments, where these containers were in them, by their keys, and their content turns out
/// to be another from these times on.
pub(super) fn refresh(store: &Store, containers: BTreeMap<String, i64>) -> Result<(), ReconcileError> {
    let (mut edge, mut seen, mut shipments) = (containers, BTreeMap::new(), BTreeSet::new());
    while !edge.is_empty() {
        let keys: Vec<&str> = edge.keys().map(String::as_str).collect();
        for (root, shipment, time) in store.shipments_with(&keys)? {
            if edge.get(&root).is_some_and(|changed| *changed <= time) {
                shipments.insert(shipment);
            }
        }
        let heads =
            store.heads(&Caller::operator(), (Mention::Child, &keys), EventKind::Aggregation, i64::MAX)?;
        let mut above: BTreeMap<String, i64> = BTreeMap::new();
        for event in store.events_of(&heads)? {
            let children = event.event.what.epcs().iter().map(Epc::key);
            let changed = children.filter_map(|child| edge.get(&child).copied()).min();
            if let (Some(parent), Some(changed)) = (event.event.what.parent(), changed) {
                let known = above.entry(parent.key()).or_insert(changed);
                *known = changed.min(*known);
            }
        }
        seen.append(&mut edge);
        above.retain(|key, changed| seen.get(key).is_none_or(|known| *changed < *known));
        edge = above;
    }
    shipments.into_iter().try_for_each(|id| rewrite(store, id))
}

/// Writes the units of a shipment down as all documents together tell them.
fn rewrite(store: &Store, id: i64) -> Result<(), ReconcileError> {
    let caller = Caller::operator();
    let Some(mut shipment) = store.shipment(&caller, id)? else { return Ok(()) };
    let roots: Vec<Epc> = shipment.roots.iter().map(|key| epc_of(key)).collect();
    let tree = match Tree::expand(store, &caller, &roots, shipment.time) {
        Ok(tree) => tree,
        Err(HierarchyError::Store(error)) => return Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, shipment = id, "the content of a shipment cannot be told");
            return Ok(());
        }
    };
    let mut units: Vec<(String, String, Option<i64>)> = tree
        .units()
        .map(|unit| {
            let parent = unit.parent.and_then(|parent| tree.nodes().get(parent));
            (unit.epc.key(), parent.map(|parent| parent.epc.key()).unwrap_or_default(), None)
        })
        .filter(|(key, ..)| key.starts_with("/01/"))
        .collect();
    units.sort_unstable();
    shipment.units = units.len() as u64;
    store.put_shipment(&shipment)?;
    let mut block = Block::default();
    for unit in units {
        block.add(store, id, unit)?;
    }
    block.write(store)
}

/// The identifier of a key, which is a Digital Link but for its domain.
fn epc_of(key: &str) -> Epc {
    Epc::parse(&format!("https://id.gs1.org{key}"))
}

/// Units of one shipment on their way into the store.
#[derive(Default)]
struct Block {
    shipment: i64,
    number: i64,
    units: Vec<(String, String, Option<i64>)>,
}

impl Block {
    fn add(
        &mut self,
        store: &Store,
        shipment: i64,
        unit: (String, String, Option<i64>),
    ) -> Result<(), ReconcileError> {
        if shipment != self.shipment {
            self.write(store)?;
            (self.shipment, self.number) = (shipment, 0);
        }
        self.units.push(unit);
        if self.units.len() >= BLOCK { self.write(store) } else { Ok(()) }
    }

    fn write(&mut self, store: &Store) -> Result<(), ReconcileError> {
        self.learn_lots(store)?;
        store.put_shipment_units(self.shipment, self.number, &self.units)?;
        self.number += 1;
        self.units.clear();
        Ok(())
    }

    /// Asks the ledger for the lots that the document does not tell.
    fn learn_lots(&mut self, store: &Store) -> Result<(), StoreError> {
        let without = |unit: &&mut (String, String, Option<i64>)| unit.2.is_none();
        let unknown: Vec<String> = self.units.iter_mut().filter(without).map(|unit| unit.0.clone()).collect();
        let asked: Vec<&str> = unknown.iter().map(String::as_str).collect();
        let rows = store.item_rows(&asked)?;
        for (key, _, lot) in self.units.iter_mut().filter(without) {
            *lot = rows.get(key).and_then(|row| row.lot);
        }
        Ok(())
    }
}
