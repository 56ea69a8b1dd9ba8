//! One transaction gathered: what was in the shipment, its lots, and who says what of it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;

use crate::access::Caller;
use crate::dscsa::LotAndExpiry;
use crate::dscsa::TransactionInformation;
use crate::dscsa::TransactionStatement;
use crate::dscsa::transaction::Origin;
use crate::dscsa::transaction::OriginKind;
use crate::dscsa::transaction::Product;
use crate::dscsa::transaction::ProductLot;
use crate::dscsa::transaction::Purchase;
use crate::dscsa::transaction::SentAt;
use crate::dscsa::transaction::Told;
use crate::dscsa::transaction::Unit;
use crate::epcis::Action;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::What;
use crate::epcis::query::StoredEvent;
use crate::export::ExportError;
use crate::export::sources::Sources;
use crate::export::transactions::Question;
use crate::export::transactions::Transaction;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::reconcile::commissioning::Commissioning;
use crate::reconcile::commissioning::Commissionings;
use crate::reconcile::hierarchy::Tree;
use crate::store::Mention;
use crate::store::Store;

/// Gathers transactions one after another.
pub(super) struct Gathering<'a> {
    store: &'a Store,
    caller: &'a Caller,
    sources: Sources<'a>,
}

/// The packages of a shipment that are asked for.
struct Content {
    /// Each with what it was in.
    units: Vec<Unit>,
    commissionings: Commissionings,
    /// Aggregation events that were followed.
    packings: usize,
    /// Containers of which nobody tells the content.
    unexplained: Vec<Epc>,
}

/// Lot and expiry as sent.
type LotKey = (Option<Box<str>>, Option<Box<str>>);

impl<'a> Gathering<'a> {
    pub(super) fn new(store: &'a Store, caller: &'a Caller) -> Gathering<'a> {
        Gathering { store, caller, sources: Sources::new(store, caller) }
    }

    /// The transaction of a shipping event; `None` where nothing in it is asked for, and where it was voided.
    pub(super) fn transaction(
        &mut self,
        shipping: &StoredEvent,
        question: &Question,
    ) -> Result<Option<Transaction>, ExportError> {
        let roots = self.shipped(shipping)?;
        if roots.is_empty() {
            return Ok(None);
        }
        let content = self.content(&roots, shipping, question)?;
        let asked = matches!(question, Question::Shipment(_) | Question::Order(_));
        if !asked && content.units.is_empty() && content.unexplained.is_empty() {
            return Ok(None);
        }
        let header = self.sources.header(shipping.document)?;
        let purchase = Purchase::of(&shipping.event, &header);
        let (date, shipped, shipped_later) = dates(shipping, &purchase);
        let mut information = TransactionInformation {
            products: self.products(&content, shipping)?,
            date,
            shipped,
            shipped_later,
            transferor: self.sources.party(shipping, &shipping.event.sources, "transferredById")?,
            transferee: self.sources.party(shipping, &shipping.event.destinations, "transferredToId")?,
            missing: Vec::new(),
        };
        information.judge(&content.unexplained);
        let references = shipping.event.biz_transactions.iter().map(|transaction| {
            let kind = transaction.kind.as_ref().map(|kind| kind.bare().to_owned()).unwrap_or_default();
            (kind, transaction.id.to_string())
        });
        Ok(Some(Transaction {
            shipment: shipping.id,
            document: shipping.document,
            references: references.collect(),
            information,
            statement: TransactionStatement::of(&header),
            purchase,
        }))
    }

    /// What a shipping event lists, without what was voided before it was shipped again (CBV `void_shipping`).
    fn shipped(&self, shipping: &StoredEvent) -> Result<Vec<Epc>, ExportError> {
        let epcs = shipping.event.what.epcs();
        let keys: Vec<String> = epcs.iter().map(Epc::key).collect();
        let texts: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut heads =
            self.store.heads(self.caller, (Mention::Item, &texts), EventKind::Object, i64::MAX)?;
        heads.retain(|head| matches!(head.biz_step.as_deref(), Some("shipping" | "void_shipping")));
        let mut voided: HashSet<String> = HashSet::new();
        if heads.iter().any(|head| head.biz_step.as_deref() == Some("void_shipping")) {
            let mut last: HashMap<String, i64> = HashMap::new();
            for head in heads {
                let is_void = head.biz_step.as_deref() == Some("void_shipping");
                for stored in self.store.events_of(&[head])? {
                    for key in stored.event.what.epcs().iter().map(Epc::key) {
                        if !is_void {
                            last.insert(key, stored.id);
                        } else if last.get(&key) == Some(&shipping.id) {
                            voided.insert(key);
                        }
                    }
                }
            }
        }
        Ok(epcs.iter().filter(|epc| !voided.contains(&epc.key())).cloned().collect())
    }

    fn content(
        &self,
        roots: &[Epc],
        shipping: &StoredEvent,
        question: &Question,
    ) -> Result<Content, ExportError> {
        let at = shipping.event.time.microseconds();
        let tree = Tree::expand(self.store, self.caller, roots, at)?;
        let tree = tree.without_strays(self.store, self.caller, at)?;
        let wanted = match question {
            Question::Package(epc) => Some(epc.key()),
            _ => None,
        };
        let gtin = match question {
            Question::Lot(gtin, _) => Some(*gtin),
            _ => None,
        };
        let (mut units, mut unexplained, mut packings) = (Vec::new(), Vec::new(), HashSet::new());
        for leaf in tree.leaves() {
            let within =
                |key: &String| leaf.key == *key || leaf.containers.iter().any(|outer| outer.key() == *key);
            if wanted.as_ref().is_some_and(|key| !within(key)) {
                continue;
            }
            packings.extend(leaf.events.iter().copied());
            if !self.is_package(leaf.epc)? {
                unexplained.push(leaf.epc.clone());
            } else if gtin.is_none_or(|gtin| leaf.epc.gtin() == Some(gtin)) {
                units.push(Unit { epc: leaf.epc.clone(), container: leaf.containers.first().cloned() });
            }
        }
        let keys: Vec<String> = units.iter().map(|unit| unit.epc.key()).collect();
        let commissionings = Commissionings::of(self.store, self.caller, &keys)?;
        if let Question::Lot(_, lot) = question {
            let is_of = |unit: &Unit| {
                let told = commissionings.find(&unit.epc.key()).and_then(|event| event.lot.lot.as_ref());
                told.is_some_and(|(text, _)| **text == **lot)
            };
            units.retain(is_of);
            unexplained.clear();
        }
        Ok(Content { units, commissionings, packings: packings.len(), unexplained })
    }

    /// True for a trade item, unless others of its class hold something: then it is a case of unknown content.
    fn is_package(&self, epc: &Epc) -> Result<bool, ExportError> {
        if epc.gtin().is_none() {
            return Ok(false);
        }
        match epc.class_key() {
            Some(class) => Ok(!self.sources.holds(&class)?),
            None => Ok(true),
        }
    }

    fn products(&mut self, content: &Content, shipping: &StoredEvent) -> Result<Vec<Product>, ExportError> {
        let mut grouped: BTreeMap<Gtin, BTreeMap<LotKey, Vec<&Unit>>> = BTreeMap::new();
        for unit in &content.units {
            let Some(gtin) = unit.epc.gtin() else { continue };
            let told = content.commissionings.find(&unit.epc.key()).map(|event| &event.lot);
            let text = |told: &Option<SentAt>| told.as_ref().map(|(text, _)| text.clone());
            let key = told.map_or((None, None), |lot| (text(&lot.lot), text(&lot.expiry)));
            grouped.entry(gtin).or_default().entry(key).or_default().push(unit);
        }
        let mut products = Vec::new();
        for (gtin, lots) in grouped {
            let count: usize = lots.values().map(Vec::len).sum();
            let first = lots.values().flatten().next();
            let commissioning = first.and_then(|unit| content.commissionings.find(&unit.epc.key()));
            let path = match content.packings {
                0 => "the packages that the shipping event lists".to_owned(),
                count => format!("packages in what was shipped, by {count} aggregation events"),
            };
            products.push(Product {
                gtin,
                elements: self.sources.product(gtin, shipping.document, commissioning)?,
                containers: Told {
                    text: count.to_string(),
                    origin: Origin {
                        kind: OriginKind::Hierarchy,
                        document: None,
                        event: Some(shipping.id),
                        path,
                    },
                },
                lots: lots.into_values().map(|units| lot(&units, &content.commissionings)).collect(),
            });
        }
        Ok(products)
    }
}

