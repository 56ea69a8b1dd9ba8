//! Findings: what checks and reconciliation found in each document, by document and by what they are about.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::JoinOnDsl;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::access::Caller;
use crate::dscsa::Finding;
use crate::dscsa::Object;
use crate::dscsa::Severity;
use crate::gs1::Epc;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::schema::finding_objects;
use crate::store::schema::finding_totals;
use crate::store::schema::findings;
use crate::store::sight;

/// How many findings of one rule in one document are kept one by one; of the others only the number is.
const MOST_KEPT: usize = 1_000;

/// How many objects of one finding are kept; its message says what concerns all of them.
const MOST_OBJECTS: usize = 10_000;

/// How many findings one transaction writes.
const BATCH: usize = 200;

/// How many findings one question about an object is answered with, the newest first.
const MOST_FOUND: i64 = 1_000;

/// How many rows one statement inserts, below the parameters a statement may have.
const STATEMENT_ROWS: usize = 64;

/// A finding as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFinding {
    /// 32 hexadecimal digits, the same for the same document, rule, event and objects.
    pub id: String,
    /// The document it was found in.
    pub document: i64,
    /// The identifier of its rule.
    pub rule: String,
    /// How bad it was when it was found.
    pub severity: Severity,
    /// Position of the event in its document, from 0; `None` where it concerns the document as a whole.
    pub event: Option<u64>,
    /// What it is about; what comes first is the cause.
    pub objects: Vec<Object>,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// When it was first found.
    pub found_at: DateTime<Utc>,
    /// How it was settled; `None` while it is open.
    pub end: Option<FindingEnd>,
}

/// How a finding was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingEnd {
    /// When.
    pub at: DateTime<Utc>,
    /// The document that corrects it, if one does.
    pub by: Option<i64>,
    /// Why it no longer stands.
    pub why: String,
}

/// How often a rule was broken in a document.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable)]
pub struct FindingTotal {
    /// The identifier of the rule.
    pub rule: String,
    /// Its findings, also those that are not kept one by one.
    pub total: i64,
}

#[derive(Insertable)]
#[diesel(table_name = findings, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: &'a str,
    document: i64,
    rule: &'a str,
    severity: &'a str,
    event: Option<i64>,
    objects: String,
    message: &'a str,
    found_at: i64,
    closed_at: Option<i64>,
    closed_by: Option<i64>,
    closed_why: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = finding_objects, treat_none_as_default_value = false)]
struct ObjectRow<'a> {
    object: String,
    finding: &'a str,
}

type Row = (String, i64, String, String, Option<i64>, String, String, i64, Option<i64>, Option<i64>, String);

impl StoredFinding {
    /// The identifier that a finding in a document has when it is kept.
    pub fn id_of(document: i64, finding: &Finding) -> String {
        hexadecimal(&identity(document, finding))
    }
}

impl Store {
    /// Keeps what was found in a document. One call brings all findings of the rules concerned.
    ///
    /// The same finding again changes nothing. Of each rule the first 1,000 are kept one by one, and how many there were.
    pub fn record_findings(
        &self,
        document: i64,
        found: &[Finding],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut kept: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut new: Vec<(String, &Finding)> = Vec::new();
        let mut totals: BTreeMap<&str, BTreeSet<[u8; 16]>> = BTreeMap::new();
        for finding in found {
            let digest = identity(document, finding);
            totals.entry(finding.rule.id).or_default().insert(digest);
            let of_rule = kept.entry(finding.rule.id).or_default();
            let id = hexadecimal(&digest);
            if of_rule.len() < MOST_KEPT && of_rule.insert(id.clone()) {
                new.push((id, finding));
            }
        }
        for batch in new.chunks(BATCH) {
            self.write(|connection| {
                batch.iter().try_for_each(|(id, finding)| insert(connection, id, (document, finding), now))
            })?;
        }
        let totals: Vec<(&str, usize)> = totals.iter().map(|(rule, found)| (*rule, found.len())).collect();
        if totals.is_empty() {
            return Ok(());
        }
        self.write(|connection| {
            totals.iter().try_for_each(|(rule, total)| keep_total(connection, (document, rule), *total))
        })
    }

    /// The findings in a document, event by event, those about the whole document first.
    pub fn findings(&self, caller: &Caller, document: i64) -> Result<Vec<StoredFinding>, StoreError> {
        self.read_for(caller, |connection| {
            if !sight::sees_document(connection, caller, document)? {
                return Ok(Vec::new());
            }
            let rows: Vec<Row> = findings::table.filter(findings::document.eq(document)).load(connection)?;
            let mut found = rows.into_iter().map(stored).collect::<Result<Vec<_>, _>>()?;
            found.sort_by(|a, b| (a.event, &a.rule, &a.id).cmp(&(b.event, &b.rule, &b.id)));
            Ok(found)
        })
    }

