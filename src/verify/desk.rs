//! Desk: takes the questions of partners, answers them for our own product, and writes every one down before the answer leaves.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;
use thiserror::Error;
use uuid::Uuid;

use crate::access::Caller;
use crate::access::SpeaksFor;
use crate::dscsa::AuditEntry;
use crate::dscsa::verification::Direction;
use crate::dscsa::verification::VerificationRecord;
use crate::dscsa::verification::VerificationRequest;
use crate::dscsa::verification::record_id;
use crate::formats::verification::Release;
use crate::formats::verification::RequestFault;
use crate::formats::verification::read_connectivity_request;
use crate::formats::verification::read_request;
use crate::formats::verification::write_evidence;
use crate::formats::verification::write_response;
use crate::gs1::Gln;
use crate::store::Journal;
use crate::store::JournalEntry;
use crate::store::JournalError;
use crate::store::Store;
use crate::store::StoreError;
use crate::verify::Responded;
use crate::verify::Responder;
use crate::verify::Verifier;
use crate::verify::VerifyError;
use crate::verify::answering::Answered;
use crate::verify::answering::HOURS_TO_ANSWER;
use crate::verify::answering::Taken;
use crate::verify::asking::is_mismatch;
use crate::verify::credential::Credentials;
use crate::verify::credential::Demand;
use crate::verify::onward::NotPassed;
use crate::verify::policy::Settings;
use crate::verify::throttle::Throttle;

/// Bytes of a question that are kept of one that cannot be read.
const MOST_QUESTION: usize = 8_192;

/// Where partners ask. Clones share everything.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    store: Store,
    responder: Responder,
    throttle: Throttle,
    journal: Journal,
    credentials: Credentials,
    onward: Option<Verifier>,
}

/// A question as it came, and who brought it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What follows the base address, as sent: `gtin/…/lot/…/ser/…`.
    pub segments: &'a str,
    /// The query, as sent.
    pub query: &'a str,
    /// The release it follows.
    pub release: Release,
    /// Who brought it, as the audit trail names him.
    pub actor: &'a str,
    /// In whose name he may ask.
    pub speaks_for: &'a SpeaksFor,
    /// The credential presented with it.
    pub presented: Option<&'a str>,
    /// Through whom it came, as the header `Via` has it; empty for nobody.
    pub via: &'a str,
    /// When it came.
    pub now: DateTime<Utc>,
    /// Any random UUID, for the name of its record.
    pub random: Uuid,
}

/// An answer that is written down and may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The JSON.
    pub body: Vec<u8>,
    /// The header and value of a credential: ours, or that of who answered a question that was passed on.
    pub credential: Option<(String, String)>,
}

/// Why a question is not answered.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error(transparent)]
    Fault(#[from] RequestFault),
    /// The GLN is nobody's we know.
    #[error("reqGLN {0} is not known here: ask us to register it")]
    Unknown(Box<str>),
    /// The GLN is known, and not one that this caller may ask for.
    #[error("this caller may not ask in the name of GLN {0}: ask us to register it for your key")]
    NotPermitted(Box<str>),
    /// What is presented is not taken.
    #[error("{0}")]
    Credential(String),
    /// It guesses.
    #[error("too many questions of GLN {0} did not match anything; it is answered again from {until}", until = .1.format("%H:%M UTC"))]
    Paused(Box<str>, DateTime<Utc>),
    /// The trade item is not ours.
    #[error(
        "nobody here answers for GTIN {0}: it may be missing in the directory; ask its maker, and the provider of the directory"
    )]
    NotOurs(Box<str>),
    /// It was passed on, and no answer came back.
    #[error("{why}")]
    NotPassed {
        /// The status that tells it: 401, 403, 404, 502 or 504.
        status: u16,
        /// Why, one sentence.
        why: String,
    },
    /// Our data are not complete.
    #[error(
        "our data of this item are not complete, so that nothing can be compared; it is answered by hand within {HOURS_TO_ANSWER} hours"
    )]
    Incomplete,
    /// It could not be written down.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The store failed, or the gateway is stopping.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl From<NotPassed> for Refusal {
    fn from(NotPassed { status, why }: NotPassed) -> Refusal {
        Refusal::NotPassed { status, why }
    }
}

impl Desk {
    /// A desk over this store and journal. What is not ours is passed on by the verifier, where its settings say so.
    pub fn new(
        store: &Store,
        settings: &Settings,
        (responder, verifier): (Responder, &Verifier),
        journal: Journal,
        credentials: Credentials,
    ) -> Desk {
        let (store, throttle) = (store.clone(), Throttle::new(settings));
        let onward = verifier.passes_on().then(|| verifier.clone());
        Desk(Arc::new(Inner { store, responder, throttle, journal, credentials, onward }))
    }

