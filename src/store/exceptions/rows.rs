//! Rows of cases and their items, to and from the model.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::dscsa::CaseItem;
use crate::dscsa::CaseState;
use crate::dscsa::Delivery;
use crate::dscsa::ExceptionCase;
use crate::dscsa::exception::CaseStep;
use crate::dscsa::exception::Group;
use crate::dscsa::exception::ItemKind;
use crate::dscsa::exception::Resolution;
use crate::dscsa::exception::Settlement;
use crate::dscsa::exception::Side;
use crate::dscsa::exception::StepRecord;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::exceptions::NewItem;
use crate::store::exceptions::json;
use crate::store::schema::exception_cases;
use crate::store::schema::exception_items;
use crate::store::schema::exception_steps;

/// A row of `exception_cases`.
#[derive(Insertable, Queryable)]
#[diesel(table_name = exception_cases, treat_none_as_default_value = false)]
pub(super) struct CaseRow {
    id: String,
    side: String,
    partner: String,
    purchase_order: String,
    advice: String,
    delivery: String,
    document: Option<i64>,
    state: String,
    opened_at: i64,
    notify_by: Option<i64>,
    answer_by: Option<i64>,
    closed_at: Option<i64>,
    reason: String,
    unlisted: i64,
}

/// A row of `exception_items`.
#[derive(Insertable, Queryable)]
#[diesel(table_name = exception_items, treat_none_as_default_value = false)]
pub(super) struct ItemRow {
    case_id: String,
    id: String,
    digest: String,
    number: i64,
    kind: String,
    hda_group: String,
    trouble: String,
    finding: Option<String>,
    request: String,
    answer: String,
    settled_at: Option<i64>,
    settled_by: Option<i64>,
    settled_event: Option<String>,
    settled_why: String,
}

/// A row of `exception_steps`.
#[derive(Insertable, Queryable)]
#[diesel(table_name = exception_steps, treat_none_as_default_value = false)]
pub(super) struct StepRow {
    pub(super) case_id: String,
    pub(super) number: i64,
    pub(super) at: i64,
    pub(super) who: String,
    pub(super) step: String,
    pub(super) state_before: String,
    pub(super) state_after: String,
    pub(super) item: Option<String>,
    pub(super) why: String,
}

/// What tells deliveries of a partner apart; without order and advice the document does, else the case itself.
pub(super) fn delivery_key(delivery: &Delivery, document: Option<i64>, id: &str) -> String {
    match (delivery.key(), document) {
        (key, _) if !key.is_empty() => key,
        (_, Some(document)) => format!("document:{document}"),
        _ => format!("case:{id}"),
    }
}

impl CaseRow {
    /// The row of a case.
    pub(super) fn of(case: &ExceptionCase) -> CaseRow {
        CaseRow {
            id: case.id.clone(),
            side: case.side.as_str().to_owned(),
            partner: case.delivery.partner.clone(),
            purchase_order: case.delivery.order.clone(),
            advice: case.delivery.advice.clone(),
            delivery: delivery_key(&case.delivery, case.document, &case.id),
            document: case.document,
            state: case.state.as_str().to_owned(),
            opened_at: case.opened_at.timestamp_micros(),
            notify_by: micros(case.notify_by),
            answer_by: micros(case.answer_by),
            closed_at: micros(case.closed_at),
            reason: case.reason.clone(),
            unlisted: i64::try_from(case.unlisted).unwrap_or(i64::MAX),
        }
    }

    /// The case of a row, with its items.
    pub(super) fn case(self, connection: &mut AnyConnection) -> Result<ExceptionCase, StoreError> {
        let items: Vec<ItemRow> = exception_items::table
            .filter(exception_items::case_id.eq(&self.id))
            .order(exception_items::number)
            .load(connection)?;
        let damaged = || damaged(&self.id);
        Ok(ExceptionCase {
            side: Side::parse(&self.side).ok_or_else(damaged)?,
            state: CaseState::parse(&self.state).ok_or_else(damaged)?,
            opened_at: time(self.opened_at, &self.id)?,
            notify_by: self.notify_by.map(|at| time(at, &self.id)).transpose()?,
            answer_by: self.answer_by.map(|at| time(at, &self.id)).transpose()?,
            closed_at: self.closed_at.map(|at| time(at, &self.id)).transpose()?,
            items: items.into_iter().map(ItemRow::item).collect::<Result<_, _>>()?,
            delivery: Delivery { partner: self.partner, order: self.purchase_order, advice: self.advice },
            document: self.document,
            reason: self.reason,
            unlisted: u64::try_from(self.unlisted).unwrap_or(0),
            id: self.id,
        })
    }
}

impl ItemRow {
    /// The row of a new item at this place of a case.
    pub(super) fn of(case: &str, new: &NewItem, number: i64) -> ItemRow {
        let NewItem { item, digest } = new;
        let settled = item.settled.as_ref();
        ItemRow {
            case_id: case.to_owned(),
            id: item.id.clone(),
            digest: digest.clone(),
            number,
            kind: item.trouble.kind.as_str().to_owned(),
            hda_group: item.trouble.group.as_str().to_owned(),
            trouble: json::encode_trouble(&item.trouble),
            finding: item.finding.clone(),
            request: item.request.as_str().to_owned(),
            answer: json::encode_answer(item.answer.as_ref()),
            settled_at: settled.map(|end| end.at.timestamp_micros()),
            settled_by: settled.and_then(|end| end.document),
            settled_event: settled.and_then(|end| end.event.clone()),
            settled_why: settled.map(|end| end.why.clone()).unwrap_or_default(),
        }
    }

    fn item(self) -> Result<CaseItem, StoreError> {
        let damaged = || damaged(&self.case_id);
        let kind = ItemKind::parse(&self.kind).ok_or_else(damaged)?;
        let group = Group::parse(&self.hda_group).ok_or_else(damaged)?;
        let end = self.settled_at.map(|at| time(at, &self.case_id)).transpose()?;
        Ok(CaseItem {
            trouble: json::decode_trouble(kind, group, &self.trouble).ok_or_else(damaged)?,
            request: Resolution::parse(&self.request).ok_or_else(damaged)?,
            answer: json::decode_answer(&self.answer),
            settled: end.map(|at| Settlement {
                at,
                document: self.settled_by,
                event: self.settled_event,
                why: self.settled_why,
            }),
            id: self.id,
            finding: self.finding,
        })
    }
}

impl StepRow {
    /// The step of a row.
    pub(super) fn record(self) -> Result<StepRecord, StoreError> {
        let damaged = || damaged(&self.case_id);
        Ok(StepRecord {
            at: time(self.at, &self.case_id)?,
            step: CaseStep::parse(&self.step).ok_or_else(damaged)?,
            before: CaseState::parse(&self.state_before).ok_or_else(damaged)?,
            after: CaseState::parse(&self.state_after).ok_or_else(damaged)?,
            who: self.who,
            why: self.why,
            item: self.item,
        })
    }
}

/// A case by its identifier.
pub(super) fn case(connection: &mut AnyConnection, id: &str) -> Result<Option<ExceptionCase>, StoreError> {
    let row: Option<CaseRow> = exception_cases::table.find(id).first(connection).optional()?;
    row.map(|row| row.case(connection)).transpose()
}

pub(super) fn micros(time: Option<DateTime<Utc>>) -> Option<i64> {
    time.map(|time| time.timestamp_micros())
}

pub(super) fn time(micros: i64, case: &str) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| damaged(case))
}

fn damaged(case: &str) -> StoreError {
    StoreError::Damaged(format!("exception case {case}"))
}
