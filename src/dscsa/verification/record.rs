//! VerificationRecord: one question and what came of it, as it is kept.

use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use uuid::Builder;
use uuid::Uuid;

use crate::dscsa::AuditEntry;
use crate::dscsa::verification::Answer;
use crate::dscsa::verification::Verdict;

/// Who asked whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// We asked.
    Asked,
    /// We were asked.
    Answered,
}

impl Direction {
    /// `asked` or `answered`.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Asked => "asked",
            Direction::Answered => "answered",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<Direction> {
        [Direction::Asked, Direction::Answered].into_iter().find(|direction| direction.as_str() == word)
    }
}

/// A question and what came of it, with its evidence. Texts are empty where a question did not get so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationRecord {
    /// Its name, from [`record_id`].
    pub id: String,
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// Who asked whom.
    pub direction: Direction,
    /// GTIN-14.
    pub gtin: String,
    /// Serial number, decoded.
    pub serial: String,
    /// Lot number, decoded.
    pub lot: String,
    /// Expiry as asked, `YYMMDD`.
    pub expiry: String,
    /// What it was asked for.
    pub context: String,
    /// GLN of who asked.
    pub requester: String,
    /// GLN of who answered, or should have.
    pub responder: String,
    /// Provider that carried it.
    pub provider: String,
    /// `corrUUID` as sent.
    pub correlation: String,
    /// HTTP status of the answer; 0 where none came.
    pub status: u16,
    /// What was answered.
    pub answer: Option<Answer>,
    /// What that meant for the package, where somebody had it in hand.
    pub verdict: Option<Verdict>,
    /// What the answer rests on: `source`, `replicate` or `none`.
    pub basis: &'static str,
    /// How long it took.
    pub took: Duration,
    /// Until when it must be answered (21 U.S.C. 360eee-1: 24 hours), where nobody has.
    pub due: Option<DateTime<Utc>>,
    /// What was sent and received, a JSON object.
    pub evidence: String,
}

impl VerificationRecord {
    /// The act of the audit trail that a verification is, done by this actor.
    pub fn act(&self, actor: &str) -> AuditEntry {
        let Self { id, gtin, serial, status, .. } = self;
        let (party, gln) = match self.direction {
            Direction::Asked => ("responder", &self.responder),
            Direction::Answered => ("requester", &self.requester),
        };
        let outcome = match (self.direction, &self.answer) {
            (Direction::Asked, _) => self.verdict.map(Verdict::as_str).unwrap_or_default(),
            (Direction::Answered, Some(answer)) if answer.verified() => "verified",
            (Direction::Answered, Some(_)) => "not-verified",
            (Direction::Answered, None) => "refused",
        };
        let object = if gtin.is_empty() { String::new() } else { format!("(01){gtin}(21){serial}") };
        AuditEntry {
            at: self.at,
            actor: actor.to_owned(),
            act: format!("verification.{}", self.direction.as_str()),
            object,
            outcome: outcome.to_owned(),
            detail: format!("{{\"verification\":\"{id}\",\"{party}\":\"{gln}\",\"status\":{status}}}"),
            ..AuditEntry::default()
        }
    }
}

/// The name of a record: a UUID of version 7, so that names sort by time. `random` is any random UUID.
pub fn record_id(at: DateTime<Utc>, random: Uuid) -> String {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    let bytes = random.into_bytes();
    let mut tail = [0; 10];
    tail.iter_mut().zip(bytes.iter().rev()).for_each(|(place, byte)| *place = *byte);
    Builder::from_unix_timestamp_millis(millis, &tail).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time() {
        let at = |millis| DateTime::from_timestamp_millis(millis).unwrap();
        let random = Uuid::from_u128(u128::MAX);
        let (first, second) =
            (record_id(at(1_772_000_000_000), random), record_id(at(1_772_000_000_001), Uuid::nil()));
        assert!(first < second, "{first} {second}");
        assert_eq!(Uuid::try_parse(&first).unwrap().get_version_num(), 7);
        assert_eq!(Direction::parse(Direction::Asked.as_str()), Some(Direction::Asked));
    }
}
