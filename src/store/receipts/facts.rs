//! What is known of units that arrive: by look-ups of their keys alone, however large their shipment is.

use std::collections::BTreeSet;
use std::collections::HashMap;

use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::TextExpressionMethods;

use crate::access::Caller;
use crate::dscsa::Hold;
use crate::gs1::Gtin;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::holds;
use crate::store::items::ItemRow;
use crate::store::lots;
use crate::store::lots::LotRecord;
use crate::store::schema::finding_objects;
use crate::store::schema::findings;
use crate::store::schema::items;
use crate::store::schema::receipt_units;
use crate::store::schema::shipment_roots;
use crate::store::schema::shipment_transactions;
use crate::store::schema::shipments;
use crate::store::shipments as shipped;
use crate::store::sight;

/// How many keys one statement asks for.
const KEYS: usize = 500;

/// Containers within containers that are looked at.
const LEVELS: usize = 16;

/// Severities that hold goods.
const HOLDING: [&str; 2] = ["hard", "business"];

/// A unit that is asked about.
#[derive(Clone, Debug, Default)]
pub struct AskedUnit {
    /// Its identity.
    pub key: String,
    /// Its trade item.
    pub gtin: Option<Gtin>,
    /// Its serial number.
    pub serial: Option<String>,
    /// The lot on its label; empty where none is known.
    pub lot: String,
}

/// An open finding for the sake of which goods are held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldingFinding {
    /// Its rule.
    pub rule: String,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
}

/// What is known of a unit.
#[derive(Clone, Debug, Default)]
pub struct UnitFacts {
    /// Its row in the ledger.
    pub item: Option<ItemRow>,
    /// The lot that its data say.
    pub lot: Option<LotRecord>,
    /// The first of the shipments asked for that it belongs to.
    pub shipment: Option<i64>,
    /// The newest shipment of any kind with it or what it is in; looked for where it belongs to none of those asked for.
    pub elsewhere: Option<i64>,
    /// Open holds and recalls on it, the recalls first.
    pub holds: Vec<Hold>,
    /// Open findings that hold it: about itself, what it is in, its lot or its trade item.
    pub findings: Vec<HoldingFinding>,
    /// Another receipt that has it, where it was not shipped since.
    pub before: Option<String>,
}

impl Store {
    /// What is known of these units, in their order: for a receipt, and as far as they belong to these shipments.
    pub fn unit_facts(
        &self,
        caller: &Caller,
        receipt: &str,
        shipments: &[i64],
        asked: &[AskedUnit],
    ) -> Result<Vec<UnitFacts>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut facts = Vec::with_capacity(asked.len());
            for some in asked.chunks(KEYS) {
                facts.extend(facts_of(connection, receipt, shipments, some)?);
            }
            Ok(facts)
        })
    }

    /// The first open finding for the sake of which nothing of a document is taken: a hard one that is about no goods in
    /// particular; where `whole` is asked for, any one that holds goods.
    pub fn document_fault(
        &self,
        caller: &Caller,
        document: i64,
        whole: bool,
    ) -> Result<Option<HoldingFinding>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut query = findings::table
                .filter(findings::document.eq(document))
                .filter(findings::closed_at.is_null())
                .into_boxed();
            if whole {
                query = query.filter(findings::severity.eq_any(HOLDING));
            } else {
                query = query
                    .filter(findings::severity.eq("hard"))
                    .filter(findings::objects.not_like("%[\"epc\"%"))
                    .filter(findings::objects.not_like("%[\"lot\"%"))
                    .filter(findings::objects.not_like("%[\"trade-item\"%"));
            }
            let found: Option<(String, String)> = query
                .order(findings::id)
                .select((findings::rule, findings::message))
                .first(connection)
                .optional()?;
            Ok(found.map(|(rule, message)| HoldingFinding { rule, message }))
        })
    }

    /// The document that brought a shipment, and its seller; without the shipment's contents.
    pub fn shipment_origin(
        &self,
        caller: &Caller,
        shipment: i64,
    ) -> Result<Option<(i64, String)>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let found = shipments::table.find(shipment).select((shipments::document, shipments::seller));
            Ok(found.first(connection).optional()?)
        })
    }

    /// The shipments of a purchase order or despatch advice, by its number or URI.
    pub fn shipments_for(&self, caller: &Caller, order: &str) -> Result<Vec<i64>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut found: Vec<i64> = shipment_transactions::table
                .filter(shipment_transactions::value.eq_any(shipped::spellings(order)))
                .select(shipment_transactions::shipment)
                .load(connection)?;
            found.sort_unstable();
            found.dedup();
            Ok(found)
        })
    }
}

