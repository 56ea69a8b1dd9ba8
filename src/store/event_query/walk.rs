//! Walking through the events that may be wanted, in the order of the answer, a bounded step at a time.

use diesel::sql_types::BigInt;

use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::event_query::plan::Plan;
use crate::store::event_query::plan::Span;
use crate::store::event_query::rows::Spot;
use crate::store::event_query::rows::Sql;
use crate::store::event_query::rows::numbers;

/// Events found by an index are taken one by one up to this number, and then sorted; above it the order is walked.
/// The first index with few events is taken, the first with not too many otherwise.
const CANDIDATES: [usize; 2] = [500, 10_000];

/// Places given at once.
const STEP: usize = 64;

/// Rows looked at in one step: at first, and at most.
const FIRST_WINDOW: u64 = 256;
const LAST_WINDOW: u64 = 16_384;

/// Documents taken together, and the most events they may have together.
const DOCUMENTS: usize = 64;
const EVENTS_TOGETHER: i64 = 256;

/// A place in the order: by `eventTime` or by ticket, then by the event's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) sort: i64,
    pub(super) id: i64,
}

/// A walk under way.
pub(super) struct Walk<'a> {
    plan: &'a Plan,
    way: Way,
    newest: i64,
    tickets: Span,
    /// Everything before it has been given or ruled out.
    position: Option<Position>,
    window: u64,
    examined: u64,
    ended: bool,
}

enum Way {
    /// Through these places, found by an index.
    Found(std::vec::IntoIter<Spot>),
    /// Through all events by `eventTime`.
    ByTime,
    /// Through all documents by ticket.
    ByTicket,
}

#[derive(diesel::QueryableByName)]
struct Place {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    sort: i64,
}

impl Place {
    fn position(self) -> Position {
        Position { sort: self.sort, id: self.id }
    }
}

#[derive(diesel::QueryableByName)]
struct Document {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    ticket: i64,
    #[diesel(sql_type = BigInt)]
    events: i64,
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl<'a> Walk<'a> {
    /// Begins behind a position, among documents up to the newest ticket.
    pub(super) fn begin(
        connection: &mut AnyConnection,
        plan: &'a Plan,
        newest: i64,
        position: Option<Position>,
    ) -> Result<Walk<'a>, StoreError> {
        let tickets = tickets(connection, plan.record_time, newest)?;
        let way = if plan.by_time { Way::ByTime } else { Way::ByTicket };
        let mut walk =
            Walk { plan, way, newest, tickets, position, window: FIRST_WINDOW, examined: 0, ended: false };
        if let Some(ids) = candidates(connection, plan, tickets)? {
            walk.way = Way::Found(walk.found(&ids).load::<Spot>(connection)?.into_iter());
        }
        Ok(walk)
    }

