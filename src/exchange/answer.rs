//! Answers: what became of an arrival, on four levels, worked out once its capture is finished.

use chrono::SecondsFormat;

use crate::access::Caller;
use crate::dscsa::Object;
use crate::dscsa::Severity;
use crate::epcis::CaptureDefect;
use crate::epcis::CaptureJob;
use crate::formats::answer::AnswerFinding;
use crate::formats::answer::AnswerForm;
use crate::formats::answer::Events;
use crate::formats::answer::Level;
use crate::formats::answer::Levels;
use crate::reconcile::rulebook;
use crate::reconcile::rulebook::Subject;
use crate::store::ArrivalEnd;
use crate::store::ArrivalRecord;
use crate::store::Content;
use crate::store::NewDelivery;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoredFinding;
use crate::transport::Cargo;

/// Findings of one level that are listed.
const MOST_LISTED: usize = 100;

/// Things that one finding is about that are named.
const MOST_NAMED: usize = 5;

/// Channels of one partner that are looked at.
const MOST_CHANNELS: i64 = 100;

/// The end of an arrival whose capture is finished: its answer, on its way to where its sender wants it.
pub(super) fn of_job(
    store: &Store,
    record: &ArrivalRecord,
    job: &CaptureJob,
) -> Result<ArrivalEnd, StoreError> {
    let form = form_level(&job.defects);
    let captured = job.success || job.events_stored + job.events_linked > 0;
    let (rules, matching) = if !captured {
        (not_reached("nothing was captured"), not_reached("nothing was captured"))
    } else if !store.keeps_ledger() {
        (not_reached("nobody here judges documents yet"), not_reached("nobody here matches documents yet"))
    } else {
        let found = store.findings(&Caller::operator(), job.document)?;
        (
            judged(&found, Subject::Guideline, "it keeps the rules of the law and the guideline"),
            judged(&found, Subject::Items, "it matches what is known of its items and orders"),
        )
    };
    let events =
        Events { read: job.events_read, stored: job.events_stored, stored_before: job.events_linked };
    let levels = Levels { transport: transport_level(record), form, rules, matching };
    end(store, record, (levels, captured), (events, Some(job.id.to_string())))
}

/// The end of an arrival that cannot be read at all.
pub(super) fn unreadable(
    store: &Store,
    record: &ArrivalRecord,
    defect: CaptureDefect,
) -> Result<ArrivalEnd, StoreError> {
    let levels = Levels {
        transport: transport_level(record),
        form: form_level(&[defect]),
        rules: not_reached("it cannot be read"),
        matching: not_reached("it cannot be read"),
    };
    end(store, record, (levels, false), (Events::default(), None))
}

/// The end of an arrival that is itself an answer to something of ours; it is kept, and not answered, so that two gateways
/// never answer each other for ever.
pub(super) fn of_answer() -> ArrivalEnd {
    ArrivalEnd { outcome: "accepted", answer: String::new(), deliveries: Vec::new() }
}

fn end(
    store: &Store,
    record: &ArrivalRecord,
    (levels, captured): (Levels, bool),
    (events, job): (Events, Option<String>),
) -> Result<ArrivalEnd, StoreError> {
    let all = [&levels.transport, &levels.form, &levels.rules, &levels.matching];
    let outcome = match captured {
        false => "refused",
        true if all.iter().any(|level| matches!(level.state, "failed" | "findings")) => "findings",
        true => "accepted",
    };
    let verdict = match outcome {
        "refused" => "Refused: nothing of it was captured.",
        "findings" => "Captured, and something is wrong with it.",
        _ => "Accepted.",
    };
    let words = all
        .iter()
        .map(|level| sentence(&level.words))
        .fold(verdict.to_owned(), |text, words| text + " " + &words);
    let answer = AnswerForm {
        form: "epcgate.answer",
        version: 1,
        arrival: record.id.clone(),
        channel: record.arrival.channel.clone(),
        message: record.arrival.message_id.clone(),
        name: record.arrival.name.clone(),
        received_at: record.arrival.at.to_rfc3339_opts(SecondsFormat::Micros, true),
        bytes: record.size,
        sha256: record.sha256.clone(),
        outcome,
        words,
        levels,
        events,
        job,
    };
    let answer = serde_json::to_string(&answer).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let deliveries = sent(store, record, &answer)?;
    Ok(ArrivalEnd { outcome, answer, deliveries })
}

