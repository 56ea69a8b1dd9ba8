//! What is said between partners about a case: notices, answers, notes and the end.

use chrono::DateTime;
use chrono::Utc;
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::access::Caller;
use crate::dscsa::CaseItem;
use crate::dscsa::CaseState;
use crate::dscsa::Delivery;
use crate::dscsa::ExceptionCase;
use crate::dscsa::exception::Answer;
use crate::dscsa::exception::CaseStep;
use crate::dscsa::exception::Contact;
use crate::dscsa::exception::ItemKind;
use crate::dscsa::exception::Report;
use crate::dscsa::exception::Resolution;
use crate::dscsa::exception::Response;
use crate::dscsa::exception::Settlement;
use crate::dscsa::exception::Side;
use crate::dscsa::exception::Trouble;
use crate::formats::exception_email;
use crate::formats::exception_email::Email;
use crate::formats::exception_email::Letter;
use crate::formats::exception_notification;
use crate::formats::exception_report;
use crate::formats::exception_report::Message;
use crate::formats::exception_report::MessageFault;
use crate::reconcile::cases::Settings;
use crate::store::CaseChange;
use crate::store::CaseError;
use crate::store::KeptMessage;
use crate::store::MessageKind;
use crate::store::NewItem;
use crate::store::Noted;
use crate::store::Store;
use crate::store::StoreError;

/// Why nothing was said or taken.
#[derive(Debug, Error)]
pub enum ExchangeError {
    /// The message cannot be read.
    #[error(transparent)]
    Message(#[from] MessageFault),
    /// An item is named that the case does not have.
    #[error("the case has no item {0}")]
    NoSuchItem(String),
    /// The case is on the other side: a partner's report is answered, our own is not.
    #[error("{0}")]
    WrongSide(&'static str),
    /// The case was not changed.
    #[error(transparent)]
    Case(#[from] CaseError),
}

impl From<StoreError> for ExchangeError {
    fn from(error: StoreError) -> ExchangeError {
        ExchangeError::Case(CaseError::Store(error))
    }
}

/// What was written to the partner; sending it is the operator's.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The case as it is now.
    pub case: ExceptionCase,
    /// PDG's message.
    pub message: Value,
    /// The same as `exceptionNotification`; `None` for a response, which has none.
    pub notification: Option<Value>,
    /// The same in plain words.
    pub email: Email,
}

/// What we answer to a partner's report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The answer to every item that has none of its own.
    pub all: Option<Answer>,
    /// Answers by the identifier of the item.
    pub answers: Vec<(String, Answer)>,
    /// What is said besides.
    pub notes: Option<String>,
}

/// What came of a message received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The case as it is now.
    pub case: ExceptionCase,
    /// False where the message was received before.
    pub new: bool,
}

/// Tells the partner what is wrong: the messages to send, and the case, whose answer is now waited for.
///
/// `asked` says what is asked for, by the identifier of the item; `who` is the operator's name.
pub fn notify(
    store: &Store,
    settings: &Settings,
    (id, who): (&str, &str),
    asked: &[(String, Resolution)],
    now: DateTime<Utc>,
) -> Result<Sent, ExchangeError> {
    let case = existing(store, id)?;
    if case.side == Side::Theirs {
        return Err(ExchangeError::WrongSide("the partner told us of this case; answer it with `respond`"));
    }
    check_items(&case, asked.iter().map(|(item, _)| item))?;
    let mut told = case.clone();
    for item in &mut told.items {
        if let Some((_, request)) = asked.iter().find(|(asked, _)| *asked == item.id) {
            item.request = *request;
        }
    }
    told.answer_by = Some(settings.clocks().answer_by(now));
    let report = report(&told, settings, now);
    let email = exception_email::email(&told, Letter::Notice, &settings.contact());
    let message = exception_report::report(&report);
    let notification = exception_notification::write(&report);
    let change = CaseChange {
        steps: vec![Noted::new(CaseStep::Notified, email.subject.clone())],
        requests: asked.to_vec(),
        answer_by: told.answer_by,
        messages: outgoing((MessageKind::Report, &report.message), (&message, &email), who, now),
        ..CaseChange::default()
    };
    let case = store.change_case(id, &change, who, now)?;
    Ok(Sent { case, message, notification: Some(notification), email })
}