    /// One finding; `None` where there is none that the caller may see.
    pub fn finding(&self, caller: &Caller, id: &str) -> Result<Option<StoredFinding>, StoreError> {
        self.read_for(caller, |connection| {
            let row: Option<Row> = findings::table.find(id).first(connection).optional()?;
            let found = row.map(stored).transpose()?;
            match &found {
                Some(finding) if !sight::sees_document(connection, caller, finding.document)? => Ok(None),
                _ => Ok(found),
            }
        })
    }

    /// How often each rule was broken in a document, in the order of the rules' identifiers.
    pub fn finding_totals(&self, caller: &Caller, document: i64) -> Result<Vec<FindingTotal>, StoreError> {
        self.read_for(caller, |connection| {
            if !sight::sees_document(connection, caller, document)? {
                return Ok(Vec::new());
            }
            Ok(finding_totals::table
                .filter(finding_totals::document.eq(document))
                .order(finding_totals::rule)
                .select((finding_totals::rule, finding_totals::total))
                .load(connection)?)
        })
    }

    /// The newest findings about something, in any document.
    ///
    /// `object` is the key of an EPC, of a lot (`/01/…/10/…`), of a trade item (`/01/…`) or of a place (`/414/…`), or the
    /// URI of a business transaction.
    pub fn findings_about(&self, caller: &Caller, object: &str) -> Result<Vec<StoredFinding>, StoreError> {
        self.read_for(caller, |connection| {
            let mut query = findings::table
                .inner_join(finding_objects::table.on(finding_objects::finding.eq(findings::id)))
                .filter(finding_objects::object.eq(object))
                .order((findings::found_at.desc(), findings::id.desc()))
                .select(findings::all_columns)
                .limit(MOST_FOUND)
                .into_boxed();
            if let Some(seen) = sight::of_document(caller, "findings.document") {
                query = query.filter(seen);
            }
            let rows: Vec<Row> = query.load(connection)?;
            rows.into_iter().map(stored).collect()
        })
    }

    /// Findings that nobody has settled, the oldest first, behind the finding given.
    pub fn open_findings(
        &self,
        caller: &Caller,
        after: Option<&StoredFinding>,
        limit: u32,
    ) -> Result<Vec<StoredFinding>, StoreError> {
        let (time, id) = after.map_or((i64::MIN, ""), |last| (last.found_at.timestamp_micros(), &last.id));
        self.read_for(caller, |connection| {
            let mut query = findings::table
                .filter(findings::closed_at.is_null())
                .filter(findings::found_at.gt(time).or(findings::found_at.eq(time).and(findings::id.gt(id))))
                .order((findings::found_at, findings::id))
                .limit(i64::from(limit))
                .into_boxed();
            if let Some(seen) = sight::of_document(caller, "findings.document") {
                query = query.filter(seen);
            }
            let rows: Vec<Row> = query.load(connection)?;
            rows.into_iter().map(stored).collect()
        })
    }

    /// Opens a finding again that was settled for this reason and is found once more, with what it says now; one that is open
    /// says that too.
    pub fn reopen_finding(&self, id: &str, message: &str, why: &str) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(findings::table.find(id))
                .filter(findings::closed_why.eq(why))
                .filter(findings::closed_at.is_not_null())
                .set((
                    findings::closed_at.eq(None::<i64>),
                    findings::closed_by.eq(None::<i64>),
                    findings::closed_why.eq(""),
                ))
                .execute(connection)?;
            diesel::update(findings::table.find(id))
                .filter(findings::closed_at.is_null())
                .set(findings::message.eq(message))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Settles a finding, once; says whether it was open. `by` is the document that corrects it.
    pub fn close_finding(
        &self,
        id: &str,
        by: Option<i64>,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write(|connection| {
            let closed = diesel::update(findings::table.find(id))
                .filter(findings::closed_at.is_null())
                .set((
                    findings::closed_at.eq(Some(now.timestamp_micros())),
                    findings::closed_by.eq(by),
                    findings::closed_why.eq(why),
                ))
                .execute(connection)?;
            Ok(closed == 1)
        })
    }
}

