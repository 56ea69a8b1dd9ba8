//! Matching what is found now with the open case of a delivery: what is new, what is settled.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use crate::access::Caller;
use crate::dscsa::CaseItem;
use crate::dscsa::CaseState;
use crate::dscsa::Delivery;
use crate::dscsa::ExceptionCase;
use crate::dscsa::Object;
use crate::dscsa::exception::CaseStep;
use crate::dscsa::exception::Settlement;
use crate::dscsa::exception::Side;
use crate::epcis::query::EventQuery;
use crate::epcis::query::Field;
use crate::epcis::query::Page;
use crate::epcis::query::Predicate;
use crate::gs1::Epc;
use crate::reconcile::cases::Settings;
use crate::reconcile::cases::trouble::Found;
use crate::store::CaseChange;
use crate::store::CaseError;
use crate::store::NewItem;
use crate::store::Noted;
use crate::store::QueryError;
use crate::store::Store;
use crate::store::StoredFinding;

/// Who acts where nobody does.
const OURSELVES: &str = "epcgate";

/// How many items a case lists one by one.
const MOST_ITEMS: usize = 1_000;

/// How many objects of a finding are looked for in a document that may correct it.
const MOST_OBJECTS: usize = 20;

/// Why an item is settled that a comparison of goods with data no longer shows.
const AGREES: &str = "goods and data agree now";

/// Why an item is settled that an order or advice which came since no longer shows.
pub(super) const AGREES_SINCE: &str = "the order or advice that came since agrees with the shipment";

/// What is known of one delivery now.
pub(super) struct Match<'a> {
    /// The delivery.
    pub(super) delivery: &'a Delivery,
    /// The document with the data.
    pub(super) document: Option<i64>,
    /// All that is wrong.
    pub(super) found: Vec<Found>,
    /// True where goods were compared with data.
    pub(super) goods: bool,
    /// True where only a part of what may be wrong was looked for, so that what is not found settles nothing.
    pub(super) partial: bool,
}

/// What corrects.
pub(super) struct Correction {
    /// The document; `None` where an order or advice that came does.
    pub(super) document: Option<i64>,
    /// The `eventID` of the corrective event.
    pub(super) event: Option<String>,
    /// Why it no longer stands, one sentence without a full stop.
    pub(super) why: String,
}

/// Brings the case of one delivery up to date; says which case changed.
pub(super) fn rematch(
    store: &Store,
    settings: &Settings,
    matching: Match<'_>,
    now: DateTime<Utc>,
) -> Result<Option<String>, CaseError> {
    let caller = Caller::operator();
    let mut cases = store.cases_of(&caller, matching.delivery, matching.document)?;
    cases.retain(|case| case.side == Side::Ours);
    if cases.is_empty() && matching.found.is_empty() {
        return Ok(None);
    }
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for case in &cases {
        let items: BTreeMap<&str, &CaseItem> =
            case.items.iter().map(|item| (item.id.as_str(), item)).collect();
        for (digest, id) in store.case_digests(&caller, &case.id)? {
            let Some(item) = items.get(id.as_str()) else { continue };
            let agreed =
                item.settled.as_ref().is_some_and(|end| end.why == AGREES || end.why == AGREES_SINCE);
            let returns = agreed && case.state != CaseState::Closed;
            known.insert(digest, Known { item: id, returns });
        }
    }
    let fresh = fresh(&matching.found, &known);
    match cases.iter().find(|case| case.state != CaseState::Closed) {
        Some(open) => {
            let by_item: BTreeMap<&str, &str> =
                known.iter().map(|(digest, known)| (known.item.as_str(), digest.as_str())).collect();
            let mut settled = Vec::new();
            for item in open.open_items() {
                let Some(digest) = by_item.get(item.id.as_str()) else { continue };
                settled.extend(
                    settlement(store, (&matching, open), (item, digest), now)?
                        .map(|end| (item.id.clone(), end)),
                );
            }
            let change = change(settings, open, (settled, fresh), now);
            if change.steps.is_empty() {
                return Ok(None);
            }
            apply(store, open, &change, now)?;
            Ok(Some(open.id.clone()))
        }
        None if fresh.is_empty() => Ok(None),
        None => open(store, settings, (matching.delivery, matching.document), fresh, now).map(Some),
    }
}

