//! Exception cases: their items, messages and steps. A step is written in one transaction with what it changes.

mod json;
mod lookup;
mod rows;

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::TextExpressionMethods;
use diesel::dsl::max;
use serde_json::Value;
use serde_json::json;
use thiserror::Error;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::CaseItem;
use crate::dscsa::CaseState;
use crate::dscsa::Delivery;
use crate::dscsa::ExceptionCase;
use crate::dscsa::exception::Answer;
use crate::dscsa::exception::CaseStep;
use crate::dscsa::exception::Group;
use crate::dscsa::exception::Resolution;
use crate::dscsa::exception::Settlement;
use crate::dscsa::exception::Side;
use crate::dscsa::exception::StepRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::exceptions::rows::CaseRow;
use crate::store::exceptions::rows::ItemRow;
use crate::store::exceptions::rows::StepRow;
use crate::store::exceptions::rows::delivery_key;
use crate::store::exceptions::rows::micros;
use crate::store::notices;
use crate::store::schema::exception_cases;
use crate::store::schema::exception_items;
use crate::store::schema::exception_messages;
use crate::store::schema::exception_steps;
use crate::store::sight;

pub use lookup::Declaration;

/// How many cases a word may mean before it is no use.
const MOST_MEANT: i64 = 20;

/// Why a case was not changed.
#[derive(Debug, Error)]
pub enum CaseError {
    /// There is no such case that the caller may see.
    #[error("there is no such case")]
    NoSuchCase,
    /// The step is not allowed in this state.
    #[error("a case that is {} cannot take the step `{}`", .state.as_str(), .step.as_str())]
    NotAllowed {
        /// The case's state.
        state: CaseState,
        /// The step.
        step: CaseStep,
    },
    /// A message with this identifier was kept, and says something else.
    #[error("the message {0} was received before with other content")]
    MessageTaken(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which cases are asked for; what is `None` asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// The state; `None` for all.
    pub state: Option<CaseState>,
    /// True for all that are not closed.
    pub open: bool,
    /// The partner's GLN, as the case has it.
    pub partner: Option<String>,
    /// Cases with an item of this group.
    pub group: Option<Group>,
    /// The number of an order or a despatch advice.
    pub order: Option<String>,
}

/// A kind of message about a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// PDG `ExceptionReport`.
    Report,
    /// PDG `ExceptionResponse`.
    Response,
    /// PDG `exceptionNotification`.
    Notification,
    /// An e-mail in plain words.
    Email,
}

impl MessageKind {
    const ALL: [MessageKind; 4] =
        [MessageKind::Report, MessageKind::Response, MessageKind::Notification, MessageKind::Email];

    /// `report`, `response`, `notification` or `email`.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageKind::Report => "report",
            MessageKind::Response => "response",
            MessageKind::Notification => "notification",
            MessageKind::Email => "email",
        }
    }
}

/// A message about a case, as sent or received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMessage {
    /// `message_uuid`.
    pub id: String,
    /// Its kind.
    pub kind: MessageKind,
    /// True where the partner sent it.
    pub incoming: bool,
    /// When it was kept.
    pub at: DateTime<Utc>,
    /// Who sent it.
    pub who: String,
    /// Its text, byte for byte.
    pub body: String,
}

/// An item to be added, with what makes it the same as another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// The item.
    pub item: CaseItem,
    /// The same for the same trouble of the same delivery.
    pub digest: String,
}

/// A step to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The step.
    pub step: CaseStep,
    /// Why, or what was written.
    pub why: String,
    /// The item concerned, if it is one alone.
    pub item: Option<String>,
}

impl Noted {
    /// A step of the whole case.
    pub fn new(step: CaseStep, why: impl Into<String>) -> Noted {
        Noted { step, why: why.into(), item: None }
    }
}