    /// What is presented with a request, by a function that finds a header.
    pub fn presented<'a>(&self, header: impl Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
        self.0.credentials.presented(header)
    }

    /// Answers a question; the answer is durable in our records before it is given. Must run on a Tokio runtime.
    pub async fn answer(&self, asked: Asked<'_>) -> Result<Reply, Refusal> {
        let began = Instant::now();
        let contexts = self.0.responder.contexts();
        let request = match read_request(asked.segments, asked.query, contexts) {
            Ok(request) => request,
            Err(fault) => {
                let entry = asked.unread(fault.status());
                self.0.journal.record(entry).await?;
                return Err(fault.into());
            }
        };
        self.admit(&asked, &request).await?;
        let credential = self.judge_credential(&asked, &request).await?;
        let own = self.0.responder.answers_for(request.gtin).is_some();
        if let (false, Some(verifier)) = (own, &self.0.onward) {
            // Apart, so that an answer of our own does not carry around what this one needs.
            return Box::pin(self.pass_on(verifier, (&asked, began), &request, &credential)).await;
        }
        let item = own.then(|| (request.gtin, request.serial.clone()));
        let record = asked.record(&request, Duration::ZERO);
        let taken = Taken {
            responder: self.0.responder.clone(),
            release: asked.release,
            now: asked.now,
            began,
            actor: asked.actor.to_owned(),
            address: asked.address(),
            request,
            credential,
            record,
        };
        let answered = self.0.journal.answer(item, |found| taken.answer(found)).await?;
        let Answered { request, responded, body } = answered;
        match responded {
            Responded::Answer { mismatch, .. } => {
                self.watch(&asked, &request, mismatch).await;
                Ok(Reply { body, credential: self.presentation(&request).await })
            }
            Responded::Incomplete { .. } => Err(Refusal::Incomplete),
            Responded::NotOurs => Err(Refusal::NotOurs(request.gtin.as_str().into())),
        }
    }

    /// Tells who answers for a trade item here (LMS 1.1, section 4.3).
    pub async fn connectivity(
        &self,
        query: &str,
        speaks_for: &SpeaksFor,
        via: &str,
    ) -> Result<Box<str>, Refusal> {
        let request = read_connectivity_request(query, self.0.responder.contexts())?;
        if !speaks_for.covers(&request.requester) {
            return Err(self.stranger(&request.requester).await?);
        }
        match (self.0.responder.answers_for(request.gtin), &self.0.onward) {
            (Some(responder), _) => Ok(responder.into()),
            (None, Some(verifier)) => Ok(verifier.pass_on_connectivity(&request, via).await??),
            (None, None) => Err(Refusal::NotOurs(request.gtin.as_str().into())),
        }
    }

    /// Passes a question on, and its answer back, once that is written down.
    async fn pass_on(
        &self,
        verifier: &Verifier,
        (asked, began): (&Asked<'_>, Instant),
        request: &VerificationRequest,
        credential: &str,
    ) -> Result<Reply, Refusal> {
        let passed = verifier.pass_on(request, (asked.presented, asked.via), asked.now).await?;
        let mut record = asked.record(request, began.elapsed());
        record.provider = passed.provider.to_string();
        let mut body = Vec::new();
        match &passed.outcome {
            Ok((response, _)) => {
                body = write_response(response);
                (record.status, record.basis) = (200, "source");
                record.responder = response.responder.to_string();
                record.answer = Some(response.answer.clone());
            }
            Err(not) => record.status = not.status,
        }
        let onward = passed.evidence.to_string();
        record.evidence = write_evidence(&asked.address(), &body, (credential, &onward));
        self.0.journal.record(asked.entry(record)).await?;
        let (response, presented) = passed.outcome?;
        self.watch(asked, request, is_mismatch(&response.answer)).await;
        // A header carries nothing else, and a presentation has nothing else.
        let presented = presented.filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
        let header = || self.0.credentials.header().to_owned();
        Ok(Reply { body, credential: presented.map(|text| (header(), text)) })
    }

    /// Lets pass who may ask in this name and does not guess.
    async fn admit(&self, asked: &Asked<'_>, request: &VerificationRequest) -> Result<(), Refusal> {
        if !asked.speaks_for.covers(&request.requester) {
            let refusal = Box::pin(self.stranger(&request.requester)).await?;
            let status = if matches!(refusal, Refusal::Unknown(_)) { 401 } else { 403 };
            Box::pin(self.refuse(asked, request, status, "")).await?;
            return Err(refusal);
        }
        match self.0.throttle.paused(&request.requester, asked.now) {
            Some(until) => Err(Refusal::Paused(request.requester.clone(), until)),
            None => Ok(()),
        }
    }

    /// Known or not: who asks in a name that is not his own learns whether to register it.
    async fn stranger(&self, gln: &str) -> Result<Refusal, Refusal> {
        let (store, asked) = (self.0.store.clone(), Gln::parse(gln).ok());
        let known = off_thread(move || match asked {
            Some(gln) => store.partner_with_gln(&Caller::operator(), gln).map(|partner| partner.is_some()),
            None => Ok(false),
        });
        Ok(if known.await? { Refusal::NotPermitted(gln.into()) } else { Refusal::Unknown(gln.into()) })
    }

    /// The evidence of the credential presented, in JSON; empty where none is looked at.
    async fn judge_credential(
        &self,
        asked: &Asked<'_>,
        request: &VerificationRequest,
    ) -> Result<String, Refusal> {
        let credentials = &self.0.credentials;
        if credentials.of_requests() == Demand::Off {
            return Ok(String::new());
        }
        let judged =
            Box::pin(credentials.judge(asked.presented, &request.correlation, &request.requester, asked.now))
                .await;
        if !credentials.of_requests().admits(&judged.outcome) {
            Box::pin(self.refuse(asked, request, 401, &judged.evidence_json())).await?;
            return Err(Refusal::Credential(judged.outcome.to_string()));
        }
        Ok(judged.evidence_json())
    }

    /// Counts a question, and writes down where that makes its GLN unanswered for a while.
    async fn watch(&self, asked: &Asked<'_>, request: &VerificationRequest, mismatch: bool) {
        let Some(paused) = self.0.throttle.note(request, mismatch, asked.now) else { return };
        tracing::warn!(gln = %request.requester, until = %paused.until, "a GLN guesses and is not answered");
        let entry = AuditEntry {
            at: asked.now,
            actor: asked.actor.to_owned(),
            act: "verification.throttled".to_owned(),
            object: request.requester.to_string(),
            outcome: "refused".to_owned(),
            detail: format!(
                "{{\"failed\":{},\"until\":\"{}\"}}",
                paused.failed,
                paused.until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
            ),
            ..AuditEntry::default()
        };
        let store = self.0.store.clone();
        if let Err(error) = Box::pin(off_thread(move || store.audit(&[entry]))).await {
            tracing::error!(%error, "that a GLN is not answered could not be written down");
        }
    }

    async fn refuse(
        &self,
        asked: &Asked<'_>,
        request: &VerificationRequest,
        status: u16,
        credential: &str,
    ) -> Result<(), Refusal> {
        let mut record = asked.record(request, Duration::ZERO);
        record.status = status;
        record.evidence = write_evidence(&asked.address(), b"", (credential, ""));
        Ok(self.0.journal.record(asked.entry(record)).await?)
    }

    async fn presentation(&self, request: &VerificationRequest) -> Option<(String, String)> {
        match self.0.credentials.presentation(&request.correlation).await {
            Ok(made) => made.map(|made| (self.0.credentials.header().to_owned(), made.token.into_string())),
            Err(error) => {
                tracing::warn!(%error, "an answer leaves without our credential");
                None
            }
        }
    }
}