    /// The next places, perhaps none yet; `None` at the end.
    pub(super) fn next(&mut self, connection: &mut AnyConnection) -> Result<Option<Vec<Spot>>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let spots = match &mut self.way {
            Way::Found(spots) => {
                let spots: Vec<Spot> = spots.take(STEP).collect();
                self.examined += spots.len() as u64;
                self.ended = spots.len() < STEP;
                self.advance(&spots);
                spots
            }
            Way::ByTime => self.by_time(connection)?,
            Way::ByTicket => self.by_ticket(connection)?,
        };
        Ok(Some(spots))
    }

    /// The statements of the first step.
    pub(super) fn statements(&self, connection: &mut AnyConnection) -> Result<Vec<Sql>, StoreError> {
        let lookups = self.plan.lookups.iter().map(|lookup| Sql::new(lookup.find(STEP)));
        let mut statements: Vec<Sql> = lookups.collect();
        match &self.way {
            Way::Found(spots) => {
                let ids: Vec<i64> = spots.as_slice().iter().map(|spot| spot.id).collect();
                statements.push(self.found(&ids));
            }
            Way::ByTime => {
                let end = self.end_of_window();
                let position = end.load::<Place>(connection)?.pop().map(Place::position);
                statements.extend([end, self.window(position)]);
            }
            Way::ByTicket => {
                let documents = self.documents(connection)?;
                statements.push(self.together(&fitting(&documents)));
            }
        }
        Ok(statements)
    }

    /// How many rows were looked at so far.
    pub(super) fn examined(&self) -> u64 {
        self.examined
    }

    /// Where the walk has come to.
    pub(super) fn position(&self) -> Option<Position> {
        self.position
    }

    /// The statement for the places of events that an index found, sorted by the database.
    fn found(&self, ids: &[i64]) -> Sql {
        // The sign keeps databases from walking the index by time instead of seeking these events.
        let sort = if self.plan.by_time { "+e.event_time" } else { "d.ticket" };
        let ids = if ids.is_empty() { "-1".to_owned() } else { numbers(ids) };
        let place = format!("e.id IN ({ids}){}", self.plan.event_time.on("+e.event_time"));
        self.statement(sort, &place, "")
    }

    /// The next places among the rows of a window of the index by time.
    fn by_time(&mut self, connection: &mut AnyConnection) -> Result<Vec<Spot>, StoreError> {
        let end = self.end_of_window().load::<Place>(connection)?.pop().map(Place::position);
        let spots = self.window(end).load::<Spot>(connection)?;
        self.step(&spots, end);
        Ok(spots)
    }

    /// The statement for the last row of the next window of the index by time; there is none at the end of the index.
    fn end_of_window(&self) -> Sql {
        let span = self.plan.event_time.on("e.event_time");
        let (behind, direction) = (self.behind("e.event_time"), self.direction());
        Sql::new(format!(
            "SELECT e.id AS id, e.event_time AS sort FROM events e WHERE 1 = 1{span}{behind} \
             ORDER BY e.event_time {direction}, e.id {direction} LIMIT 1 OFFSET {}",
            self.window - 1
        ))
    }

    /// The statement for the places within a window.
    fn window(&self, end: Option<Position>) -> Sql {
        let span = self.plan.event_time.on("e.event_time");
        let until = end.map(|end| self.until("e.event_time", end)).unwrap_or_default();
        self.spots("e.event_time", &format!("1 = 1{span}{until}"), &self.conditions())
    }

    /// The conditions that events have the index rows asked for.
    fn conditions(&self) -> String {
        self.plan.lookups.iter().map(|lookup| lookup.condition()).collect()
    }

    /// The next places among the events of the next documents, or of a part of one large document.
    fn by_ticket(&mut self, connection: &mut AnyConnection) -> Result<Vec<Spot>, StoreError> {
        let documents = self.documents(connection)?;
        let Some(first) = documents.first() else {
            self.ended = true;
            return Ok(Vec::new());
        };
        if first.events > EVENTS_TOGETHER {
            return self.large_document(connection, first);
        }
        let some = fitting(&documents);
        let spots = self.together(&some).load::<Spot>(connection)?;
        self.examined += some.iter().map(|document| document.events.max(1).unsigned_abs()).sum::<u64>();
        if spots.len() < STEP {
            self.position = some.last().map(|last| self.end_of(last.ticket));
            self.ended = documents.len() < DOCUMENTS && some.len() == documents.len();
        } else {
            self.advance(&spots);
        }
        Ok(spots)
    }

    /// The statement for the places in some small documents.
    fn together(&self, documents: &[&Document]) -> Sql {
        let ids = numbers(documents.iter().map(|document| document.id));
        let time = self.plan.event_time.on("+e.event_time");
        self.spots("d.ticket", &format!("e.document IN ({ids}){time}"), &self.conditions())
    }

    fn large_document(
        &mut self,
        connection: &mut AnyConnection,
        document: &Document,
    ) -> Result<Vec<Spot>, StoreError> {
        let direction = self.direction();
        let (less, least) = if self.plan.descending { ("<", ">=") } else { (">", "<=") };
        let inside = self.position.filter(|position| position.sort == document.ticket);
        let behind = inside.map(|position| format!(" AND e.id {less} {}", position.id)).unwrap_or_default();
        let end = format!(
            "SELECT e.id AS id FROM events e WHERE e.document = {}{behind} \
             ORDER BY e.document {direction}, e.id {direction} LIMIT 1 OFFSET {}",
            document.id,
            self.window - 1
        );
        let end = Sql::new(end).load::<Number>(connection)?.pop();
        let until = end.as_ref().map(|end| format!(" AND e.id {least} {}", end.id)).unwrap_or_default();
        let time = self.plan.event_time.on("+e.event_time");
        let place = format!("e.document = {}{behind}{until}{time}", document.id);
        let spots = self.spots("d.ticket", &place, &self.conditions()).load::<Spot>(connection)?;
        let end = end.map_or_else(
            || self.end_of(document.ticket),
            |end| Position { sort: document.ticket, id: end.id },
        );
        self.step(&spots, Some(end));
        Ok(spots)
    }

    /// The next documents behind the position, which may be inside the first of them.
    fn documents(&self, connection: &mut AnyConnection) -> Result<Vec<Document>, StoreError> {
        let done = self.position.map(|position| {
            let (within, past) = if self.plan.descending { ("<=", "<") } else { (">=", ">") };
            let sign = if position == self.end_of(position.sort) { past } else { within };
            format!(" AND d.ticket {sign} {}", position.sort)
        });
        let sql = format!(
            "SELECT d.id AS id, d.ticket AS ticket, d.events AS events FROM publications d \
             WHERE d.ticket IS NOT NULL AND d.ticket <= {}{}{} ORDER BY d.ticket {} LIMIT {DOCUMENTS}",
            self.newest,
            self.tickets.on("d.ticket"),
            done.unwrap_or_default(),
            self.direction()
        );
        Sql::new(sql).load(connection)
    }

    /// The statement for the places behind the position among some events, at most [`STEP`] of them.
    fn spots(&self, sort: &str, place: &str, conditions: &str) -> Sql {
        let mut sql = self.statement(sort, place, conditions);
        sql.text.push_str(&format!(" LIMIT {STEP}"));
        sql
    }

    /// The statement for the places behind the position among some events.
    fn statement(&self, sort: &str, place: &str, conditions: &str) -> Sql {
        let direction = self.direction();
        self.plan.conditions.with(format!(
            "SELECT e.id AS id, {sort} AS sort, e.document AS document, d.published_at AS published_at \
             FROM events e CROSS JOIN publications d \
             WHERE {place} AND d.id = e.document AND d.ticket <= {}{}{}{}{conditions} \
             ORDER BY {sort} {direction}, e.id {direction}",
            self.newest,
            self.tickets.on("d.ticket"),
            self.plan.conditions.text,
            self.behind(sort)
        ))
    }

    /// The condition of standing behind the position, after ` AND `.
    fn behind(&self, sort: &str) -> String {
        let sign = if self.plan.descending { "<" } else { ">" };
        self.position
            .map(|position| format!(" AND ({sort}, e.id) {sign} ({}, {})", position.sort, position.id))
            .unwrap_or_default()
    }

    /// The condition of standing at or before a position.
    fn until(&self, sort: &str, end: Position) -> String {
        let sign = if self.plan.descending { ">=" } else { "<=" };
        format!(" AND ({sort}, e.id) {sign} ({}, {})", end.sort, end.id)
    }

    /// The position behind all events of a document.
    fn end_of(&self, ticket: i64) -> Position {
        Position { sort: ticket, id: if self.plan.descending { -1 } else { i64::MAX } }
    }

    fn direction(&self) -> &'static str {
        if self.plan.descending { "DESC" } else { "ASC" }
    }

    /// Goes on to the last place given, or, where that was all of the window, to its end.
    fn step(&mut self, spots: &[Spot], end: Option<Position>) {
        self.examined += self.window;
        if spots.len() == STEP {
            self.advance(spots);
            return;
        }
        self.window = (self.window * 2).min(LAST_WINDOW);
        self.position = end.or(self.position);
        self.ended = end.is_none();
    }

    fn advance(&mut self, spots: &[Spot]) {
        self.position = spots.last().map(|spot| Position { sort: spot.sort, id: spot.id }).or(self.position);
    }
}

