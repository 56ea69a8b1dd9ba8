//! What one document says, as the law and the guideline see it: products, lots, owners; in bounded space.

mod catalogue;
mod content;
mod ilmd;
mod release;
mod transfer;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::gs1::Epc;
use crate::gs1::Gtin;

pub use catalogue::Catalogue;
pub use catalogue::Entry;
pub use catalogue::party_key;
pub use content::Class;
pub use content::Content;
pub use content::LONGEST_SERIAL;
pub use content::before_serial;
pub use content::family;
pub use content::indicator;
pub use ilmd::Ilmd;
pub use ilmd::date;
pub use release::Marks;
pub use release::Release;
pub use release::detect;
pub use release::header_element;
pub use release::header_text;
pub use transfer::Transfer;
pub use transfer::disposition;
pub use transfer::step;
pub use transfer::transaction;

/// Namespace of the US healthcare extension, in every release.
pub const USHC_NAMESPACE: &str = "http://epcis.gs1us.org/hc/ns";

/// Entries kept in each list; what is beyond is no more told apart.
const MOST: usize = 20_000;

/// What the events read so far say, by product, lot and owner and not by item.
#[derive(Debug, Default)]
pub struct Survey {
    /// When the document was made: the later of `creationDate` and the SBDH's.
    pub created: Option<EventTime>,
    /// True where the document goes from one company to another, or states a transaction.
    pub between_parties: bool,
    /// Products by family: what all packaging levels of one product share.
    pub products: BTreeMap<Box<str>, Product>,
    /// Lots by family and lot number.
    pub lots: BTreeMap<(Box<str>, Box<str>), Lot>,
    /// Spellings of each GTIN up to the serial number; the first alone.
    pub spellings: BTreeMap<Gtin, Box<str>>,
    /// Owners named in shipments, each with its first event.
    pub owners: BTreeMap<Box<str>, u64>,
    /// Places named in shipments, each with its first event.
    pub places: BTreeMap<Box<str>, u64>,
    /// Who sold, in shipments that change the owner.
    pub sellers: BTreeSet<Box<str>>,
    /// Who bought, in shipments that change the owner.
    pub buyers: BTreeSet<Box<str>>,
    /// The first shipment that changes the owner.
    pub first_transfer: Option<u64>,
    /// The first such shipment that does not name both its ship-from and its ship-to location.
    pub without_place: Option<u64>,
    /// True where an event has elements of the US healthcare namespace.
    pub us_extension: bool,
    /// Constructs that tell the releases apart.
    pub marks: Marks,
    /// The latest event so far that is not in the future of the document.
    pub latest: Option<EventTime>,
}

/// One product of the document.
#[derive(Debug)]
pub struct Product {
    /// Its GTINs, one for each packaging level met; the lowest level first.
    pub levels: BTreeSet<Gtin>,
    /// Its lots.
    pub lots: BTreeSet<Box<str>>,
    /// The first event that names it.
    pub event: u64,
    /// True where it was shipped or commissioned.
    pub traded: bool,
}

/// One lot of a product.
#[derive(Debug)]
pub struct Lot {
    /// The GTIN under which the lot was first met.
    pub gtin: Gtin,
    /// Its expiry date as first sent.
    pub expiry: Box<str>,
}

impl Survey {
    /// Begins with what stands before the events.
    pub fn new(header: &Header) -> Survey {
        let dates =
            [Some(&*header.creation_date), header.sbdh.as_ref().and_then(|sbdh| sbdh.creation_date())];
        let created = dates.into_iter().flatten().filter_map(|text| EventTime::parse(text.trim()).ok()).max();
        let sbdh = header.sbdh.as_ref();
        let parties = sbdh.and_then(|sbdh| Some((sbdh.sender()?, sbdh.receiver()?)));
        let between_parties = parties.is_some_and(|(sender, receiver)| sender != receiver)
            || header_element(header, "dscsaTransactionStatement").is_some();
        Survey { created, between_parties, ..Survey::default() }
    }

    /// Takes in one event.
    pub fn record(
        &mut self,
        position: u64,
        event: &Event,
        content: &Content<'_>,
        transfer: Option<Transfer<'_>>,
    ) {
        let ilmd = Ilmd::of(event);
        self.record_classes(position, content, &ilmd, matches!(step(event), "commissioning" | "shipping"));
        if let Some(transfer) = transfer {
            self.record_transfer(position, transfer);
        }
        self.us_extension |=
            ilmd.old || event.extensions.iter().any(|e| &*e.name.namespace == USHC_NAMESPACE);
        self.marks.see(&event.extensions);
        if self.latest.as_ref().is_none_or(|latest| *latest < event.time) && !self.is_future(&event.time) {
            self.latest = Some(event.time.clone());
        }
    }

    /// True for a time more than five minutes behind the making of the document.
    pub fn is_future(&self, time: &EventTime) -> bool {
        self.created.as_ref().is_some_and(|created| time.seconds() > created.seconds() + SKEW)
    }

    fn record_classes(&mut self, position: u64, content: &Content<'_>, ilmd: &Ilmd<'_>, traded: bool) {
        for class in &content.classes {
            let gtin = class.gtin;
            if self.spellings.len() < MOST {
                self.spellings.entry(gtin).or_insert_with(|| class.prefix.into());
            }
            if self.products.len() >= MOST && !self.products.contains_key(family(&gtin)) {
                continue;
            }
            let product = self.products.entry(family(&gtin).into()).or_insert_with(|| Product {
                levels: BTreeSet::new(),
                lots: BTreeSet::new(),
                event: position,
                traded: false,
            });
            product.levels.insert(gtin);
            product.traded |= traded;
            let Some(lot) = ilmd.lot() else { continue };
            if self.lots.len() < MOST {
                product.lots.insert(lot.into());
                let expiry = ilmd.expiry().unwrap_or_default();
                self.lots
                    .entry((family(&gtin).into(), lot.into()))
                    .or_insert_with(|| Lot { gtin, expiry: expiry.into() });
            }
        }
    }

    fn record_transfer(&mut self, position: u64, transfer: Transfer<'_>) {
        self.first_transfer.get_or_insert(position);
        let Transfer { seller, buyer, ship_from, ship_to } = transfer;
        if ship_from.is_none() || ship_to.is_none() {
            self.without_place.get_or_insert(position);
        }
        let named = |party: Option<&Epc>| party.map(party_key);
        for (list, parties) in [(&mut self.owners, [seller, buyer]), (&mut self.places, [ship_from, ship_to])]
        {
            for party in parties.into_iter().filter_map(named).take(MOST - list.len().min(MOST)) {
                list.entry(party).or_insert(position);
            }
        }
        for (list, party) in [(&mut self.sellers, seller), (&mut self.buyers, buyer)] {
            list.extend(named(party).filter(|_| list.len() < MOST));
        }
    }
}

/// Seconds by which clocks may differ.
pub const SKEW: i64 = 300;