/// The messages about a case as it stands, without sending or changing anything: for a case of the partner's our answers
/// so far, for a closed one its end.
pub fn draft(case: &ExceptionCase, settings: &Settings, now: DateTime<Utc>) -> Sent {
    let ended = case.state == CaseState::Closed;
    let letter = match (ended, case.side) {
        (true, _) => Letter::End,
        (false, Side::Ours) => Letter::Notice,
        (false, Side::Theirs) => Letter::Answer,
    };
    let email = exception_email::email(case, letter, &settings.contact());
    if case.side == Side::Theirs && !ended {
        let answers = case.items.iter().filter_map(|item| Some((item.id.clone(), item.answer.clone()?)));
        let message = exception_report::response(&response(case, answers.collect(), settings, now));
        return Sent { case: case.clone(), message, notification: None, email };
    }
    let report = Report { resolved: ended, ..report(case, settings, now) };
    Sent {
        case: case.clone(),
        message: exception_report::report(&report),
        notification: Some(exception_notification::write(&report)),
        email,
    }
}

/// Answers a partner's report: the messages to send, and the case.
pub fn respond(
    store: &Store,
    settings: &Settings,
    (id, who): (&str, &str),
    reply: &Reply,
    now: DateTime<Utc>,
) -> Result<Sent, ExchangeError> {
    let case = existing(store, id)?;
    if case.side == Side::Ours {
        return Err(ExchangeError::WrongSide(
            "this case is ours; the partner answers it, take that in with `answer`",
        ));
    }
    check_items(&case, reply.answers.iter().map(|(item, _)| item))?;
    let mut answers = reply.answers.clone();
    if let Some(all) = &reply.all {
        let open = case.open_items().filter(|item| !reply.answers.iter().any(|(id, _)| *id == item.id));
        answers.extend(open.map(|item| (item.id.clone(), all.clone())));
    }
    let response = Response { notes: reply.notes.clone(), ..response(&case, answers.clone(), settings, now) };
    let mut told = case.clone();
    put_answers(&mut told.items, &answers);
    let email = exception_email::email(&told, Letter::Answer, &settings.contact());
    let message = exception_report::response(&response);
    let change = CaseChange {
        steps: vec![Noted::new(CaseStep::Answered, summary(&answers, reply.notes.as_deref()))],
        messages: outgoing((MessageKind::Response, &response.message), (&message, &email), who, now),
        answers,
        ..CaseChange::default()
    };
    let case = store.change_case(id, &change, who, now)?;
    Ok(Sent { case, message, notification: None, email })
}

/// Writes a note; allowed in every state.
pub fn note(
    store: &Store,
    (id, who): (&str, &str),
    text: &str,
    now: DateTime<Utc>,
) -> Result<ExceptionCase, ExchangeError> {
    let change = CaseChange { steps: vec![Noted::new(CaseStep::Noted, text)], ..CaseChange::default() };
    Ok(store.change_case(id, &change, who, now)?)
}

