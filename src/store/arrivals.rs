//! Arrivals: what partners sent, each kept before it is acknowledged, known again by channel, partner and message.

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::dsl::count_star;
use sha2::Digest;
use sha2::Sha256;

use crate::access::Caller;
use crate::epcis::CaptureJob;
use crate::store::NewDelivery;
use crate::store::Received;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::captures;
use crate::store::claims;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::deliveries;
use crate::store::partners;
use crate::store::schema::arrival_keys;
use crate::store::schema::arrivals;
use crate::store::schema::capture_jobs;
use crate::store::schema::document_claims;
use crate::store::schema::documents;

/// Something that a partner sent, as its channel tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The name of the channel.
    pub channel: String,
    /// The id of the partner.
    pub partner: String,
    /// What the sender calls the message, the same when it sends it again; empty where it has no name for it.
    pub message_id: String,
    /// The name of the file, where it has one.
    pub name: String,
    /// When it came.
    pub at: DateTime<Utc>,
}

/// An arrival as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalRecord {
    /// Its identifier.
    pub id: String,
    /// What its channel told of it.
    pub arrival: Arrival,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// The document it is kept as.
    pub document: i64,
    /// The job that captures it; empty while there is none.
    pub job: String,
    /// How often it came again.
    pub resent: u64,
    /// When it last came again.
    pub resent_at: Option<DateTime<Utc>>,
    /// What the channel gave the sender for it; empty where nothing is kept.
    pub receipt: Vec<u8>,
    /// `accepted`, `findings` or `refused`; empty while that is not known.
    pub outcome: String,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// The answer, JSON; empty while there is none.
    pub answer: String,
}

/// What became of something that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenArrival {
    /// It is new, or was refused when it came first.
    New(ArrivalRecord),
    /// It came before, with the same bytes.
    Earlier(ArrivalRecord),
    /// Its name stands for other bytes that came before.
    Reused(ArrivalRecord),
}

/// How an arrival ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalEnd {
    /// `accepted`, `findings` or `refused`.
    pub outcome: &'static str,
    /// The answer, JSON.
    pub answer: String,
    /// The answer on its way to the sender, where its channels want it.
    pub deliveries: Vec<NewDelivery>,
}

/// Which arrivals are asked for; what is `None` asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArrivalFilter {
    /// Those of this partner.
    pub partner: Option<String>,
    /// Those by this channel.
    pub channel: Option<String>,
    /// Those that ended so.
    pub outcome: Option<String>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = arrivals, treat_none_as_default_value = false)]
struct Row {
    id: String,
    channel: String,
    partner: String,
    message_id: String,
    name: String,
    sha256: String,
    size: i64,
    arrived_at: i64,
    document: i64,
    job: String,
    resent: i64,
    resent_at: Option<i64>,
    receipt: Vec<u8>,
    next_at: Option<i64>,
    outcome: String,
    answered_at: Option<i64>,
    answer: String,
}

