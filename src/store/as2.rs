//! AS2 messages that were sent, each with the receipt that proves what came of it; and the channel that a message belongs to.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::schema::as2_messages;
use crate::store::schema::channels;
use crate::transport::Channel;
use crate::transport::PartnerChannel;
use crate::transport::as2::Disposition;
use crate::transport::as2::Mic;
use crate::transport::as2::Settings;

/// A message that was sent, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct As2Message {
    /// The delivery it brings.
    pub delivery: String,
    /// Its id, without angle brackets; the same each time it is sent.
    pub message_id: String,
    /// The channel.
    pub channel: String,
    /// When it was last sent.
    pub sent_at: DateTime<Utc>,
    /// The integrity checks that its receipt may show.
    pub mics: Vec<Mic>,
    /// Its receipt, if it has one.
    pub receipt: Option<As2Receipt>,
}

/// The receipt of a message, as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct As2Receipt {
    /// When it came.
    pub at: DateTime<Utc>,
    /// What it says became of the message.
    pub disposition: Disposition,
    /// SHA-256 of the certificate that signed it, in hexadecimal; empty where it is not signed.
    pub signer: String,
    /// Header fields and body as they came.
    pub bytes: Vec<u8>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = as2_messages, treat_none_as_default_value = false)]
struct Row {
    delivery: String,
    message_id: String,
    channel: String,
    sent_at: i64,
    checks: String,
    answered_at: Option<i64>,
    disposition: String,
    signer: String,
    receipt: Vec<u8>,
}

impl Store {
    /// Writes down that a message is sent now. The id of its first time stands; what comes back is as it is kept.
    pub fn put_as2_message(&self, message: &As2Message) -> Result<As2Message, StoreError> {
        let row = Row::of(message);
        let again = (as2_messages::sent_at.eq(row.sent_at), as2_messages::checks.eq(row.checks.clone()));
        self.write(|connection| {
            let known = diesel::update(as2_messages::table.find(&message.delivery)).set(again.clone());
            if known.execute(connection)? == 0 {
                either!(connection, concrete => diesel::insert_into(as2_messages::table)
                    .values(&row)
                    .on_conflict_do_nothing()
                    .execute(concrete))?;
            }
            one(connection, &message.delivery)?
                .ok_or_else(|| StoreError::Damaged(format!("AS2 message {}", message.delivery)))
        })
    }

    /// The message that brings a delivery.
    pub fn as2_message(&self, _caller: &Caller, delivery: &str) -> Result<Option<As2Message>, StoreError> {
        self.read(|connection| one(connection, delivery))
    }

    /// Keeps the receipt of a message; one that says it was taken is never replaced.
    pub fn keep_as2_receipt(&self, delivery: &str, receipt: &As2Receipt) -> Result<(), StoreError> {
        self.write(|connection| {
            let kept = one(connection, delivery)?.and_then(|message| message.receipt);
            if kept.is_some_and(|kept| kept.disposition.is_taken()) {
                return Ok(());
            }
            diesel::update(as2_messages::table.find(delivery))
                .set((
                    as2_messages::answered_at.eq(Some(receipt.at.timestamp_micros())),
                    as2_messages::disposition.eq(receipt.disposition.to_string()),
                    as2_messages::signer.eq(&receipt.signer),
                    as2_messages::receipt.eq(&receipt.bytes),
                ))
                .execute(connection)?;
            Ok(())
        })
    }

    /// The AS2 channel between these two names, and what was agreed for it.
    pub fn as2_channel(
        &self,
        _caller: &Caller,
        from: &str,
        to: &str,
    ) -> Result<Option<(PartnerChannel, Settings)>, StoreError> {
        let bodies: Vec<(String, String)> = self.read(|connection| {
            let all = channels::table.filter(channels::kind.eq("as2")).order(channels::id);
            Ok(all.select((channels::id, channels::body)).load(connection)?)
        })?;
        for (id, body) in bodies {
            let channel: PartnerChannel = serde_json::from_str(&body)
                .map_err(|error| StoreError::Damaged(format!("channel {id}: {error}")))?;
            if let Channel::As2(settings) = &channel.by
                && settings.joins(from, to)
            {
                let settings = settings.clone();
                return Ok(Some((channel, settings)));
            }
        }
        Ok(None)
    }
}

fn one(connection: &mut AnyConnection, delivery: &str) -> Result<Option<As2Message>, StoreError> {
    let row: Option<Row> = as2_messages::table.find(delivery).first(connection).optional()?;
    row.map(Row::message).transpose()
}

impl Row {
    fn of(message: &As2Message) -> Row {
        let checks: Vec<String> = message.mics.iter().map(Mic::to_string).collect();
        Row {
            delivery: message.delivery.clone(),
            message_id: message.message_id.clone(),
            channel: message.channel.clone(),
            sent_at: message.sent_at.timestamp_micros(),
            checks: checks.join("\n"),
            answered_at: None,
            disposition: String::new(),
            signer: String::new(),
            receipt: Vec::new(),
        }
    }

    fn message(self) -> Result<As2Message, StoreError> {
        let time = |micros: i64| {
            DateTime::from_timestamp_micros(micros)
                .ok_or_else(|| StoreError::Damaged("a time of AS2".to_owned()))
        };
        let receipt = match self.answered_at {
            Some(at) => Some(As2Receipt {
                at: time(at)?,
                disposition: Disposition::parse_status(&self.disposition).ok_or_else(|| {
                    StoreError::Damaged(format!("the disposition {:?} of AS2", self.disposition))
                })?,
                signer: self.signer,
                bytes: self.receipt,
            }),
            None => None,
        };
        Ok(As2Message {
            delivery: self.delivery,
            message_id: self.message_id,
            channel: self.channel,
            sent_at: time(self.sent_at)?,
            mics: self.checks.lines().filter_map(Mic::parse).collect(),
            receipt,
        })
    }
}