/// Closes a case, and what is left of it, for a reason: the last messages to send, and the case.
pub fn close(
    store: &Store,
    settings: &Settings,
    (id, who): (&str, &str),
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Sent, ExchangeError> {
    let case = existing(store, id)?;
    let mut told = case.clone();
    told.reason = reason.to_owned();
    let report = Report { resolved: true, items: Vec::new(), ..report(&told, settings, now) };
    let email = exception_email::email(&told, Letter::End, &settings.contact());
    let message = exception_report::report(&report);
    let notification = exception_notification::write(&report);
    let messages = match case.side {
        Side::Ours => outgoing((MessageKind::Report, &report.message), (&message, &email), who, now),
        Side::Theirs => Vec::new(),
    };
    let change = CaseChange {
        steps: vec![Noted::new(CaseStep::Closed, reason)],
        settled: ends(&case, reason, now),
        messages,
        ..CaseChange::default()
    };
    let closed = store.change_case(id, &change, who, now)?;
    for finding in case.open_items().filter_map(|item| item.finding.as_deref()) {
        store.close_finding(finding, None, reason, now)?;
    }
    Ok(Sent { case: closed, message, notification: Some(notification), email })
}

/// Takes in a partner's message: a report or notification about what we shipped opens a case on our side or goes on with
/// one, a response answers a case of ours. The same message again changes nothing.
pub fn receive(
    store: &Store,
    settings: &Settings,
    json: &[u8],
    now: DateTime<Utc>,
) -> Result<Received, ExchangeError> {
    let (message, kind) = read(json, now)?;
    let id = match &message {
        Message::Report(report) => &report.message,
        Message::Response(response) => &response.message,
    };
    let body = String::from_utf8_lossy(json).into_owned();
    if let Some((case, known)) = store.case_of_message(id)? {
        if known != body {
            return Err(CaseError::MessageTaken(id.clone()).into());
        }
        return Ok(Received { case: existing(store, &case)?, new: false });
    }
    let kept = |who: &str| KeptMessage {
        id: id.clone(),
        kind,
        incoming: true,
        at: now,
        who: who.to_owned(),
        body: body.clone(),
    };
    let case = match &message {
        Message::Report(report) => take_report(store, settings, (report, kept(&sender(&report.sender))), now),
        Message::Response(response) => take_response(store, (response, kept(&sender(&response.sender))), now),
    };
    Ok(Received { case: case?, new: true })
}

fn read(json: &[u8], now: DateTime<Utc>) -> Result<(Message, MessageKind), MessageFault> {
    if let Ok(value) = serde_json::from_slice::<Value>(json)
        && exception_notification::is_notification(&value)
    {
        let report = exception_notification::read(&value, now)?;
        return Ok((Message::Report(report), MessageKind::Notification));
    }
    let message = exception_report::read(json)?;
    let kind = match &message {
        Message::Report(_) => MessageKind::Report,
        Message::Response(_) => MessageKind::Response,
    };
    Ok((message, kind))
}

fn take_report(
    store: &Store,
    settings: &Settings,
    (report, kept): (&Report, KeptMessage),
    now: DateTime<Utc>,
) -> Result<ExceptionCase, ExchangeError> {
    let who = kept.who.clone();
    let case = store.case(&Caller::operator(), &report.case)?;
    let Some(case) = case else { return open_theirs(store, settings, (report, kept), now) };
    let mut change = CaseChange { messages: vec![kept], ..CaseChange::default() };
    if case.side == Side::Ours {
        let about = if report.resolved { "the partner says that it is settled" } else { "the partner wrote" };
        change.steps = vec![Noted::new(CaseStep::Noted, about)];
        return Ok(store.change_case(&case.id, &change, &who, now)?);
    }
    if case.delivery.partner != who {
        return Err(CaseError::NoSuchCase.into());
    }
    if report.resolved {
        change.steps = vec![Noted::new(CaseStep::Closed, "the partner says that it is settled")];
        change.settled = ends(&case, "the partner says that it is settled", now);
        return Ok(store.change_case(&case.id, &change, &who, now)?);
    }
    change.items = new_items(&report.items);
    change.steps = vec![
        Noted::new(CaseStep::ItemAdded, format!("{} items reported", report.items.len())),
        Noted::new(CaseStep::Notified, "the partner told us"),
    ];
    change.answer_by = Some(settings.clocks().answer_by(now));
    Ok(store.change_case(&case.id, &change, &who, now)?)
}

fn open_theirs(
    store: &Store,
    settings: &Settings,
    (report, kept): (&Report, KeptMessage),
    now: DateTime<Utc>,
) -> Result<ExceptionCase, ExchangeError> {
    if report.resolved {
        return Err(CaseError::NoSuchCase.into());
    }
    let who = kept.who.clone();
    let case = ExceptionCase {
        id: report.case.clone(),
        side: Side::Theirs,
        delivery: Delivery { partner: who.clone(), order: report.order.clone(), advice: String::new() },
        document: None,
        state: CaseState::Open,
        opened_at: now,
        notify_by: None,
        answer_by: None,
        closed_at: None,
        reason: String::new(),
        unlisted: 0,
        items: Vec::new(),
    };
    let change = CaseChange {
        steps: vec![
            Noted::new(CaseStep::Opened, format!("the partner reports {} items", report.items.len())),
            Noted::new(CaseStep::Notified, "the partner told us"),
        ],
        items: new_items(&report.items),
        answer_by: Some(settings.clocks().answer_by(now)),
        messages: vec![kept],
        ..CaseChange::default()
    };
    let id = store.open_case(&case, &change, &who)?;
    existing(store, &id)
}

fn take_response(
    store: &Store,
    (response, kept): (&Response, KeptMessage),
    now: DateTime<Utc>,
) -> Result<ExceptionCase, ExchangeError> {
    let case = existing(store, &response.case)?;
    if case.side == Side::Theirs {
        return Err(ExchangeError::WrongSide("this case is the partner's own; it cannot answer itself"));
    }
    let who = kept.who.clone();
    let (known, unknown): (Vec<_>, Vec<_>) =
        response.answers.iter().cloned().partition(|(id, _)| case.items.iter().any(|item| item.id == *id));
    let mut why = summary(&known, response.notes.as_deref());
    if !unknown.is_empty() {
        why += &format!("; {} answers are about items that the case does not have", unknown.len());
    }
    if !case.delivery.partner.is_empty() && case.delivery.partner != who {
        why += &format!("; it came from {who}, while the partner of the case is {}", case.delivery.partner);
    }
    let change = CaseChange {
        steps: vec![Noted::new(CaseStep::Answered, why)],
        answers: known,
        messages: vec![kept],
        ..CaseChange::default()
    };
    Ok(store.change_case(&case.id, &change, &who, now)?)
}

fn existing(store: &Store, id: &str) -> Result<ExceptionCase, ExchangeError> {
    Ok(store.case(&Caller::operator(), id)?.ok_or(CaseError::NoSuchCase)?)
}

fn check_items<'a>(
    case: &ExceptionCase,
    mut named: impl Iterator<Item = &'a String>,
) -> Result<(), ExchangeError> {
    match named.find(|id| !case.items.iter().any(|item| item.id == **id)) {
        Some(id) => Err(ExchangeError::NoSuchItem(id.clone())),
        None => Ok(()),
    }
}

