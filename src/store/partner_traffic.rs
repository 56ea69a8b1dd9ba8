//! What came from a partner and went to it: files, what was found in them, and how long that stood.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::NullableExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::dsl::count_star;

use crate::access::Caller;
use crate::access::Sight;
use crate::dscsa::TradingPartner;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::defects;
use crate::store::schema::capture_jobs;
use crate::store::schema::documents;
use crate::store::schema::exception_cases;
use crate::store::schema::finding_totals;
use crate::store::schema::findings;
use crate::store::schema::receipt_shipments;
use crate::store::schema::receipts;
use crate::store::schema::shipments;

/// Files looked at, the newest first; also findings, shipments and cases.
const MOST: i64 = 20_000;

/// Refused files whose reasons are looked at.
const MOST_REFUSED: i64 = 500;

/// Severities that hold goods.
const HOLDING: [&str; 2] = ["hard", "business"];

/// What came from a partner since a moment, each list bounded, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnerTraffic {
    /// Its files.
    pub files: Vec<SentFile>,
    /// In how many of its files each rule was broken, those of form included.
    pub rules: BTreeMap<String, u64>,
    /// What was found in them that holds goods: when, and when it was settled.
    pub findings: Vec<Span>,
    /// Shipments of which its files tell.
    pub shipments: Vec<SentShipment>,
    /// Cases about its deliveries: when they were opened and closed.
    pub cases: Vec<Span>,
    /// True where there was more than is looked at, so that some of the oldest is left out.
    pub truncated: bool,
}

/// A file of a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentFile {
    /// When it came.
    pub at: DateTime<Utc>,
    /// True where it was captured without an error and nothing in it held goods.
    pub accepted: bool,
}

/// A shipment in a partner's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentShipment {
    /// When it was shipped.
    pub shipped: DateTime<Utc>,
    /// When its data came.
    pub told: DateTime<Utc>,
    /// When somebody began to receive the goods.
    pub received: Option<DateTime<Utc>>,
}

/// From a moment to its end, if it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The beginning.
    pub from: DateTime<Utc>,
    /// The end.
    pub until: Option<DateTime<Utc>>,
}

/// The last files from and to a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastFiles {
    /// When the last file that it sent was captured.
    pub from: Option<DateTime<Utc>>,
    /// When the last file for it was.
    pub to: Option<DateTime<Utc>>,
}

/// A document: its number, when it came, and whether its job ended well.
type FileRow = (i64, i64, Option<bool>);

impl Store {
    /// What came from a partner since a moment; nothing for who sees no data.
    pub fn partner_traffic(
        &self,
        caller: &Caller,
        partner: &TradingPartner,
        since: DateTime<Utc>,
    ) -> Result<PartnerTraffic, StoreError> {
        if *caller.sight() == Sight::Nothing {
            return Ok(PartnerTraffic::default());
        }
        let glns = glns(partner);
        let since = since.timestamp_micros();
        self.read(|connection| {
            let taken = taken_files(connection, &glns, since)?;
            let refused = refused_files(connection, &glns, since)?;
            let truncated = [&taken, &refused].iter().any(|rows| rows.len() as i64 == MOST);
            // What is left out of one list must not be told of in the others.
            let since = match truncated {
                true => taken.iter().chain(&refused).map(|(_, at, _)| *at).min().unwrap_or(since),
                false => since,
            };
            let found = holding_findings(connection, &glns, since)?;
            let faulty: BTreeSet<i64> = found.iter().map(|(document, ..)| *document).collect();
            let file = |(document, at, success): &FileRow| {
                let accepted = *success == Some(true) && !faulty.contains(document);
                Ok(SentFile { at: moment(*at)?, accepted })
            };
            Ok(PartnerTraffic {
                files: taken.iter().chain(&refused).map(file).collect::<Result<_, StoreError>>()?,
                rules: broken_rules(connection, &glns, since)?,
                findings: found
                    .iter()
                    .map(|(_, from, until)| span(*from, *until))
                    .collect::<Result<_, _>>()?,
                shipments: sent_shipments(connection, &glns, since)?,
                cases: cases(connection, &glns, since)?,
                truncated,
            })
        })
    }

    /// When the last files from and to a partner were captured.
    pub fn last_files(&self, caller: &Caller, partner: &TradingPartner) -> Result<LastFiles, StoreError> {
        if *caller.sight() == Sight::Nothing {
            return Ok(LastFiles::default());
        }
        let glns = glns(partner);
        self.read(|connection| {
            let (mut from, mut to) = (None, None);
            for gln in &glns {
                let newest: Option<i64> = documents::table
                    .filter(documents::sender.eq(gln))
                    .filter(documents::ticket.is_not_null())
                    .order(documents::ticket.desc())
                    .select(documents::received_at)
                    .first(connection)
                    .optional()?;
                from = from.max(newest);
                let newest: Option<i64> = documents::table
                    .filter(documents::receiver.eq(gln))
                    .filter(documents::ticket.is_not_null())
                    .order(documents::ticket.desc())
                    .select(documents::received_at)
                    .first(connection)
                    .optional()?;
                to = to.max(newest);
            }
            Ok(LastFiles { from: from.map(moment).transpose()?, to: to.map(moment).transpose()? })
        })
    }
}

/// Published files, the newest first.
fn taken_files(
    connection: &mut AnyConnection,
    glns: &[String],
    since: i64,
) -> Result<Vec<FileRow>, StoreError> {
    Ok(documents::table
        .left_join(capture_jobs::table.on(capture_jobs::document.eq(documents::id)))
        .filter(documents::sender.eq_any(glns))
        .filter(documents::received_at.ge(since))
        .filter(documents::ticket.is_not_null())
        .order(documents::ticket.desc())
        .limit(MOST)
        .select((documents::id, documents::received_at, capture_jobs::success.nullable()))
        .load(connection)?)
}