/// The answer to each channel that wants it: the one the arrival came by, else the partner's others.
fn sent(store: &Store, record: &ArrivalRecord, answer: &str) -> Result<Vec<NewDelivery>, StoreError> {
    if record.arrival.partner.is_empty() {
        return Ok(Vec::new());
    }
    let found = store.channels(&Caller::operator(), Some(&record.arrival.partner), None, MOST_CHANNELS)?;
    let mut wanting: Vec<String> = found
        .into_iter()
        .filter(|record| record.channel.carries(Cargo::Answers))
        .map(|record| record.channel.id)
        .collect();
    if wanting.contains(&record.arrival.channel) {
        wanting = vec![record.arrival.channel.clone()];
    }
    let delivery = |channel| NewDelivery {
        channel,
        key: format!("answer:{}", record.id),
        cargo: Cargo::Answers,
        name: format!("answer-{}.json", record.id),
        media_type: "application/json".to_owned(),
        content: Content::Bytes(answer.as_bytes().to_vec()),
    };
    Ok(wanting.into_iter().map(delivery).collect())
}

fn transport_level(record: &ArrivalRecord) -> Level {
    let ArrivalRecord { size, sha256, .. } = record;
    let words = format!("it came whole, {size} bytes with the SHA-256 {sha256}, and is kept");
    Level { state: "passed", words, ..Level::default() }
}

fn not_reached(why: &str) -> Level {
    Level { state: "not-reached", words: format!("not looked at: {why}"), ..Level::default() }
}

fn form_level(defects: &[CaptureDefect]) -> Level {
    let errors = defects.iter().filter(|defect| defect.is_error).count();
    let (state, words) = match (errors, defects.len()) {
        (0, 0) => ("passed", "it has the form of EPCIS".to_owned()),
        (0, some) => ("findings", format!("it can be read, and {} should be mended", things(some))),
        (some, _) => ("failed", format!("it has not the form of EPCIS: {} wrong", are(some))),
    };
    let known = |number: u64| (number > 0).then_some(number);
    let listed = defects.iter().map(|defect| AnswerFinding {
        rule: defect.rule.to_string(),
        severity: if defect.is_error { "error" } else { "warning" },
        message: defect.message.to_string(),
        fix: defect.fix.to_string(),
        event: defect.event.map(|event| event + 1),
        line: known(defect.line),
        column: known(defect.column),
        about: defect.epc.iter().map(ToString::to_string).collect(),
    });
    level(state, words, listed.collect())
}

/// One level of what was found in a published document and still stands.
fn judged(found: &[StoredFinding], subject: Subject, sound: &str) -> Level {
    let of_subject = |finding: &&StoredFinding| {
        let entry = rulebook::rule(&finding.rule);
        finding.end.is_none() && entry.is_some_and(|entry| entry.subject == subject)
    };
    let standing: Vec<&StoredFinding> = found.iter().filter(of_subject).collect();
    let worst = standing.iter().map(|finding| finding.severity).max();
    let (state, words) = match worst {
        None => ("passed", sound.to_owned()),
        Some(Severity::Note) => ("passed", format!("{sound}, and {} worth knowing", are(standing.len()))),
        Some(Severity::Warning) => ("findings", format!("{} should be mended", things(standing.len()))),
        Some(_) => ("failed", format!("{} wrong, and goods concerned wait", are(standing.len()))),
    };
    let listed = standing.iter().map(|finding| AnswerFinding {
        rule: finding.rule.clone(),
        severity: finding.severity.as_str(),
        message: finding.message.clone(),
        fix: rulebook::rule(&finding.rule).map(|entry| entry.fix.to_owned()).unwrap_or_default(),
        event: finding.event.map(|event| event + 1),
        line: None,
        column: None,
        about: finding.objects.iter().take(MOST_NAMED).map(named).collect(),
    });
    level(state, words, listed.collect())
}

fn level(state: &'static str, words: String, mut findings: Vec<AnswerFinding>) -> Level {
    let more = findings.len().saturating_sub(MOST_LISTED) as u64;
    findings.truncate(MOST_LISTED);
    Level { state, words, findings, more }
}

fn named(object: &Object) -> String {
    match object {
        Object::Lot(gtin, lot) => format!("{gtin} lot {lot}"),
        Object::Epc(text) | Object::TradeItem(text) | Object::Party(text) | Object::BizTransaction(text) => {
            text.to_string()
        }
    }
}

fn things(count: usize) -> String {
    if count == 1 { "one thing".to_owned() } else { format!("{count} things") }
}

fn are(count: usize) -> String {
    if count == 1 { "one thing is".to_owned() } else { format!("{count} things are") }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
