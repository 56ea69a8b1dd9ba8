//! Transaction information and statement of any shipment, package, lot or order, gathered from what was captured.

mod csv;
mod gather;
mod json;
mod text;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::access::Caller;
use crate::dscsa::TransactionInformation;
use crate::dscsa::TransactionStatement;
use crate::dscsa::transaction::Purchase;
use crate::epcis::EventKind;
use crate::epcis::query::StoredEvent;
use crate::export::ExportError;
use crate::export::transactions::gather::Gathering;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::reconcile::hierarchy;
use crate::store::EventHead;
use crate::store::Mention;
use crate::store::ShipmentFilter;
use crate::store::Store;

pub use csv::to_csv;
pub use json::to_json;
pub use text::to_text;

/// Shipments of one answer.
const MOST_SHIPMENTS: usize = 100;

/// Containers that a package or the packages of a lot were ever in.
const MOST_CONTAINERS: usize = 100_000;

/// Whose transactions are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A shipment, by the number of its shipping event.
    Shipment(i64),
    /// An order, a despatch advice or another business transaction, by its URI or its number alone.
    Order(String),
    /// A package, case or logistic unit.
    Package(Epc),
    /// A lot of a trade item.
    Lot(Gtin, String),
}

/// One transaction: what was shipped with one shipping event, as far as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The number of the shipping event.
    pub shipment: i64,
    /// The number of the document that event came with.
    pub document: i64,
    /// Business transactions of the shipment: the bare word of the type, and the URI as sent.
    pub references: Vec<(String, String)>,
    /// Transaction information.
    pub information: TransactionInformation,
    /// The transaction statement of the document.
    pub statement: Option<TransactionStatement>,
    /// What the seller says of how it came by the product.
    pub purchase: Purchase,
}

/// The transactions that are asked for, the earliest first.
pub fn transactions(
    store: &Store,
    caller: &Caller,
    question: &Question,
) -> Result<Vec<Transaction>, ExportError> {
    let shipments = shipments(store, caller, question)?;
    let mut gathering = Gathering::new(store, caller);
    let mut found = Vec::new();
    for shipping in shipments {
        found.extend(gathering.transaction(&shipping, question)?);
    }
    if found.is_empty() {
        return Err(ExportError::NotFound(question.unknown()));
    }
    Ok(found)
}

impl Question {
    fn unknown(&self) -> String {
        match self {
            Question::Shipment(id) => format!(
                "there is no shipment {id}, or it was voided; a shipment is known by the number of its shipping event"
            ),
            Question::Order(order) => {
                format!("no shipment names the order {order}; try its whole URI, urn:epcglobal:cbv:bt:…")
            }
            Question::Package(epc) => format!("no shipment of {epc} is known, nor of a container it was in"),
            Question::Lot(gtin, lot) => format!("no shipment of the lot {lot} of GTIN {gtin} is known"),
        }
    }
}

/// The shipping events that may concern the question.
fn shipments(store: &Store, caller: &Caller, question: &Question) -> Result<Vec<StoredEvent>, ExportError> {
    let heads = match question {
        Question::Shipment(id) => {
            let found = store.events_numbered(caller, &[*id])?;
            return Ok(found.into_iter().filter(|found| gather::is_shipping(&found.event)).collect());
        }
        Question::Order(order) => return of_order(store, caller, order),
        Question::Package(epc) => {
            let objects = with_containers(store, caller, BTreeSet::from([epc.key()]))?;
            store.heads(caller, (Mention::Item, &texts(&objects)), EventKind::Object, i64::MAX)?
        }
        Question::Lot(gtin, lot) => {
            let units = units_of(store, caller, *gtin, lot)?;
            let objects = with_containers(store, caller, units)?;
            store.heads(caller, (Mention::Item, &texts(&objects)), EventKind::Object, i64::MAX)?
        }
    };
    read(store, heads)
}

/// Reads those of these events that are shipments.
fn read(store: &Store, mut heads: Vec<EventHead>) -> Result<Vec<StoredEvent>, ExportError> {
    heads.retain(|head| head.biz_step.as_deref() == Some("shipping"));
    if heads.len() > MOST_SHIPMENTS {
        let message = format!("{} shipments are concerned; ask for them one by one", heads.len());
        return Err(ExportError::TooMuch(message));
    }
    Ok(store.events_of(&heads)?)
}

/// By the URI, found in the events; by the number alone, in the ledger of shipments.
fn of_order(store: &Store, caller: &Caller, order: &str) -> Result<Vec<StoredEvent>, ExportError> {
    let key = Epc::parse(order).key();
    let heads = store.heads(caller, (Mention::BizTransaction, &[&key]), EventKind::Object, i64::MAX)?;
    let mut found: BTreeMap<i64, StoredEvent> =
        read(store, heads)?.into_iter().map(|stored| (stored.id, stored)).collect();
    let filter = ShipmentFilter { order: Some(order.to_owned()), ..ShipmentFilter::default() };
    let most = i64::try_from(MOST_SHIPMENTS).unwrap_or(i64::MAX);
    for shipment in store.shipments(caller, &filter, None, most)? {
        if !found.contains_key(&shipment.id) {
            let stored = store.events_numbered(caller, &[shipment.id])?;
            found.extend(stored.into_iter().map(|stored| (stored.id, stored)));
        }
    }
    let mut found: Vec<StoredEvent> = found.into_values().collect();
    found.sort_by(|one, other| (&one.event.time, one.id).cmp(&(&other.event.time, other.id)));
    Ok(found)
}

/// The packages that were commissioned with this lot number, by their keys.
fn units_of(store: &Store, caller: &Caller, gtin: Gtin, lot: &str) -> Result<BTreeSet<String>, ExportError> {
    let value = format!("{gtin}\n{lot}");
    let mut units = BTreeSet::new();
    for kind in [EventKind::Object, EventKind::Transformation] {
        for head in store.heads(caller, (Mention::Lot, &[&value]), kind, i64::MAX)? {
            for stored in store.events_of(&[head])? {
                let epcs = gather::commissioned(&stored.event).iter();
                units.extend(epcs.filter(|epc| epc.gtin() == Some(gtin)).map(Epc::key));
            }
            if units.len() > hierarchy::MOST_OBJECTS {
                let message = format!("the lot {lot} of GTIN {gtin} has too many packages for one answer");
                return Err(ExportError::TooMuch(message));
            }
        }
    }
    Ok(units)
}

/// These objects and all containers that they were ever in, in the others, and so on.
fn with_containers(
    store: &Store,
    caller: &Caller,
    objects: BTreeSet<String>,
) -> Result<BTreeSet<String>, ExportError> {
    let (mut all, mut inner) = (objects.clone(), objects);
    for _ in 0..hierarchy::MOST_LEVELS {
        let outer = hierarchy::containers_ever(store, caller, &texts(&inner))?;
        inner = outer.difference(&all).cloned().collect();
        if inner.is_empty() {
            break;
        }
        all.extend(inner.iter().cloned());
        if inner.len() > MOST_CONTAINERS {
            let message = "they were in too many containers for one answer; ask for shipments one by one";
            return Err(ExportError::TooMuch(message.to_owned()));
        }
    }
    Ok(all)
}

fn texts(keys: &BTreeSet<String>) -> Vec<&str> {
    keys.iter().map(String::as_str).collect()
}