fn facts_of(
    connection: &mut AnyConnection,
    receipt: &str,
    shipments: &[i64],
    asked: &[AskedUnit],
) -> Result<Vec<UnitFacts>, StoreError> {
    let ledger = with_containers(connection, asked)?;
    let mut known_lots = HashMap::new();
    let keys: Vec<&str> = asked.iter().map(|unit| unit.key.as_str()).collect();
    let mut facts = Vec::with_capacity(asked.len());
    let mut subjects = Vec::with_capacity(asked.len());
    for unit in asked {
        let item = ledger.get(&unit.key).cloned();
        let lot = match item.as_ref().and_then(|item| item.lot) {
            None => None,
            Some(number) => match known_lots.get(&number) {
                Some(known) => Option::clone(known),
                None => known_lots.entry(number).or_insert(lots::lot(connection, number)?).clone(),
            },
        };
        subjects.push(subjects_of(unit, lot.as_ref(), &ledger));
        facts.push(UnitFacts { item, lot, ..UnitFacts::default() });
    }
    let all: BTreeSet<&str> = subjects.iter().flatten().map(String::as_str).collect();
    let all: Vec<&str> = all.into_iter().collect();
    let standing = holds::standing(connection, &all)?;
    let about = holding(connection, &all)?;
    let before = received_before(connection, receipt, &keys)?;
    let places = places(connection, shipments, (&keys, &subjects))?;
    for ((unit, facts), subjects) in asked.iter().zip(&mut facts).zip(&subjects) {
        let of_it = |subject: &String| subjects.contains(subject);
        facts.holds = standing
            .iter()
            .filter(|hold| of_it(&hold.scope.subject()) && hold.scope.takes_serial(unit.serial.as_deref()))
            .cloned()
            .collect();
        facts.findings =
            about.iter().filter(|(subject, _)| of_it(subject)).map(|(_, found)| found.clone()).collect();
        facts.findings.dedup();
        facts.shipment = places.get(&unit.key).copied();
        let earlier = before.get(&unit.key);
        if earlier.is_some() || (facts.shipment.is_none() && facts.item.is_some()) {
            let newest = newest_shipment(connection, subjects)?;
            facts.elsewhere = newest.map(|(id, _)| id).filter(|_| facts.shipment.is_none());
            let since = |seen: i64| newest.is_some_and(|(_, time)| time > seen);
            facts.before = earlier.filter(|(_, seen)| !since(*seen)).map(|(receipt, _)| receipt.clone());
        }
    }
    Ok(facts)
}

/// The rows of these units and of everything they are in.
fn with_containers(
    connection: &mut AnyConnection,
    asked: &[AskedUnit],
) -> Result<HashMap<String, ItemRow>, StoreError> {
    let mut ledger: HashMap<String, ItemRow> = HashMap::new();
    let mut wanted: BTreeSet<String> = asked.iter().map(|unit| unit.key.clone()).collect();
    for _ in 0..LEVELS {
        let keys: Vec<&String> = wanted.iter().filter(|key| !ledger.contains_key(*key)).collect();
        let mut outer = BTreeSet::new();
        for keys in keys.chunks(KEYS) {
            let rows: Vec<ItemRow> =
                items::table.filter(items::key.eq_any(keys.iter().copied())).load(connection)?;
            for row in rows {
                outer.extend(row.parent.clone());
                ledger.insert(row.key.clone(), row);
            }
        }
        if outer.is_empty() {
            break;
        }
        wanted = outer;
    }
    Ok(ledger)
}