fn report(case: &ExceptionCase, settings: &Settings, now: DateTime<Utc>) -> Report {
    let mut items: Vec<CaseItem> = case.open_items().cloned().collect();
    if case.unlisted > 0 {
        let what = format!("{} more items of this delivery are wrong than are listed", case.unlisted);
        items.push(CaseItem {
            id: Uuid::new_v4().to_string(),
            trouble: Trouble::new(ItemKind::Other, what),
            finding: None,
            request: Resolution::SendNewData,
            answer: None,
            settled: None,
        });
    }
    Report {
        message: Uuid::new_v4().to_string(),
        case: case.id.clone(),
        sent_at: now,
        order: order(&case.delivery),
        sender: settings.contact(),
        items,
        resolved: false,
    }
}

fn response(
    case: &ExceptionCase,
    answers: Vec<(String, Answer)>,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Response {
    Response {
        message: Uuid::new_v4().to_string(),
        case: case.id.clone(),
        sent_at: now,
        order: order(&case.delivery),
        sender: settings.contact(),
        answers,
        notes: None,
    }
}

/// The number that messages must name.
fn order(delivery: &Delivery) -> String {
    if delivery.order.is_empty() { delivery.advice.clone() } else { delivery.order.clone() }
}

fn sender(contact: &Contact) -> String {
    contact.gln.clone().unwrap_or_else(|| contact.email.clone())
}

fn outgoing(
    (kind, id): (MessageKind, &str),
    (message, email): (&Value, &Email),
    who: &str,
    now: DateTime<Utc>,
) -> Vec<KeptMessage> {
    let kept = |kind, id: String, body| KeptMessage {
        id,
        kind,
        incoming: false,
        at: now,
        who: who.to_owned(),
        body,
    };
    vec![
        kept(kind, id.to_owned(), message.to_string()),
        kept(MessageKind::Email, Uuid::new_v4().to_string(), email.text()),
    ]
}

fn new_items(items: &[CaseItem]) -> Vec<NewItem> {
    items.iter().map(|item| NewItem { item: item.clone(), digest: format!("said:{}", item.id) }).collect()
}

fn put_answers(items: &mut [CaseItem], answers: &[(String, Answer)]) {
    for item in items {
        if let Some((_, answer)) = answers.iter().find(|(id, _)| *id == item.id) {
            item.answer = Some(answer.clone());
        }
    }
}

fn ends(case: &ExceptionCase, why: &str, now: DateTime<Utc>) -> Vec<(String, Settlement)> {
    let end = Settlement { at: now, document: None, event: None, why: why.to_owned() };
    case.open_items().map(|item| (item.id.clone(), end.clone())).collect()
}

fn summary(answers: &[(String, Answer)], notes: Option<&str>) -> String {
    let accepted = answers.iter().filter(|(_, answer)| answer.accepted).count();
    let counts = format!("{accepted} accepted, {} not accepted", answers.len() - accepted);
    notes.map_or_else(|| counts.clone(), |notes| format!("{counts}; {notes}"))
}
