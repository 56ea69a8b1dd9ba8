//! After a document was reconciled, or goods were compared with data: cases are opened, grow, and are settled.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::Delivery;
use crate::dscsa::Difference;
use crate::dscsa::Finding;
use crate::dscsa::Object;
use crate::dscsa::exception::transaction_number;
use crate::epcis::Event;
use crate::epcis::What;
use crate::gs1::Epc;
use crate::reconcile::cases::Settings;
use crate::reconcile::cases::matching;
use crate::reconcile::cases::matching::Match;
use crate::reconcile::cases::trouble;
use crate::reconcile::cases::trouble::Found;
use crate::store::CaseError;
use crate::store::ShipmentRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoredFinding;

/// What was compared, and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Compared<'a> {
    /// The document with the data, if there is one.
    pub document: Option<i64>,
    /// The delivery; `None` for those that the document tells of.
    pub delivery: Option<Delivery>,
    /// What was found in the document.
    pub findings: &'a [Finding],
    /// All differences between goods and data of the delivery; `None` where no goods were compared.
    pub differences: Option<&'a [Difference]>,
    /// These rules alone were looked at, where there are any: what they no longer find is settled, and nothing else.
    pub rules: &'a [&'static str],
}

/// Brings cases up to date; says which cases changed. The same again changes nothing.
///
/// Findings that the sender must mend and that hold goods, and all differences, become items of the case of their
/// delivery. Items that the document corrects, or that the goods no longer show, are settled by it.
pub fn after_reconcile(
    store: &Store,
    settings: &Settings,
    compared: &Compared<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<String>, CaseError> {
    let caller = Caller::operator();
    let told = compared.document.map(|document| store.sender_of(&caller, document)).transpose()?.flatten();
    let (sender, file) = told.unwrap_or_default();
    let mut deliveries: Vec<(Delivery, Vec<ShipmentRecord>)> = match (&compared.delivery, compared.document) {
        (Some(delivery), _) => vec![(delivery.clone(), Vec::new())],
        (None, Some(document)) => deliveries_of(store, document, &gln_of(&sender))?,
        (None, None) => Vec::new(),
    };
    let mut of_delivery: Vec<Vec<Found>> = deliveries.iter().map(|_| Vec::new()).collect();
    for finding in compared.findings.iter().filter(|finding| trouble::concerns_partner(finding)) {
        let found = trouble::of_finding(compared.document.unwrap_or(0), finding, &file);
        let place = place_of(finding, &deliveries);
        if let Some(list) = of_delivery.get_mut(place) {
            list.extend(found);
        }
    }
    if let (Some(first), Some(differences)) = (of_delivery.first_mut(), compared.differences) {
        first.extend(differences.iter().map(|difference| trouble::of_difference(difference, &file)));
    }
    let shown: BTreeSet<String> = of_delivery.iter().flatten().map(|found| found.digest.clone()).collect();
    let mut changed = BTreeSet::new();
    if let Some(document) = compared.document.filter(|_| !compared.rules.is_empty()) {
        changed.extend(after_imports(store, settings, (document, compared), &shown, now)?);
    } else if let Some(document) = compared.document {
        changed.extend(after_declarations(store, settings, (document, &shown), now)?);
    }
    for ((delivery, _), found) in deliveries.drain(..).zip(of_delivery) {
        if !settings.gln.is_empty() && delivery.partner == settings.gln {
            continue;
        }
        let matching = Match {
            delivery: &delivery,
            document: compared.document,
            found,
            goods: compared.differences.is_some(),
            partial: !compared.rules.is_empty(),
        };
        changed.extend(matching::rematch(store, settings, matching, now)?);
    }
    Ok(changed.into_iter().collect())
}

/// The deliveries that a document tells of, by its shipments; one without numbers where it tells of none.
fn deliveries_of(
    store: &Store,
    document: i64,
    sender: &str,
) -> Result<Vec<(Delivery, Vec<ShipmentRecord>)>, StoreError> {
    let mut found: BTreeMap<Delivery, Vec<ShipmentRecord>> = BTreeMap::new();
    for shipment in store.shipments_in(&Caller::operator(), document)? {
        let number = |uris: &[String]| uris.first().map(|uri| transaction_number(uri)).unwrap_or_default();
        let seller = if shipment.seller.is_empty() { sender.to_owned() } else { gln_of(&shipment.seller) };
        let delivery = Delivery {
            partner: seller,
            order: number(&shipment.purchase_orders),
            advice: number(&shipment.despatch_advices),
        };
        found.entry(delivery).or_default().push(shipment);
    }
    if found.is_empty() {
        found.insert(Delivery { partner: sender.to_owned(), ..Delivery::default() }, Vec::new());
    }
    Ok(found.into_iter().collect())
}

/// Which of these deliveries a finding is about; the first where it does not tell.
fn place_of(finding: &Finding, deliveries: &[(Delivery, Vec<ShipmentRecord>)]) -> usize {
    let tells = |object: &Object| {
        deliveries.iter().position(|(_, shipments)| {
            shipments.iter().any(|shipment| match object {
                Object::BizTransaction(uri) => {
                    let uri = uri.to_string();
                    shipment.purchase_orders.contains(&uri) || shipment.despatch_advices.contains(&uri)
                }
                Object::Epc(uri) => shipment.roots.contains(&Epc::parse(uri).key()),
                _ => false,
            })
        })
    };
    if deliveries.len() < 2 { 0 } else { finding.objects.iter().find_map(tells).unwrap_or(0) }
}

/// The GLN of a party as a document names it, or what it says.
fn gln_of(party: &str) -> String {
    Epc::parse(party).gln().map_or_else(|| party.to_owned(), |gln| gln.to_string())
}

/// Settles what these rules found in the document and find no more, as orders or advices came since; opens again what was
/// settled so and is found once more.
fn after_imports(
    store: &Store,
    settings: &Settings,
    (document, compared): (i64, &Compared<'_>),
    shown: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<BTreeSet<String>, CaseError> {
    let still: BTreeSet<String> =
        compared.findings.iter().map(|finding| StoredFinding::id_of(document, finding)).collect();
    for finding in compared.findings {
        let id = StoredFinding::id_of(document, finding);
        store.reopen_finding(&id, &finding.message, matching::AGREES_SINCE)?;
    }
    let mut changed = BTreeSet::new();
    for finding in store.findings(&Caller::operator(), document)? {
        let looked_at = compared.rules.contains(&finding.rule.as_str());
        if finding.end.is_some() || !looked_at || still.contains(&finding.id) {
            continue;
        }
        let why = matching::AGREES_SINCE.to_owned();
        let by = matching::Correction { document: None, event: None, why };
        changed.extend(matching::settle_finding(store, settings, (&finding, shown), &by, now)?);
    }
    Ok(changed)
}

/// Settles what was found in events that this document declares wrong, and does not show again itself.
fn after_declarations(
    store: &Store,
    settings: &Settings,
    (document, shown): (i64, &BTreeSet<String>),
    now: DateTime<Utc>,
) -> Result<BTreeSet<String>, CaseError> {
    let caller = Caller::operator();
    let mut changed = BTreeSet::new();
    for declaration in store.declarations_in(&caller, document)? {
        let Some((wrong, position)) = declaration.declared.filter(|(wrong, _)| *wrong != document) else {
            continue;
        };
        let concerned = keys(&declaration.event);
        let names = |objects: &[Object]| {
            objects.iter().any(|object| match object {
                Object::Epc(uri) => concerned.contains(&Epc::parse(uri).key()),
                _ => false,
            })
        };
        let corrective = declaration.event.error_declaration.as_ref();
        let corrective = corrective.and_then(|told| told.corrective_event_ids.first());
        for finding in store.findings(&caller, wrong)? {
            let meant = finding.event == Some(position) || names(&finding.objects);
            if finding.end.is_some() || !meant {
                continue;
            }
            let why = match corrective {
                Some(id) => format!("the event was declared wrong, and the event {id} says it right"),
                None => "the event was declared wrong".to_owned(),
            };
            let by = matching::Correction {
                document: Some(document),
                event: corrective.map(ToString::to_string),
                why,
            };
            changed.extend(matching::settle_finding(store, settings, (&finding, shown), &by, now)?);
        }
    }
    Ok(changed)
}

/// Keys of all items that an event names.
fn keys(event: &Event) -> BTreeSet<String> {
    let lists: [&[Epc]; 2] = match &event.what {
        What::Object { epcs, .. } => [epcs, &[]],
        What::Aggregation { parent, children, .. } | What::Association { parent, children, .. } => {
            [children, parent.as_slice()]
        }
        What::Transaction { parent, epcs, .. } => [epcs, parent.as_slice()],
        What::Transformation { input_epcs, output_epcs, .. } => [input_epcs, output_epcs],
        What::Other(_) => [&[], &[]],
    };
    lists.into_iter().flatten().map(Epc::key).collect()
}
