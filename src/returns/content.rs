//! Which sale a unit was in, and what a sealed case held then and holds now.

use std::collections::BTreeSet;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::reconcile::hierarchy;
use crate::reconcile::hierarchy::MOST_LEVELS;
use crate::reconcile::hierarchy::Tree;
use crate::returns::ReturnError;
use crate::store::ShipmentParties;
use crate::store::Store;
use crate::store::StoreError;

/// Packages of one case; what holds more is no case.
const MOST_PACKAGES: usize = 10_000;

/// A shipment of ours that a unit was in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sale {
    /// Its number.
    pub(super) shipment: i64,
    /// The document that tells it.
    pub(super) document: i64,
    /// When it was shipped.
    pub(super) at: DateTime<Utc>,
    /// Who bought it: GLN or key; empty where the shipment does not say.
    pub(super) buyer: String,
    /// True where that is the customer.
    pub(super) to_customer: bool,
}

/// What a case held when it was sold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// Its packages.
    pub(super) packages: Vec<Epc>,
    /// True where something left it, or came into it, since.
    pub(super) changed: bool,
}

/// We and the customer, each with every GLN that our list of partners gives it.
#[derive(Clone, Debug)]
pub(super) struct Sides {
    own: BTreeSet<String>,
    customer: BTreeSet<String>,
}

impl Sides {
    pub(super) fn of(store: &Store, caller: &Caller, own: Gln, customer: Gln) -> Result<Sides, StoreError> {
        let all = |gln: Gln| -> Result<BTreeSet<String>, StoreError> {
            let partner = store.partner_with_gln(caller, gln)?;
            let others = partner.iter().flat_map(|partner| &partner.glns).map(|other| other.gln.to_string());
            Ok(others.chain([gln.to_string()]).collect())
        };
        Ok(Sides { own: all(own)?, customer: all(customer)? })
    }

    /// The sale that a shipment is; `None` where it is not ours, or goes from us to us.
    fn sale(&self, shipment: &ShipmentParties) -> Option<Sale> {
        let buyer = if shipment.buyer.is_empty() { &shipment.ship_to } else { &shipment.buyer };
        if !self.own.contains(&shipment.seller) || self.own.contains(buyer) {
            return None;
        }
        Some(Sale {
            shipment: shipment.id,
            document: shipment.document,
            at: DateTime::from_timestamp_micros(shipment.time).unwrap_or_default(),
            buyer: buyer.clone(),
            to_customer: self.customer.contains(buyer),
        })
    }
}

/// The newest sale of each of these packages, by their keys.
pub(super) fn sales(
    store: &Store,
    caller: &Caller,
    sides: &Sides,
    keys: &[&str],
) -> Result<HashMap<String, Sale>, ReturnError> {
    let mut found = HashMap::new();
    let mut rest: Vec<&str> = keys.to_vec();
    rest.sort_unstable();
    rest.dedup();
    for sale in sales_with(store, caller, sides, &rest)? {
        if rest.is_empty() {
            break;
        }
        for key in store.units_in_shipment(caller, sale.shipment, &rest)? {
            rest.retain(|other| *other != key);
            found.insert(key, sale.clone());
        }
    }
    Ok(found)
}

/// The newest sale of a case, and what was in it then; no packages where nobody tells.
pub(super) fn sale_of_case(
    store: &Store,
    caller: &Caller,
    sides: &Sides,
    (case, now): (&Epc, DateTime<Utc>),
) -> Result<(Option<Sale>, Content), ReturnError> {
    let key = case.key();
    for sale in sales_with(store, caller, sides, &[&key])? {
        let then = packages(store, caller, (case, sale.at))?;
        let mut keys: Vec<String> = then.iter().map(Epc::key).collect();
        if keys.is_empty() {
            keys.push(key.clone());
        }
        keys.sort_unstable();
        let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
        if store.units_in_shipment(caller, sale.shipment, &asked)?.len() == keys.len() {
            let today: BTreeSet<String> =
                packages(store, caller, (case, now))?.iter().map(Epc::key).collect();
            let changed = !then.is_empty() && today != keys.into_iter().collect();
            return Ok((Some(sale), Content { packages: then, changed }));
        }
    }
    let packages = packages(store, caller, (case, now))?;
    Ok((None, Content { packages, changed: false }))
}

/// Our sales that list one of these or something they were ever in, the newest first.
fn sales_with(
    store: &Store,
    caller: &Caller,
    sides: &Sides,
    keys: &[&str],
) -> Result<Vec<Sale>, ReturnError> {
    let mut all: BTreeSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let mut inner = all.clone();
    for _ in 0..MOST_LEVELS {
        let asked: Vec<&str> = inner.iter().map(String::as_str).collect();
        let outer = hierarchy::containers_ever(store, caller, &asked)?;
        inner = outer.difference(&all).cloned().collect();
        if inner.is_empty() {
            break;
        }
        all.extend(inner.iter().cloned());
    }
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut shipments: Vec<i64> = store.shipments_with(&all)?.into_iter().map(|(_, id, _)| id).collect();
    shipments.sort_unstable();
    shipments.dedup();
    let shipments = store.shipment_parties(caller, &shipments)?;
    Ok(shipments.iter().filter_map(|shipment| sides.sale(shipment)).collect())
}

/// The packages in a case at a moment; none where nobody tells, or where there are more than a case holds.
fn packages(
    store: &Store,
    caller: &Caller,
    (case, at): (&Epc, DateTime<Utc>),
) -> Result<Vec<Epc>, ReturnError> {
    let at = at.timestamp_micros();
    let tree = Tree::expand(store, caller, std::slice::from_ref(case), at)?;
    if tree.nodes().len() > MOST_PACKAGES {
        return Ok(Vec::new());
    }
    let tree = tree.without_strays(store, caller, at)?;
    let own = case.key();
    Ok(tree.units().map(|node| node.epc.clone()).filter(|epc| epc.key() != own).collect())
}