/// Every key by which something may be said of a unit: its own, those of what it is in, of its lots, of its trade item.
fn subjects_of(unit: &AskedUnit, lot: Option<&LotRecord>, ledger: &HashMap<String, ItemRow>) -> Vec<String> {
    let mut subjects = vec![unit.key.clone()];
    while let Some(parent) = subjects.last().and_then(|key| ledger.get(key)?.parent.clone()) {
        if subjects.contains(&parent) || subjects.len() > LEVELS {
            break;
        }
        subjects.push(parent);
    }
    if let Some(gtin) = unit.gtin {
        subjects.push(format!("/01/{gtin}"));
        let lots: BTreeSet<&str> =
            [unit.lot.as_str(), lot.map_or("", |lot| lot.lot.as_str())].into_iter().collect();
        subjects.extend(lots.into_iter().filter(|lot| !lot.is_empty()).map(|lot| gtin.lot_key(lot)));
    }
    subjects
}

/// Open findings that hold goods, about these.
fn holding(
    connection: &mut AnyConnection,
    subjects: &[&str],
) -> Result<Vec<(String, HoldingFinding)>, StoreError> {
    let mut found = Vec::new();
    for subjects in subjects.chunks(KEYS) {
        let rows: Vec<(String, String, String)> = finding_objects::table
            .inner_join(findings::table.on(findings::id.eq(finding_objects::finding)))
            .filter(finding_objects::object.eq_any(subjects))
            .filter(findings::closed_at.is_null())
            .filter(findings::severity.eq_any(HOLDING))
            .select((finding_objects::object, findings::rule, findings::message))
            .load(connection)?;
        found.extend(
            rows.into_iter().map(|(object, rule, message)| (object, HoldingFinding { rule, message })),
        );
    }
    found.sort_by(|a, b| (&a.0, &a.1.rule, &a.1.message).cmp(&(&b.0, &b.1.rule, &b.1.message)));
    Ok(found)
}

/// Where these units were seen last in other receipts.
fn received_before(
    connection: &mut AnyConnection,
    receipt: &str,
    keys: &[&str],
) -> Result<HashMap<String, (String, i64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = receipt_units::table
        .filter(receipt_units::key.eq_any(keys))
        .filter(receipt_units::receipt.ne(receipt))
        .filter(receipt_units::observed.ne("unseen"))
        .filter(receipt_units::verdict.ne("no-data"))
        .order(receipt_units::seen_at)
        .select((receipt_units::key, receipt_units::receipt, receipt_units::seen_at))
        .load(connection)?;
    Ok(rows.into_iter().map(|(key, receipt, at)| (key, (receipt, at))).collect())
}

/// The first of the shipments received that each unit belongs to: by itself or what it is in being listed, or else by
/// being among the units that went with it.
fn places(
    connection: &mut AnyConnection,
    shipments: &[i64],
    (keys, subjects): (&[&str], &[Vec<String>]),
) -> Result<HashMap<String, i64>, StoreError> {
    let mut found = HashMap::new();
    let all: BTreeSet<&str> = subjects.iter().flatten().map(String::as_str).collect();
    let all: Vec<&str> = all.into_iter().collect();
    for shipment in shipments {
        let mut roots: BTreeSet<String> = BTreeSet::new();
        for some in all.chunks(KEYS) {
            let listed: Vec<String> = shipment_roots::table
                .filter(shipment_roots::shipment.eq(shipment))
                .filter(shipment_roots::root.eq_any(some))
                .select(shipment_roots::root)
                .load(connection)?;
            roots.extend(listed);
        }
        let mut rest: Vec<&str> = Vec::new();
        for (key, subjects) in keys.iter().zip(subjects) {
            if found.contains_key(*key) {
                continue;
            }
            if subjects.iter().any(|subject| roots.contains(subject)) {
                found.insert((*key).to_owned(), *shipment);
            } else {
                rest.push(key);
            }
        }
        rest.sort_unstable();
        found.extend(shipped::among(connection, *shipment, &rest)?.into_iter().map(|key| (key, *shipment)));
    }
    Ok(found)
}

fn newest_shipment(
    connection: &mut AnyConnection,
    keys: &[String],
) -> Result<Option<(i64, i64)>, StoreError> {
    Ok(shipment_roots::table
        .inner_join(shipments::table.on(shipments::id.eq(shipment_roots::shipment)))
        .filter(shipment_roots::root.eq_any(keys))
        .order((shipments::time.desc(), shipments::id.desc()))
        .select((shipments::id, shipments::time))
        .first(connection)
        .optional()?)
}