/// The first documents that together have few events.
fn fitting(documents: &[Document]) -> Vec<&Document> {
    let mut together = 0;
    let fits = |document: &&Document| {
        together += document.events;
        together <= EVENTS_TOGETHER
    };
    documents.iter().take_while(fits).collect()
}

/// The tickets of documents published in a span of time; tickets and times of publishing have the same order.
fn tickets(connection: &mut AnyConnection, published: Span, newest: i64) -> Result<Span, StoreError> {
    let from = published.from.map(|time| first_ticket(connection, time, newest)).transpose()?;
    let after = published.to.and_then(|time| time.checked_add(1));
    let to = after.map(|time| first_ticket(connection, time, newest)).transpose()?;
    Ok(Span { from, to: to.map(|ticket| ticket - 1) })
}

/// The first ticket of a document published at this time or later; the one behind the newest if there is none.
fn first_ticket(connection: &mut AnyConnection, time: i64, newest: i64) -> Result<i64, StoreError> {
    let (mut low, mut high) = (0, newest + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let sql = format!(
            "SELECT d.ticket AS id, d.published_at AS sort FROM publications d \
             WHERE d.ticket >= {middle} ORDER BY d.ticket LIMIT 1"
        );
        match Sql::new(sql).load::<Place>(connection)?.pop() {
            Some(found) if found.id <= newest && found.sort < time => low = found.id + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The few events that can be wanted, where an index tells them.
fn candidates(
    connection: &mut AnyConnection,
    plan: &Plan,
    tickets: Span,
) -> Result<Option<Vec<i64>>, StoreError> {
    for most in CANDIDATES {
        let mut statements: Vec<String> = plan.lookups.iter().map(|lookup| lookup.find(most + 1)).collect();
        statements.extend(narrow_span(plan, tickets, most + 1));
        for statement in statements {
            let found = Sql::new(statement).load::<Number>(connection)?;
            if found.len() <= most {
                let mut ids: Vec<i64> = found.into_iter().map(|found| found.id).collect();
                ids.sort_unstable();
                ids.dedup();
                return Ok(Some(ids));
            }
        }
    }
    Ok(None)
}

/// The statement for the events of the time by which the answer is not ordered, if it is bounded.
fn narrow_span(plan: &Plan, tickets: Span, most: usize) -> Option<String> {
    if plan.by_time {
        let span = (!tickets.is_open()).then(|| tickets.on("d.ticket"))?;
        return Some(format!(
            "SELECT e.id AS id FROM publications d CROSS JOIN events e \
             WHERE d.ticket IS NOT NULL{span} AND e.document = d.id LIMIT {most}"
        ));
    }
    let span = (!plan.event_time.is_open()).then(|| plan.event_time.on("e.event_time"))?;
    Some(format!("SELECT e.id AS id FROM events e WHERE 1 = 1{span} LIMIT {most}"))
}