/// Runs what may wait for the database on a thread that may wait.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, VerifyError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| VerifyError::Stopping)?;
    Ok(done?)
}

impl Asked<'_> {
    /// Path and query, as sent.
    fn address(&self) -> String {
        ["/verify/", self.segments.trim_start_matches('/'), "?", self.query].concat()
    }

    /// The record of a question, as long as nothing has come of it.
    fn record(&self, request: &VerificationRequest, took: Duration) -> VerificationRecord {
        VerificationRecord {
            gtin: request.gtin.as_str().to_owned(),
            serial: String::from(&*request.serial),
            lot: String::from(&*request.lot),
            expiry: request.expiry.as_str().to_owned(),
            context: String::from(&*request.context),
            requester: String::from(&*request.requester),
            correlation: request.correlation.as_str().to_owned(),
            status: 404,
            took,
            ..self.blank()
        }
    }

    fn blank(&self) -> VerificationRecord {
        VerificationRecord {
            id: record_id(self.now, self.random),
            at: self.now,
            direction: Direction::Answered,
            gtin: String::new(),
            serial: String::new(),
            lot: String::new(),
            expiry: String::new(),
            context: String::new(),
            requester: String::new(),
            responder: String::new(),
            provider: String::new(),
            correlation: String::new(),
            status: 400,
            answer: None,
            verdict: None,
            basis: "none",
            took: Duration::ZERO,
            due: None,
            evidence: String::new(),
        }
    }

    /// What is written down of a question that cannot be read: its beginning.
    fn unread(&self, status: u16) -> JournalEntry {
        let address: String = self.address().chars().take(MOST_QUESTION).collect();
        let evidence = write_evidence(&address, b"", ("", ""));
        self.entry(VerificationRecord { status, evidence, ..self.blank() })
    }

    fn entry(&self, record: VerificationRecord) -> JournalEntry {
        JournalEntry { record, actor: self.actor.to_owned() }
    }
}