impl Store {
    /// What came before under the same name and was not refused; that it came again is counted. `None` where nothing did.
    pub fn known_arrival(
        &self,
        arrival: &Arrival,
        sha256: &[u8; 32],
    ) -> Result<Option<TakenArrival>, StoreError> {
        let Some(key) = key(arrival) else { return Ok(None) };
        match self.point(|connection| standing(connection, &key))? {
            Some((row, false)) => {
                self.write(|connection| again(connection, &row.id, (arrival, sha256))).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// True where something came before under the same name, whatever became of it.
    pub fn has_arrival(&self, arrival: &Arrival) -> Result<bool, StoreError> {
        let Some(key) = key(arrival) else { return Ok(false) };
        Ok(self.point(|connection| standing(connection, &key))?.is_some())
    }

    /// Keeps what came, or finds what came before under the same name. A first try that was refused stands in nobody's way.
    ///
    /// Where it is new, it now survives any crash, and is looked after from `look_after` on; otherwise the document is removed.
    pub fn take_arrival(
        &self,
        arrival: &Arrival,
        received: &Received,
        look_after: DateTime<Utc>,
    ) -> Result<TakenArrival, StoreError> {
        let (key, id) = (key(arrival), uuid::Uuid::now_v7().to_string());
        loop {
            let taken = self.write(|connection| {
                if let Some(key) = &key {
                    let before = standing(connection, key)?;
                    if let Some((row, false)) = &before {
                        return again(connection, &row.id, (arrival, &received.sha256)).map(Some);
                    }
                    if !claim(connection, key, before.map(|(row, _)| row.id).as_deref(), &id)? {
                        return Ok(None);
                    }
                }
                insert(connection, &id, (arrival, received), look_after).map(Some)
            })?;
            match taken {
                Some(TakenArrival::New(record)) => return Ok(TakenArrival::New(record)),
                Some(other) => {
                    self.remove_document(received.document)?;
                    return Ok(other);
                }
                // Another process was faster; what it wrote is seen by a new transaction.
                None => {}
            }
        }
    }

    /// Says which job captures an arrival, and as which document.
    pub fn set_arrival_job(&self, id: &str, job: &CaptureJob, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(arrivals::table.find(id))
                .set((
                    arrivals::job.eq(&*job.id),
                    arrivals::document.eq(job.document),
                    arrivals::next_at.eq(Some(now.timestamp_micros())),
                ))
                .execute(connection)?;
            Ok(())
        })
    }

    /// The job that captures, or captured, bytes of this SHA-256 (hexadecimal digits).
    pub fn job_of_bytes(&self, sha256: &str) -> Result<Option<CaptureJob>, StoreError> {
        self.read(|connection| {
            let document: Option<i64> = document_claims::table
                .find(claims::bytes_claim_of(sha256))
                .select(document_claims::document)
                .first(connection)
                .optional()?;
            let Some(document) = document else { return Ok(None) };
            let id: Option<String> = capture_jobs::table
                .filter(capture_jobs::document.eq(document))
                .select(capture_jobs::id)
                .first(connection)
                .optional()?;
            id.map(|id| captures::job_row(connection, &id)).transpose()
        })
    }

    /// Arrivals without an answer that are to be looked after, put off until `until` so that no other process does so.
    pub fn open_arrivals(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        most: i64,
    ) -> Result<Vec<ArrivalRecord>, StoreError> {
        let at = now.timestamp_micros();
        let due: Vec<Row> = self.read(|connection| {
            Ok(arrivals::table
                .filter(arrivals::next_at.le(at))
                .order((arrivals::next_at, arrivals::id))
                .limit(most)
                .load(connection)?)
        })?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.write(|connection| {
            let mut taken = Vec::new();
            for row in &due {
                // Where another process was faster, nothing is changed.
                let ours = diesel::update(arrivals::table.find(&row.id))
                    .filter(arrivals::next_at.eq(row.next_at))
                    .set(arrivals::next_at.eq(Some(until.timestamp_micros())))
                    .execute(connection)?;
                if ours > 0 {
                    taken.push(row.record()?);
                }
            }
            Ok(taken)
        })
    }

    /// Looks after an arrival without an answer again at this moment.
    pub fn put_arrival_off(&self, id: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(arrivals::table.find(id))
                .filter(arrivals::answered_at.is_null())
                .set(arrivals::next_at.eq(Some(until.timestamp_micros())))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Answers an arrival, and puts the answer on its way, once: false where it is answered already.
    pub fn answer_arrival(
        &self,
        id: &str,
        ended: &ArrivalEnd,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write(|connection| {
            let answered = diesel::update(arrivals::table.find(id))
                .filter(arrivals::answered_at.is_null())
                .set((
                    arrivals::outcome.eq(ended.outcome),
                    arrivals::answered_at.eq(Some(now.timestamp_micros())),
                    arrivals::answer.eq(&ended.answer),
                    arrivals::next_at.eq(None::<i64>),
                ))
                .execute(connection)?;
            if answered == 0 {
                return Ok(false);
            }
            for delivery in &ended.deliveries {
                deliveries::put(connection, delivery, now)?;
            }
            Ok(true)
        })
    }

    /// Keeps what the channel gives the sender for an arrival, unless something is kept already; what is kept then.
    pub fn keep_receipt(&self, id: &str, receipt: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.write(|connection| {
            diesel::update(arrivals::table.find(id))
                .filter(arrivals::receipt.eq(Vec::new()))
                .set(arrivals::receipt.eq(receipt))
                .execute(connection)?;
            Ok(arrivals::table
                .find(id)
                .select(arrivals::receipt)
                .first(connection)
                .optional()?
                .unwrap_or_default())
        })
    }

    /// How many arrivals have no answer yet, counted up to `most`.
    pub fn count_open_arrivals(&self, most: i64) -> Result<i64, StoreError> {
        self.read(|connection| {
            let open = arrivals::table.filter(arrivals::next_at.is_not_null());
            let counted: Vec<String> = open.select(arrivals::id).limit(most).load(connection)?;
            Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
        })
    }

    /// One arrival.
    pub fn arrival(&self, caller: &Caller, id: &str) -> Result<Option<ArrivalRecord>, StoreError> {
        self.read(|connection| {
            let seen = partners::seen_by(connection, caller)?;
            let row: Option<Row> = arrivals::table.find(id).first(connection).optional()?;
            let row = row.filter(|row| seen.as_ref().is_none_or(|seen| seen.contains(&row.partner)));
            row.map(|row| row.record()).transpose()
        })
    }

    /// Arrivals from the newest on, from behind `after`.
    pub fn arrivals(
        &self,
        caller: &Caller,
        filter: &ArrivalFilter,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<ArrivalRecord>, StoreError> {
        self.read(|connection| {
            let mut query = arrivals::table.into_boxed();
            if let Some(seen) = partners::seen_by(connection, caller)? {
                query = query.filter(arrivals::partner.eq_any(seen));
            }
            if let Some(partner) = &filter.partner {
                query = query.filter(arrivals::partner.eq(partner));
            }
            if let Some(channel) = &filter.channel {
                query = query.filter(arrivals::channel.eq(channel));
            }
            if let Some(outcome) = &filter.outcome {
                query = query.filter(arrivals::outcome.eq(outcome));
            }
            if let Some(after) = after {
                query = query.filter(arrivals::id.lt(after.to_owned()));
            }
            let rows: Vec<Row> = query.order(arrivals::id.desc()).limit(limit).load(connection)?;
            rows.iter().map(Row::record).collect()
        })
    }
}

/// What a message is known again by; `None` where its sender has no name for it.
fn key(arrival: &Arrival) -> Option<String> {
    if arrival.message_id.is_empty() {
        return None;
    }
    let mut digest = Sha256::new();
    for part in [&arrival.channel, &arrival.partner, &arrival.message_id] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    Some(hexadecimal(&digest.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What stands under a key, and whether it was refused.
fn standing(connection: &mut AnyConnection, key: &str) -> Result<Option<(Row, bool)>, StoreError> {
    let id: Option<String> =
        arrival_keys::table.find(key).select(arrival_keys::arrival).first(connection).optional()?;
    let Some(id) = id else { return Ok(None) };
    let row: Option<Row> = arrivals::table.find(id).first(connection).optional()?;
    let Some(row) = row else { return Ok(None) };
    if !row.outcome.is_empty() || row.job.is_empty() {
        let refused = row.outcome == "refused";
        return Ok(Some((row, refused)));
    }
    let failed = capture_jobs::table
        .find(&row.job)
        .filter(capture_jobs::running.eq(false).and(capture_jobs::success.eq(false)))
        .filter(capture_jobs::events_stored.eq(0).and(capture_jobs::events_linked.eq(0)))
        .select(count_star());
    let failed: i64 = failed.first(connection)?;
    Ok(Some((row, failed > 0)))
}

/// Makes a key stand for a new arrival: false where it no longer stands for what it did.
fn claim(
    connection: &mut AnyConnection,
    key: &str,
    before: Option<&str>,
    id: &str,
) -> Result<bool, StoreError> {
    let claimed = match before {
        Some(before) => diesel::update(arrival_keys::table.find(key))
            .filter(arrival_keys::arrival.eq(before))
            .set(arrival_keys::arrival.eq(id))
            .execute(connection)?,
        None => {
            let row = (arrival_keys::key.eq(key), arrival_keys::arrival.eq(id));
            either!(connection, concrete => diesel::insert_into(arrival_keys::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(concrete))?
        }
    };
    Ok(claimed == 1)
}

/// Counts that an arrival came again; other bytes under its name are not counted.
fn again(
    connection: &mut AnyConnection,
    id: &str,
    (arrival, sha256): (&Arrival, &[u8; 32]),
) -> Result<TakenArrival, StoreError> {
    let same = arrivals::table.find(id).filter(arrivals::sha256.eq(hexadecimal(sha256)));
    let counted = diesel::update(same)
        .set((
            arrivals::resent.eq(arrivals::resent + 1),
            arrivals::resent_at.eq(Some(arrival.at.timestamp_micros())),
        ))
        .execute(connection)?;
    let row: Row = arrivals::table.find(id).first(connection)?;
    Ok(match counted {
        0 => TakenArrival::Reused(row.record()?),
        _ => TakenArrival::Earlier(row.record()?),
    })
}

fn insert(
    connection: &mut AnyConnection,
    id: &str,
    (arrival, received): (&Arrival, &Received),
    look_after: DateTime<Utc>,
) -> Result<TakenArrival, StoreError> {
    let row = Row {
        id: id.to_owned(),
        channel: arrival.channel.clone(),
        partner: arrival.partner.clone(),
        message_id: kept(&arrival.message_id),
        name: kept(&arrival.name),
        sha256: hexadecimal(&received.sha256),
        size: i64::try_from(received.size).unwrap_or(i64::MAX),
        arrived_at: arrival.at.timestamp_micros(),
        document: received.document,
        job: String::new(),
        resent: 0,
        resent_at: None,
        receipt: Vec::new(),
        next_at: Some(look_after.timestamp_micros()),
        outcome: String::new(),
        answered_at: None,
        answer: String::new(),
    };
    diesel::insert_into(arrivals::table).values(&row).execute(connection)?;
    // From now on nobody sweeps it away.
    let kept = diesel::update(documents::table.find(received.document))
        .set(documents::lease_until.eq(None::<i64>))
        .execute(connection)?;
    if kept == 0 {
        return Err(StoreError::LeaseLost);
    }
    Ok(TakenArrival::New(row.record()?))
}

/// PostgreSQL keeps no NUL in a text.
fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl Row {
    fn record(&self) -> Result<ArrivalRecord, StoreError> {
        let time = |micros: i64| {
            DateTime::from_timestamp_micros(micros)
                .ok_or_else(|| StoreError::Damaged(format!("arrival {}", self.id)))
        };
        Ok(ArrivalRecord {
            id: self.id.clone(),
            arrival: Arrival {
                channel: self.channel.clone(),
                partner: self.partner.clone(),
                message_id: self.message_id.clone(),
                name: self.name.clone(),
                at: time(self.arrived_at)?,
            },
            sha256: self.sha256.clone(),
            size: self.size.unsigned_abs(),
            document: self.document,
            job: self.job.clone(),
            resent: self.resent.unsigned_abs(),
            resent_at: self.resent_at.map(time).transpose()?,
            receipt: self.receipt.clone(),
            outcome: self.outcome.clone(),
            answered_at: self.answered_at.map(time).transpose()?,
            answer: self.answer.clone(),
        })
    }
}
