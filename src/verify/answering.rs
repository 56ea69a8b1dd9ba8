//! Answering: a question that was taken, as it waits for what the ledger says, and the answer and record that it then becomes.

use std::time::Instant;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::dscsa::verification::VerificationRecord;
use crate::dscsa::verification::VerificationRequest;
use crate::formats::verification::Release;
use crate::formats::verification::write_evidence;
use crate::formats::verification::write_response;
use crate::store::AssignedIdentifier;
use crate::store::JournalEntry;
use crate::verify::Responded;
use crate::verify::Responder;

/// How long the law gives for an answer (21 U.S.C. 360eee-1(b)(4)(C)).
pub(super) const HOURS_TO_ANSWER: i64 = 24;

/// A question that may be answered, with all that its record needs.
pub(super) struct Taken {
    pub(super) responder: Responder,
    pub(super) request: VerificationRequest,
    pub(super) release: Release,
    pub(super) now: DateTime<Utc>,
    pub(super) began: Instant,
    /// Who brought it, as the audit trail names him.
    pub(super) actor: String,
    /// Path and query, as sent.
    pub(super) address: String,
    /// The evidence of the credential presented, in JSON; empty where none is looked at.
    pub(super) credential: String,
    /// The record, as long as nothing has come of it.
    pub(super) record: VerificationRecord,
}

/// What came of a question.
pub(super) struct Answered {
    pub(super) request: VerificationRequest,
    pub(super) responded: Responded,
    /// The JSON of the answer; empty where there is none.
    pub(super) body: Vec<u8>,
}

impl Taken {
    /// The answer, and what is written down of it, given what the ledger says of the item.
    pub(super) fn answer(self, found: Option<AssignedIdentifier>) -> (JournalEntry, Answered) {
        let Taken { responder, request, release, now, began, actor, address, credential, mut record } = self;
        let responded = responder.judge(&request, found.as_ref(), release, now);
        let mut body = Vec::new();
        match &responded {
            Responded::Answer { response, .. } => {
                body = write_response(response);
                record.responder = String::from(&*response.responder);
                (record.status, record.basis) = (200, "source");
                record.answer = Some(response.answer.clone());
            }
            Responded::Incomplete { responder } => record.responder = responder.to_string(),
            Responded::NotOurs => {}
        }
        if record.status != 200 {
            record.due = Some(now + TimeDelta::hours(HOURS_TO_ANSWER));
        }
        record.evidence = write_evidence(&address, &body, (&credential, ""));
        record.took = began.elapsed();
        (JournalEntry { record, actor }, Answered { request, responded, body })
    }
}