struct Known {
    item: String,
    /// True where it was settled as goods and data, or data and orders, agreed, which they no longer may.
    returns: bool,
}

/// What is found and not known yet, each with the digest it is to have.
fn fresh(found: &[Found], known: &BTreeMap<String, Known>) -> Vec<Found> {
    let mut taken = BTreeSet::new();
    let mut fresh = Vec::new();
    for found in found {
        if !taken.insert(found.digest.as_str()) {
            continue;
        }
        let mut digest = found.digest.clone();
        let mut again = 1;
        while known.get(&digest).is_some_and(|known| known.returns) {
            again += 1;
            digest = format!("{}#{again}", found.digest);
        }
        if !known.contains_key(&digest) {
            fresh.push(Found { digest, ..found.clone() });
        }
    }
    fresh
}

/// How an item is settled by what is known now; `None` while it is not.
fn settlement(
    store: &Store,
    (matching, case): (&Match<'_>, &ExceptionCase),
    (item, digest): (&CaseItem, &str),
    now: DateTime<Utc>,
) -> Result<Option<Settlement>, CaseError> {
    let plain = digest.split('#').next().unwrap_or(digest);
    if matching.partial || matching.found.iter().any(|found| found.digest == plain) {
        return Ok(None);
    }
    if plain.starts_with("goods:") {
        let other = matching.document.filter(|document| Some(*document) != case.document);
        return Ok(matching.goods.then(|| Settlement {
            at: now,
            document: other,
            event: None,
            why: AGREES.to_owned(),
        }));
    }
    let (Some(document), Some(finding)) = (matching.document, &item.finding) else { return Ok(None) };
    let Some(finding) = store.finding(&Caller::operator(), finding)? else { return Ok(None) };
    // Numbers of documents follow the time they came: an older one brought in again corrects nothing.
    if finding.document >= document || !covers(store, (matching, case), (&finding, item), document)? {
        return Ok(None);
    }
    let why = "a corrected document came that no longer shows it".to_owned();
    store.close_finding(&finding.id, Some(document), &why, now)?;
    Ok(Some(Settlement { at: now, document: Some(document), event: None, why }))
}

/// True where a document tells again of what a finding is about: its items, or, where it is about none, the delivery.
fn covers(
    store: &Store,
    (matching, case): (&Match<'_>, &ExceptionCase),
    (finding, item): (&StoredFinding, &CaseItem),
    document: i64,
) -> Result<bool, CaseError> {
    let mut epcs: Vec<Epc> = finding
        .objects
        .iter()
        .filter_map(|object| match object {
            Object::Epc(uri) => Some(Epc::parse(uri)),
            _ => None,
        })
        .collect();
    if let (Some(serial), true) = (&item.trouble.goods.serial, epcs.len() > 1) {
        // An item that is about one unit of a finding is covered with that unit.
        let own = |epc: &Epc| epc.serial().as_deref() == Some(serial.as_str());
        let unit: Vec<Epc> = epcs.iter().filter(|epc| own(epc)).cloned().collect();
        epcs = if unit.is_empty() { epcs } else { unit };
    }
    if epcs.is_empty() {
        let (before, after) = (&case.delivery.advice, &matching.delivery.advice);
        return Ok(before == after || before.is_empty() || after.is_empty());
    }
    for epc in epcs.iter().take(MOST_OBJECTS) {
        let query = EventQuery::default().and(Predicate::names(Field::AnyEpc, epc));
        let page = Page { size: 200, token: None };
        let events = match store.events(&Caller::operator(), &query, &page) {
            Ok(page) => page.events,
            Err(QueryError::Store(error)) => return Err(error.into()),
            Err(_) => return Ok(false),
        };
        let ids: Vec<i64> = events.iter().map(|stored| stored.id).collect();
        if !store.came_with(&ids, document)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Settles the items that were made of a finding and that the correcting document does not show; closes the finding where
/// none is left. Says which cases changed.
pub(super) fn settle_finding(
    store: &Store,
    settings: &Settings,
    (finding, shown): (&StoredFinding, &BTreeSet<String>),
    by: &Correction,
    now: DateTime<Utc>,
) -> Result<BTreeSet<String>, CaseError> {
    let caller = Caller::operator();
    let mut of_case: BTreeMap<String, Vec<(String, Settlement)>> = BTreeMap::new();
    let mut left = false;
    for (case, item) in store.items_of_finding(&caller, &finding.id)? {
        let digests = store.case_digests(&caller, &case)?;
        if digests.iter().any(|(digest, id)| *id == item && shown.contains(digest)) {
            left = true;
            continue;
        }
        let end = Settlement { at: now, document: by.document, event: by.event.clone(), why: by.why.clone() };
        of_case.entry(case).or_default().push((item, end));
    }
    for (id, settled) in &of_case {
        if let Some(case) = store.case(&caller, id)? {
            let change = change(settings, &case, (settled.clone(), Vec::new()), now);
            apply(store, &case, &change, now)?;
        }
    }
    if !left {
        store.close_finding(&finding.id, by.document, &by.why, now)?;
    }
    Ok(of_case.into_keys().collect())
}

/// What settling items and adding others changes in a case.
fn change(
    settings: &Settings,
    case: &ExceptionCase,
    (settled, fresh): (Vec<(String, Settlement)>, Vec<Found>),
    now: DateTime<Utc>,
) -> CaseChange {
    let mut change = CaseChange::default();
    let all = case.open_items().count() == settled.len() && fresh.is_empty();
    let document = settled.iter().find_map(|(_, end)| end.document);
    if !settled.is_empty() && (all || document.is_some()) {
        let why = match document {
            Some(document) => format!("document {document} corrects {}", things(settled.len())),
            None => AGREES.to_owned(),
        };
        change.steps.push(Noted::new(CaseStep::Corrected, why));
    }
    for (item, end) in &settled {
        let item = Some(item.clone());
        change.steps.push(Noted { step: CaseStep::ItemSettled, why: end.why.clone(), item });
    }
    if !settled.is_empty() && all {
        change.steps.push(Noted::new(CaseStep::Rematched, "everything found wrong is settled"));
    }
    change.settled = settled;
    if !fresh.is_empty() {
        add(&mut change, fresh, case.items.len(), case.unlisted);
        change.notify_by = Some(settings.clocks().notify_by(now));
    }
    change
}

/// Adds new items to a change, as far as the case has room for them.
fn add(change: &mut CaseChange, mut fresh: Vec<Found>, listed: usize, unlisted: u64) {
    let room = MOST_ITEMS.saturating_sub(listed);
    let more = fresh.len().saturating_sub(room);
    change.unlisted = unlisted + more as u64;
    let what = fresh.first().map(|found| found.trouble.what.clone()).unwrap_or_default();
    change.steps.push(Noted::new(CaseStep::ItemAdded, format!("{}; {what}", things(fresh.len()))));
    fresh.truncate(room);
    change.items = fresh
        .into_iter()
        .map(|found| NewItem {
            item: CaseItem {
                id: Uuid::new_v4().to_string(),
                request: found.trouble.kind.usual_request(),
                trouble: found.trouble,
                finding: found.finding,
                answer: None,
                settled: None,
            },
            digest: found.digest,
        })
        .collect();
}

fn things(number: usize) -> String {
    if number == 1 { "1 item".to_owned() } else { format!("{number} items") }
}

fn open(
    store: &Store,
    settings: &Settings,
    (delivery, document): (&Delivery, Option<i64>),
    fresh: Vec<Found>,
    now: DateTime<Utc>,
) -> Result<String, CaseError> {
    let case = ExceptionCase {
        id: Uuid::now_v7().to_string(),
        side: Side::Ours,
        delivery: delivery.clone(),
        document,
        state: CaseState::Open,
        opened_at: now,
        notify_by: Some(settings.clocks().notify_by(now)),
        answer_by: None,
        closed_at: None,
        reason: String::new(),
        unlisted: 0,
        items: Vec::new(),
    };
    let mut change = CaseChange::default();
    change.steps.push(Noted::new(CaseStep::Opened, format!("something is wrong with {}", delivery.name())));
    add(&mut change, fresh, 0, 0);
    Ok(store.open_case(&case, &change, OURSELVES)?)
}

/// Applies a change; a case that somebody closed in the meantime stays closed.
fn apply(
    store: &Store,
    case: &ExceptionCase,
    change: &CaseChange,
    now: DateTime<Utc>,
) -> Result<(), CaseError> {
    match store.change_case(&case.id, change, OURSELVES, now) {
        Ok(_) | Err(CaseError::NotAllowed { state: CaseState::Closed, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