/// What changes in a case at one time.
#[derive(Clone, Debug, Default)]
pub struct CaseChange {
    /// The steps, in their order.
    pub steps: Vec<Noted>,
    /// New items.
    pub items: Vec<NewItem>,
    /// How many more things are wrong than are listed.
    pub unlisted: u64,
    /// Answers by the identifier of the item.
    pub answers: Vec<(String, Answer)>,
    /// What is asked for, by the identifier of the item.
    pub requests: Vec<(String, Resolution)>,
    /// Ends by the identifier of the item.
    pub settled: Vec<(String, Settlement)>,
    /// The other side is to be told of new items by then.
    pub notify_by: Option<DateTime<Utc>>,
    /// The answer is due then.
    pub answer_by: Option<DateTime<Utc>>,
    /// Messages sent or received.
    pub messages: Vec<KeptMessage>,
}

impl Store {
    /// Opens a case, with its items and its first steps. Says which case stands for the delivery: this one, or one of ours
    /// that is open already, which then stays as it is.
    pub fn open_case(
        &self,
        case: &ExceptionCase,
        change: &CaseChange,
        who: &str,
    ) -> Result<String, StoreError> {
        self.write(|connection| {
            let row = CaseRow::of(case);
            let inserted = either!(connection, concrete => diesel::insert_into(exception_cases::table)
                .values(&row)
                .on_conflict_do_nothing()
                .execute(concrete))?;
            if inserted == 0 && case.side == Side::Theirs {
                return Ok(case.id.clone());
            }
            if inserted == 0 {
                let delivery = delivery_key(&case.delivery, case.document, &case.id);
                return Ok(exception_cases::table
                    .filter(exception_cases::partner.eq(&case.delivery.partner))
                    .filter(exception_cases::delivery.eq(&delivery))
                    .filter(exception_cases::side.eq(Side::Ours.as_str()))
                    .filter(exception_cases::state.ne(CaseState::Closed.as_str()))
                    .select(exception_cases::id)
                    .first(connection)
                    .optional()?
                    .unwrap_or_else(|| case.id.clone()));
            }
            write_change(connection, case, (change, who), case.opened_at)?;
            notices::case_changed(connection, case, "exception.opened", case.opened_at)?;
            let entry =
                AuditEntry::done(case.opened_at, who, "cases.opened", &case.id).after(told(case, change));
            audit::append(connection, &[entry])?;
            Ok(case.id.clone())
        })
    }

    /// Changes a case by steps that are allowed one after another, all or nothing; gives the case as it is then.
    ///
    /// A change with an incoming message that is known already changes nothing.
    pub fn change_case(
        &self,
        id: &str,
        change: &CaseChange,
        who: &str,
        now: DateTime<Utc>,
    ) -> Result<ExceptionCase, CaseError> {
        let outcome = self.write(|connection| {
            // Holds the row, so that steps of one case follow each other.
            diesel::update(exception_cases::table.find(id))
                .set(exception_cases::id.eq(id))
                .execute(connection)?;
            let Some(case) = rows::case(connection, id)? else { return Ok(Err(CaseError::NoSuchCase)) };
            for message in change.messages.iter().filter(|message| message.incoming) {
                let known: Option<String> = exception_messages::table
                    .find(&message.id)
                    .select(exception_messages::body)
                    .first(connection)
                    .optional()?;
                match known {
                    Some(body) if body == message.body => return Ok(Ok(case)),
                    Some(_) => return Ok(Err(CaseError::MessageTaken(message.id.clone()))),
                    None => {}
                }
            }
            let mut state = case.state;
            for Noted { step, .. } in &change.steps {
                match state.after(*step) {
                    Some(next) => state = next,
                    None => return Ok(Err(CaseError::NotAllowed { state, step: *step })),
                }
            }
            write_change(connection, &case, (change, who), now)?;
            let Some(after) = rows::case(connection, id)? else { return Ok(Err(CaseError::NoSuchCase)) };
            notices::case_changed(connection, &after, "exception.changed", now)?;
            let why = change.steps.iter().map(|noted| noted.why.as_str()).find(|why| !why.is_empty());
            let entry = AuditEntry::done(now, who, "cases.changed", id)
                .because(why.unwrap_or_default())
                .before(json!({ "state": case.state.as_str() }))
                .after(told(&after, change));
            audit::append(connection, &[entry])?;
            Ok(Ok(after))
        });
        outcome?
    }

