//! Shipments of a document, each with the units that went with it.

use std::io;

use crate::reconcile::docket::Book;
use crate::reconcile::docket::Classes;
use crate::reconcile::docket::Mark;
use crate::reconcile::docket::MarkKind;
use crate::reconcile::docket::Spool;
use crate::reconcile::ledger::ReconcileError;
use crate::reconcile::trail::Trail;
use crate::store::ShipmentRecord;
use crate::store::Store;

/// Units in one block of a shipment.
const BLOCK: usize = 4_096;

/// Units of all shipments of a document, brought item by item and written shipment by shipment.
pub(super) struct ShippedUnits {
    classes: Classes,
    spool: Spool,
    lots: Vec<i64>,
    counts: Vec<u64>,
}

impl ShippedUnits {
    pub(super) fn new(book: &Book) -> ShippedUnits {
        ShippedUnits {
            classes: Classes::default(),
            spool: Spool::default(),
            lots: Vec::new(),
            counts: vec![0; book.shipments.len()],
        }
    }

    /// Adds an item to the shipments that it went with, if it is a saleable unit.
    pub(super) fn add(&mut self, trail: &Trail<'_>, lot: Option<i64>) -> io::Result<()> {
        if !trail.is_unit() {
            return Ok(());
        }
        for shipment in trail.shipments() {
            if let Some(count) = self.counts.get_mut(shipment as usize) {
                *count += 1;
            }
            let class = self.classes.of(&format!("{shipment:010}"));
            // The container is the event of a mark here, the lot its reference.
            let mark = Mark {
                event: trail.stay_of(shipment).map_or(u32::MAX, |stay| stay.container),
                kind: MarkKind::Shipped,
                reference: self.lot(lot),
            };
            self.spool.push(&self.classes, class, trail.key, mark)?;
        }
        Ok(())
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
    pub(super) fn write(mut self, store: &Store, document: i64, book: &Book) -> Result<(), ReconcileError> {
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
        let lots = std::mem::take(&mut self.lots);
        self.spool.visit(&self.classes, |class, key, marks| {
            let shipment = self.classes.text(class).parse().unwrap_or(u32::MAX);
            let Some(note) = book.shipment(shipment).filter(|note| book.is_known(note.event)) else {
                return Ok(());
            };
            let event = book.fact(note.event).event;
            let parent = marks.first().map_or("", |mark| book.containers.key(mark.event));
            let lot = marks.first().and_then(|mark| lots.get(mark.reference as usize)).copied();
            block.add(store, event, (key.to_owned(), parent.to_owned(), lot))
        })?;
        block.write(store)
    }
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
        store.put_shipment_units(self.shipment, self.number, &self.units)?;
        self.number += 1;
        self.units.clear();
        Ok(())
    }
}