/// True for an event of the business step `shipping`.
pub(super) fn is_shipping(event: &Event) -> bool {
    event.biz_step.as_ref().is_some_and(|step| step.bare() == "shipping") && event.error_declaration.is_none()
}

/// What an event brings into being.
pub(super) fn commissioned(event: &Event) -> &[Epc] {
    match &event.what {
        What::Object { action: Action::Add, epcs, .. } => epcs,
        What::Transformation { output_epcs, .. } => output_epcs,
        _ => &[],
    }
}

/// The units of one lot, which is told by the event of the first of them.
fn lot(units: &[&Unit], commissionings: &Commissionings) -> ProductLot {
    let commissioning = units.first().and_then(|unit| commissionings.find(&unit.epc.key()));
    let told = |pick: fn(&LotAndExpiry) -> &Option<SentAt>| {
        let Commissioning { id, document, lot, .. } = commissioning?;
        let (text, path) = pick(lot).as_ref()?;
        let origin = Origin {
            kind: OriginKind::Event,
            document: Some(*document),
            event: Some(*id),
            path: path.to_string(),
        };
        Some(Told { text: text.to_string(), origin })
    };
    ProductLot {
        lot: told(|lot| &lot.lot),
        expiry: told(|lot| &lot.expiry),
        units: units.iter().map(|unit| (*unit).clone()).collect(),
    }
}

/// (G), (H), and whether (H) is more than 24 hours after (G). Days are those of the place of the event.
fn dates(shipping: &StoredEvent, purchase: &Purchase) -> (Told, Told, bool) {
    let event = &shipping.event;
    let local = event.time.seconds() + i64::from(event.time_zone_offset.minutes()) * 60;
    let day = DateTime::from_timestamp(local, 0).map(|time| time.date_naive());
    let told = |text: String, path: String| Told {
        text,
        origin: Origin {
            kind: OriginKind::Event,
            document: Some(shipping.document),
            event: Some(shipping.id),
            path,
        },
    };
    let (time, zone) = (event.time.as_str(), event.time_zone_offset.as_str());
    let text = day.map_or_else(|| time.to_owned(), |day| day.to_string());
    let shipped = told(text, format!("eventTime {time} of zone {zone}"));
    let Some((stated, path)) = &purchase.transaction_date else {
        return (shipped.clone(), shipped, false);
    };
    let traded = stated.get(..10).and_then(|text| text.parse::<NaiveDate>().ok());
    let later = day.zip(traded).is_some_and(|(day, traded)| day - traded > TimeDelta::days(1));
    let mut date = told(stated.to_string(), path.to_string());
    if path.starts_with("EPCIS") {
        date.origin.kind = OriginKind::FileHeader;
        date.origin.event = None;
    }
    (date, shipped, later)
}