    /// A case by its identifier; `None` where there is none that the caller may see.
    pub fn case(&self, caller: &Caller, id: &str) -> Result<Option<ExceptionCase>, StoreError> {
        let found = self.read_for(caller, |connection| rows::case(connection, id))?;
        Ok(found.filter(|case| is_of(caller, &case.delivery.partner)))
    }

    /// The identifiers of the cases that a word means: the beginning or end of an identifier, or the number of an order or
    /// despatch advice; the newest first, twenty at most.
    pub fn cases_meant(&self, caller: &Caller, word: &str) -> Result<Vec<String>, StoreError> {
        let plain: String = word.chars().filter(|c| c.is_ascii_hexdigit() || *c == '-').collect();
        let enough = plain.len() == word.len() && word.len() >= 4;
        let (start, end) = (format!("{plain}%"), format!("%{plain}"));
        self.read_for(caller, |connection| {
            let mut query = exception_cases::table.into_boxed();
            query =
                query.filter(exception_cases::purchase_order.eq(word).or(exception_cases::advice.eq(word)));
            if enough {
                query = query.or_filter(exception_cases::id.like(start).or(exception_cases::id.like(end)));
            }
            if let Some(own) = sight::own(caller) {
                query = query.filter(exception_cases::partner.eq_any(own));
            }
            Ok(query
                .order((exception_cases::opened_at.desc(), exception_cases::id.desc()))
                .select(exception_cases::id)
                .limit(MOST_MEANT)
                .load(connection)?)
        })
    }

    /// Cases from the newest on; with `before`, those behind it.
    pub fn cases(
        &self,
        caller: &Caller,
        filter: &CaseFilter,
        before: Option<&ExceptionCase>,
        limit: u32,
    ) -> Result<Vec<ExceptionCase>, StoreError> {
        self.read_for(caller, |connection| {
            let mut query = exception_cases::table.into_boxed();
            if let Some(own) = sight::own(caller) {
                query = query.filter(exception_cases::partner.eq_any(own));
            }
            if let Some(state) = filter.state {
                query = query.filter(exception_cases::state.eq(state.as_str()));
            }
            if filter.open {
                query = query.filter(exception_cases::state.ne(CaseState::Closed.as_str()));
            }
            if let Some(partner) = &filter.partner {
                query = query.filter(exception_cases::partner.eq(partner));
            }
            if let Some(order) = &filter.order {
                let order = order.as_str();
                query = query
                    .filter(exception_cases::purchase_order.eq(order).or(exception_cases::advice.eq(order)));
            }
            if let Some(group) = filter.group {
                let with = exception_items::table
                    .filter(exception_items::hda_group.eq(group.as_str()))
                    .select(exception_items::case_id);
                query = query.filter(exception_cases::id.eq_any(with));
            }
            if let Some(last) = before {
                let at = last.opened_at.timestamp_micros();
                let older = exception_cases::opened_at.lt(at);
                let same = exception_cases::opened_at.eq(at).and(exception_cases::id.lt(&last.id));
                query = query.filter(older.or(same));
            }
            let found: Vec<CaseRow> = query
                .order((exception_cases::opened_at.desc(), exception_cases::id.desc()))
                .limit(i64::from(limit))
                .load(connection)?;
            found.into_iter().map(|row| row.case(connection)).collect()
        })
    }

    /// The cases of a delivery, closed ones too, the oldest first. `document` is asked for where the delivery has neither
    /// order nor advice.
    pub fn cases_of(
        &self,
        caller: &Caller,
        delivery: &Delivery,
        document: Option<i64>,
    ) -> Result<Vec<ExceptionCase>, StoreError> {
        if !is_of(caller, &delivery.partner) {
            return Ok(Vec::new());
        }
        let key = delivery_key(delivery, document, "");
        self.read_for(caller, |connection| {
            let found: Vec<CaseRow> = exception_cases::table
                .filter(exception_cases::partner.eq(&delivery.partner))
                .filter(exception_cases::delivery.eq(&key))
                .order((exception_cases::opened_at, exception_cases::id))
                .load(connection)?;
            found.into_iter().map(|row| row.case(connection)).collect()
        })
    }