fn insert(
    connection: &mut AnyConnection,
    id: &str,
    (document, finding): (i64, &Finding),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let objects = finding.objects.get(..MOST_OBJECTS).unwrap_or(&finding.objects);
    let row = NewRow {
        id,
        document,
        rule: finding.rule.id,
        severity: finding.severity.as_str(),
        event: finding.event.map(|event| i64::try_from(event).unwrap_or(i64::MAX)),
        objects: encode(objects),
        message: &finding.message,
        found_at: now.timestamp_micros(),
        closed_at: None,
        closed_by: None,
        closed_why: "",
    };
    let inserted = either!(connection, concrete => diesel::insert_into(findings::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(concrete))?;
    if inserted == 0 {
        return Ok(());
    }
    let keys: BTreeSet<String> = objects.iter().map(key).collect();
    let rows: Vec<ObjectRow<'_>> = keys.into_iter().map(|object| ObjectRow { object, finding: id }).collect();
    for rows in rows.chunks(STATEMENT_ROWS) {
        either!(connection, concrete => diesel::insert_into(finding_objects::table)
            .values(rows)
            .execute(concrete))?;
    }
    Ok(())
}

fn keep_total(
    connection: &mut AnyConnection,
    (document, rule): (i64, &str),
    total: usize,
) -> Result<(), StoreError> {
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    let row = (
        finding_totals::document.eq(document),
        finding_totals::rule.eq(rule),
        finding_totals::total.eq(total),
    );
    either!(connection, concrete => diesel::insert_into(finding_totals::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(concrete))?;
    diesel::update(finding_totals::table.find((document, rule)))
        .filter(finding_totals::total.lt(total))
        .set(finding_totals::total.eq(total))
        .execute(connection)?;
    Ok(())
}

/// What makes a finding the same as another: document, rule, event and objects.
fn identity(document: i64, finding: &Finding) -> [u8; 16] {
    let mut digest = Sha256::new();
    digest.update(document.to_be_bytes());
    digest.update(finding.rule.id);
    digest.update([0]);
    digest.update(finding.event.map_or([0xFF; 8], u64::to_be_bytes));
    for object in &finding.objects {
        digest.update(object.kind());
        digest.update([0]);
        digest.update(key(object));
        digest.update([0]);
    }
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(digest.finalize()) {
        *to = from;
    }
    short
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key by which an object is found again (see [`Store::findings_about`]).
fn key(object: &Object) -> String {
    match object {
        Object::Epc(uri) => Epc::parse(uri).key(),
        Object::Lot(gtin, lot) if lot.is_empty() => format!("/01/{gtin}"),
        Object::Lot(gtin, lot) => format!("/01/{gtin}/10/{}", escaped(lot)),
        Object::TradeItem(gtin) => format!("/01/{gtin}"),
        Object::Party(gln) if gln.bytes().all(|byte| byte.is_ascii_digit()) => format!("/414/{gln}"),
        Object::Party(text) => Epc::parse(text).key(),
        Object::BizTransaction(uri) => uri.to_string(),
    }
}

/// Escapes as the canonical Digital Link path does: all but letters, digits and `-._~`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The objects as a JSON array of arrays: the kind, then its texts.
fn encode(objects: &[Object]) -> String {
    let one = |object: &Object| {
        let mut parts = vec![Value::from(object.kind())];
        match object {
            Object::Lot(gtin, lot) => parts.extend([Value::from(&**gtin), Value::from(&**lot)]),
            Object::Epc(text)
            | Object::TradeItem(text)
            | Object::Party(text)
            | Object::BizTransaction(text) => parts.push(Value::from(&**text)),
        }
        Value::Array(parts)
    };
    Value::Array(objects.iter().map(one).collect()).to_string()
}

fn decode(json: &str) -> Option<Vec<Object>> {
    let Ok(Value::Array(objects)) = serde_json::from_str(json) else { return None };
    let one = |object: &Value| {
        let text = |at: usize| object.get(at).and_then(Value::as_str).map(Box::<str>::from);
        Some(match &*text(0)? {
            "epc" => Object::Epc(text(1)?),
            "lot" => Object::Lot(text(1)?, text(2)?),
            "trade-item" => Object::TradeItem(text(1)?),
            "party" => Object::Party(text(1)?),
            "biz-transaction" => Object::BizTransaction(text(1)?),
            _ => return None,
        })
    };
    objects.iter().map(one).collect()
}

fn stored(row: Row) -> Result<StoredFinding, StoreError> {
    let (id, document, rule, severity, event, objects, message, found_at, closed_at, by, why) = row;
    let damaged = || StoreError::Damaged(format!("finding {id}"));
    let time = |micros: i64| DateTime::from_timestamp_micros(micros).ok_or_else(damaged);
    let end = closed_at.map(|at| time(at).map(|at| FindingEnd { at, by, why })).transpose()?;
    Ok(StoredFinding {
        severity: Severity::parse(&severity).ok_or_else(damaged)?,
        event: event.map(|event| u64::try_from(event).map_err(|_| damaged())).transpose()?,
        objects: decode(&objects).ok_or_else(damaged)?,
        found_at: time(found_at)?,
        id,
        document,
        rule,
        message,
        end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Mender;
    use crate::dscsa::Rule;
    use crate::store::Settings;

    static RULE: Rule = Rule {
        id: "example",
        title: "examples are right",
        severity: Severity::Business,
        clause: "none",
        why: "It is read.",
        mender: Mender::Sender,
        fix: "send it again",
    };

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp_micros(1_700_000_000_000_000).unwrap()
    }

    #[test]
    fn objects_come_back_and_are_found_by_their_keys() {
        for (object, expected) in [
            (Object::Epc("urn:epc:id:sgtin:0300010.012345.7/".into()), None),
            (Object::Epc("urn:epc:id:sgtin:0300010.012345.7".into()), Some("/01/00300010123455/21/7")),
            (Object::Lot("00300010123455".into(), "A/1".into()), Some("/01/00300010123455/10/A%2F1")),
            (Object::Lot("00300010123455".into(), "".into()), Some("/01/00300010123455")),
            (Object::TradeItem("00300010123455".into()), Some("/01/00300010123455")),
            (Object::Party("0300011111215".into()), Some("/414/0300011111215")),
            (Object::BizTransaction("urn:x:1".into()), Some("urn:x:1")),
        ] {
            if let Some(expected) = expected {
                assert_eq!(key(&object), expected);
            }
            assert_eq!(decode(&encode(std::slice::from_ref(&object))), Some(vec![object]));
        }
        let lot = Epc::parse("urn:epc:class:lgtin:0300010.012345.A%2F1").key();
        assert_eq!(lot, key(&Object::Lot("00300010123455".into(), "A/1".into())));
        assert_eq!(decode("[[\"x\",\"y\"]]"), None);
    }

    #[test]
    fn the_same_finding_is_kept_once_and_the_rest_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("findings.db");
        let store = Store::open(url.to_str().unwrap(), &Settings::default()).unwrap();
        let epc = |serial: usize| Object::Epc(format!("urn:epc:id:sgtin:0300010.012345.{serial}").into());
        let found: Vec<Finding> = (0..MOST_KEPT + 7)
            .map(|serial| Finding::new(&RULE, "it differs").in_event(3).about(epc(serial)))
            .collect();
        let caller = Caller::operator();
        for _ in 0..2 {
            store.record_findings(5, &found, now()).unwrap();
            let kept = store.findings(&caller, 5).unwrap();
            assert_eq!(kept.len(), MOST_KEPT);
            let totals = store.finding_totals(&caller, 5).unwrap();
            assert_eq!(totals, [FindingTotal { rule: "example".to_owned(), total: 1_007 }]);
        }
        let about = store.findings_about(&caller, "/01/00300010123455/21/9").unwrap();
        assert_eq!(about.len(), 1);
        assert_eq!((about[0].event, &about[0].objects), (Some(3), &vec![epc(9)]));
        assert!(store.findings(&caller, 6).unwrap().is_empty());
    }

    #[test]
    fn a_settled_finding_is_no_longer_open() {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("findings.db");
        let store = Store::open(url.to_str().unwrap(), &Settings::default()).unwrap();
        let found = [Finding::new(&RULE, "one"), Finding::new(&RULE, "two").in_event(1)];
        store.record_findings(5, &found, now()).unwrap();
        let caller = Caller::operator();
        let open = store.open_findings(&caller, None, 1).unwrap();
        assert_eq!(open.len(), 1);
        let rest = store.open_findings(&caller, open.first(), 9).unwrap();
        assert_eq!(rest.len(), 1);
        assert!(store.close_finding(&open[0].id, Some(6), "a corrected file came", now()).unwrap());
        assert!(!store.close_finding(&open[0].id, Some(7), "again", now()).unwrap());
        store.record_findings(5, &found, now()).unwrap();
        assert_eq!(store.open_findings(&caller, None, 9).unwrap(), rest);
        let settled = store.findings(&caller, 5).unwrap().into_iter().find_map(|finding| finding.end);
        assert_eq!(settled.map(|end| end.by), Some(Some(6)));
    }
}