/// Refused files, the newest first.
fn refused_files(
    connection: &mut AnyConnection,
    glns: &[String],
    since: i64,
) -> Result<Vec<FileRow>, StoreError> {
    Ok(documents::table
        .inner_join(capture_jobs::table.on(capture_jobs::document.eq(documents::id)))
        .filter(documents::sender.eq_any(glns))
        .filter(documents::received_at.ge(since))
        .filter(documents::ticket.is_null())
        .filter(capture_jobs::running.eq(false))
        .order(documents::id.desc())
        .limit(MOST)
        .select((documents::id, documents::received_at, capture_jobs::success.nullable()))
        .load(connection)?)
}

/// Findings that hold goods: their document, when they were found and settled; the newest first.
fn holding_findings(
    connection: &mut AnyConnection,
    glns: &[String],
    since: i64,
) -> Result<Vec<(i64, i64, Option<i64>)>, StoreError> {
    Ok(findings::table
        .inner_join(documents::table.on(documents::id.eq(findings::document)))
        .filter(documents::sender.eq_any(glns))
        .filter(documents::ticket.is_not_null())
        .filter(documents::received_at.ge(since))
        .filter(findings::severity.eq_any(HOLDING))
        .order(findings::found_at.desc())
        .limit(MOST)
        .select((findings::document, findings::found_at, findings::closed_at))
        .load(connection)?)
}

/// In how many files each rule was broken: what was found in those taken, and why others were refused.
fn broken_rules(
    connection: &mut AnyConnection,
    glns: &[String],
    since: i64,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let found: Vec<(String, i64)> = finding_totals::table
        .inner_join(documents::table.on(documents::id.eq(finding_totals::document)))
        .filter(documents::sender.eq_any(glns))
        .filter(documents::ticket.is_not_null())
        .filter(documents::received_at.ge(since))
        .group_by(finding_totals::rule)
        .select((finding_totals::rule, count_star()))
        .load(connection)?;
    let mut rules: BTreeMap<String, u64> =
        found.into_iter().map(|(rule, files)| (rule, files.unsigned_abs())).collect();
    let reasons: Vec<Vec<u8>> = documents::table
        .inner_join(capture_jobs::table.on(capture_jobs::document.eq(documents::id)))
        .filter(documents::sender.eq_any(glns))
        .filter(documents::received_at.ge(since))
        .filter(documents::ticket.is_null())
        .filter(capture_jobs::running.eq(false))
        .order(documents::id.desc())
        .limit(MOST_REFUSED)
        .select(capture_jobs::defects)
        .load(connection)?;
    for body in reasons {
        let all = defects::decode(&body).unwrap_or_default();
        let errors = all.iter().filter(|defect| defect.is_error);
        let broken: BTreeSet<String> = errors.map(|defect| defect.rule.to_string()).collect();
        broken.into_iter().for_each(|rule| *rules.entry(rule).or_default() += 1);
    }
    Ok(rules)
}

/// Shipments, each with the first receipt of its goods.
fn sent_shipments(
    connection: &mut AnyConnection,
    glns: &[String],
    since: i64,
) -> Result<Vec<SentShipment>, StoreError> {
    let rows: Vec<(i64, i64, i64, Option<i64>)> = shipments::table
        .inner_join(documents::table.on(documents::id.eq(shipments::document)))
        .left_join(receipt_shipments::table.on(receipt_shipments::shipment.eq(shipments::id)))
        .left_join(receipts::table.on(receipts::id.eq(receipt_shipments::receipt)))
        .filter(documents::sender.eq_any(glns))
        .filter(documents::ticket.is_not_null())
        .filter(documents::received_at.ge(since))
        .order(shipments::id.desc())
        .limit(MOST)
        .select((shipments::id, shipments::time, documents::received_at, receipts::opened_at.nullable()))
        .load(connection)?;
    // A shipment that was received several times has as many rows, one behind the other.
    let shipments = rows.chunk_by(|one, other| one.0 == other.0).filter_map(|rows| {
        let (_, shipped, told, _) = rows.first()?;
        let received = rows.iter().filter_map(|(.., received)| *received).min();
        Some((*shipped, *told, received))
    });
    let shipment = |(shipped, told, received): (i64, i64, Option<i64>)| {
        let received = received.map(moment).transpose()?;
        Ok(SentShipment { shipped: moment(shipped)?, told: moment(told)?, received })
    };
    shipments.map(shipment).collect()
}

fn cases(connection: &mut AnyConnection, glns: &[String], since: i64) -> Result<Vec<Span>, StoreError> {
    let rows: Vec<(i64, Option<i64>)> = exception_cases::table
        .filter(exception_cases::partner.eq_any(glns))
        .filter(exception_cases::side.eq("ours"))
        .filter(exception_cases::opened_at.ge(since))
        .order(exception_cases::opened_at.desc())
        .limit(MOST)
        .select((exception_cases::opened_at, exception_cases::closed_at))
        .load(connection)?;
    rows.iter().map(|(from, until)| span(*from, *until)).collect()
}

fn glns(partner: &TradingPartner) -> Vec<String> {
    let all: BTreeSet<String> = partner.glns.iter().map(|known| known.gln.to_string()).collect();
    all.into_iter().collect()
}

fn span(from: i64, until: Option<i64>) -> Result<Span, StoreError> {
    Ok(Span { from: moment(from)?, until: until.map(moment).transpose()? })
}

fn moment(micros: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| StoreError::Damaged("a time".to_owned()))
}