    /// The digests of a case's items, each with the item's identifier.
    pub fn case_digests(&self, caller: &Caller, id: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.read_for(caller, |connection| {
            if !sees_case(connection, caller, id)? {
                return Ok(Vec::new());
            }
            Ok(exception_items::table
                .filter(exception_items::case_id.eq(id))
                .select((exception_items::digest, exception_items::id))
                .load(connection)?)
        })
    }

    /// The steps of a case, in their order.
    pub fn case_steps(&self, caller: &Caller, id: &str) -> Result<Vec<StepRecord>, StoreError> {
        self.read_for(caller, |connection| {
            if !sees_case(connection, caller, id)? {
                return Ok(Vec::new());
            }
            let rows: Vec<StepRow> = exception_steps::table
                .filter(exception_steps::case_id.eq(id))
                .order(exception_steps::number)
                .load(connection)?;
            rows.into_iter().map(StepRow::record).collect()
        })
    }

    /// The messages about a case, the oldest first.
    pub fn case_messages(&self, caller: &Caller, id: &str) -> Result<Vec<KeptMessage>, StoreError> {
        self.read_for(caller, |connection| {
            if !sees_case(connection, caller, id)? {
                return Ok(Vec::new());
            }
            let rows: Vec<(String, String, bool, i64, String, String)> = exception_messages::table
                .filter(exception_messages::case_id.eq(id))
                .order((exception_messages::kept_at, exception_messages::id))
                .select((
                    exception_messages::id,
                    exception_messages::kind,
                    exception_messages::incoming,
                    exception_messages::kept_at,
                    exception_messages::who,
                    exception_messages::body,
                ))
                .load(connection)?;
            let message = |(message, kind, incoming, at, who, body): (_, String, _, _, _, _)| {
                let known = MessageKind::ALL.into_iter().find(|known| known.as_str() == kind);
                let kind = known.ok_or_else(|| StoreError::Damaged(format!("exception case {id}")))?;
                Ok(KeptMessage { id: message, kind, incoming, at: rows::time(at, id)?, who, body })
            };
            rows.into_iter().map(message).collect()
        })
    }
}

/// What a change does to a case, for the audit trail.
fn told(case: &ExceptionCase, change: &CaseChange) -> Value {
    let steps: Vec<&str> = change.steps.iter().map(|noted| noted.step.as_str()).collect();
    let messages: Vec<&str> = change.messages.iter().map(|message| message.id.as_str()).collect();
    json!({
        "state": case.state.as_str(), "partner": case.delivery.partner, "steps": steps, "messages": messages,
        "items": change.items.len(), "answers": change.answers.len(), "settled": change.settled.len(),
    })
}

fn sees_case(connection: &mut AnyConnection, caller: &Caller, id: &str) -> Result<bool, StoreError> {
    if sight::own(caller).is_none() {
        return Ok(true);
    }
    let case = exception_cases::table.find(id).select(exception_cases::partner);
    let partner: Option<String> = case.first(connection).optional()?;
    Ok(partner.is_some_and(|partner| is_of(caller, &partner)))
}

/// Whether a case of this partner is seen.
fn is_of(caller: &Caller, partner: &str) -> bool {
    sight::own(caller).is_none_or(|own| own.iter().any(|gln| gln == partner))
}

/// Writes a change whose steps are allowed.
fn write_change(
    connection: &mut AnyConnection,
    case: &ExceptionCase,
    (change, who): (&CaseChange, &str),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let state = write_steps(connection, case, (change, who), now)?;
    write_items(connection, &case.id, change)?;
    for message in &change.messages {
        either!(connection, concrete => diesel::insert_into(exception_messages::table)
            .values((
                exception_messages::id.eq(&message.id),
                exception_messages::case_id.eq(&case.id),
                exception_messages::kind.eq(message.kind.as_str()),
                exception_messages::incoming.eq(message.incoming),
                exception_messages::kept_at.eq(message.at.timestamp_micros()),
                exception_messages::who.eq(&message.who),
                exception_messages::body.eq(&message.body),
            ))
            .execute(concrete))?;
    }
    let unlisted = case.unlisted.max(change.unlisted);
    let told = state != CaseState::Open;
    let waits = matches!(state, CaseState::Notified | CaseState::Corrected);
    let closing = change.steps.iter().find(|noted| noted.step == CaseStep::Closed);
    diesel::update(exception_cases::table.find(&case.id))
        .set((
            exception_cases::state.eq(state.as_str()),
            exception_cases::unlisted.eq(i64::try_from(unlisted).unwrap_or(i64::MAX)),
            exception_cases::notify_by.eq(micros(change.notify_by.or(case.notify_by).filter(|_| !told))),
            exception_cases::answer_by.eq(micros(change.answer_by.or(case.answer_by).filter(|_| waits))),
            exception_cases::closed_at.eq(micros(case.closed_at.or(closing.map(|_| now)))),
            exception_cases::reason.eq(closing.map_or(case.reason.as_str(), |noted| &noted.why)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Writes the steps down; gives the state after them.
fn write_steps(
    connection: &mut AnyConnection,
    case: &ExceptionCase,
    (change, who): (&CaseChange, &str),
    now: DateTime<Utc>,
) -> Result<CaseState, StoreError> {
    let last: Option<i64> = exception_steps::table
        .filter(exception_steps::case_id.eq(&case.id))
        .select(max(exception_steps::number))
        .first(connection)?;
    let mut state = case.state;
    for (number, noted) in (last.unwrap_or(0) + 1..).zip(&change.steps) {
        let after = state.after(noted.step).unwrap_or(state);
        let row = StepRow {
            case_id: case.id.clone(),
            number,
            at: now.timestamp_micros(),
            who: who.to_owned(),
            step: noted.step.as_str().to_owned(),
            state_before: state.as_str().to_owned(),
            state_after: after.as_str().to_owned(),
            item: noted.item.clone(),
            why: noted.why.clone(),
        };
        either!(connection, concrete => diesel::insert_into(exception_steps::table)
            .values(&row)
            .execute(concrete))?;
        state = after;
    }
    Ok(state)
}

fn write_items(connection: &mut AnyConnection, case: &str, change: &CaseChange) -> Result<(), StoreError> {
    let last: Option<i64> = exception_items::table
        .filter(exception_items::case_id.eq(case))
        .select(max(exception_items::number))
        .first(connection)?;
    for (number, new) in (last.unwrap_or(0) + 1..).zip(&change.items) {
        let row = ItemRow::of(case, new, number);
        either!(connection, concrete => diesel::insert_into(exception_items::table)
            .values(&row)
            .on_conflict_do_nothing()
            .execute(concrete))?;
    }
    for (item, answer) in &change.answers {
        diesel::update(exception_items::table.find((case, item)))
            .set(exception_items::answer.eq(json::encode_answer(Some(answer))))
            .execute(connection)?;
    }
    for (item, request) in &change.requests {
        diesel::update(exception_items::table.find((case, item)))
            .set(exception_items::request.eq(request.as_str()))
            .execute(connection)?;
    }
    for (item, end) in &change.settled {
        diesel::update(exception_items::table.find((case, item)))
            .filter(exception_items::settled_at.is_null())
            .set((
                exception_items::settled_at.eq(Some(end.at.timestamp_micros())),
                exception_items::settled_by.eq(end.document),
                exception_items::settled_event.eq(end.event.as_deref()),
                exception_items::settled_why.eq(&end.why),
            ))
            .execute(connection)?;
    }
    Ok(())
}
