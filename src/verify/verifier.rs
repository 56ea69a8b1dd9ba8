//! Verifier: takes a question to whoever can answer it, and says what the answer means for the package.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use metrics::counter;
use metrics::histogram;
use uuid::Uuid;

use crate::access::Caller;
use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::Direction;
use crate::dscsa::verification::RequesterStatement;
use crate::dscsa::verification::VerificationRecord;
use crate::dscsa::verification::VerificationRequest;
use crate::dscsa::verification::record_id;
use crate::gs1::Gtin;
use crate::store::Journal;
use crate::store::JournalEntry;
use crate::store::PendingVerification;
use crate::store::Store;
use crate::store::StoreError;
use crate::transport::Outbound;
use crate::verify::Question;
use crate::verify::Responder;
use crate::verify::Verification;
use crate::verify::VerifyError;
use crate::verify::answering::HOURS_TO_ANSWER;
use crate::verify::asking::Outcome;
use crate::verify::credential::Credentials;
use crate::verify::requester::ProviderFault;
use crate::verify::requester::Requester;
use crate::verify::routing;

/// Answers questions about packages, wherever their answers are. Clones share everything.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    store: Store,
    settings: routing::Settings,
    requester: Option<Requester>,
    journal: Option<Journal>,
    responder: Option<Responder>,
}

/// What a verifier works with besides the store; without a connector it asks nobody.
#[derive(Clone, Default)]
pub struct Means {
    /// How others are called.
    pub outbound: Option<Outbound>,
    /// Credentials, ours and theirs.
    pub credentials: Option<Credentials>,
    /// Where verifications are written down; straight to the store where there is none.
    pub journal: Option<Journal>,
    /// What answers for our own product.
    pub responder: Option<Responder>,
}

/// A question under way, whether for the first time or again.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) question: Question,
    pub(super) correlation: CorrelationId,
    pub(super) deadline: Duration,
    pub(super) now: DateTime<Utc>,
}

impl Verifier {
    /// A verifier over this store that asks nobody.
    pub fn new(store: &Store, settings: &routing::Settings) -> Verifier {
        let (store, settings) = (store.clone(), settings.clone());
        Verifier(Arc::new(Inner { store, settings, requester: None, journal: None, responder: None }))
    }

    /// A verifier that asks others; fails where a provider's settings cannot be used.
    pub fn with(
        store: &Store,
        settings: &routing::Settings,
        means: Means,
    ) -> Result<Verifier, ProviderFault> {
        let outbound = means.outbound.as_ref();
        let requester =
            outbound.map(|outbound| Requester::new(outbound, means.credentials.as_ref(), settings));
        let requester = requester.transpose()?;
        let (store, settings) = (store.clone(), settings.clone());
        let Means { journal, responder, .. } = means;
        Ok(Verifier(Arc::new(Inner { store, settings, requester, journal, responder })))
    }

    /// How questions are routed.
    pub fn settings(&self) -> &routing::Settings {
        &self.0.settings
    }

    /// True where a trade item is our own, and answered for here.
    pub fn is_own(&self, gtin: Gtin) -> bool {
        self.0.responder.as_ref().is_some_and(|responder| responder.answers_for(gtin).is_some())
    }

    /// Asks who can answer, and judges; what came out is written down before it is told. A question that nobody answers in time
    /// is asked again later, whoever waits. Must run on a Tokio runtime with time and network; goes on where the caller stops.
    pub async fn verify(
        &self,
        caller: &Caller,
        question: &Question,
        now: DateTime<Utc>,
    ) -> Result<Verification, VerifyError> {
        let (verifier, caller) = (self.clone(), caller.clone());
        let asking = Asking {
            question: self.filled(question),
            correlation: CorrelationId::new(Uuid::new_v4()),
            deadline: Duration::from_millis(self.0.settings.deadline_milliseconds),
            now,
        };
        let work = tokio::spawn(async move { verifier.first(&caller, asking).await });
        work.await.map_err(|_| VerifyError::Stopping)?
    }

    /// The question with what the settings say where it says nothing.
    fn filled(&self, question: &Question) -> Question {
        let mut question = question.clone();
        if question.context.is_empty() {
            question.context = self.0.settings.context.as_str().into();
        }
        question
    }

    async fn first(&self, caller: &Caller, asking: Asking) -> Result<Verification, VerifyError> {
        let outcome = self.ask(caller, &asking).await?;
        let id = record_id(asking.now, Uuid::new_v4());
        if outcome.again {
            let pending = PendingVerification {
                id: id.clone(),
                request: self.request(&asking, true),
                doubtful: asking.question.doubtful,
                asked: asking.now,
                next: self.next(asking.now, 0).unwrap_or(asking.now),
                tries: 0,
            };
            self.off_thread(move |store| store.put_pending(&pending)).await?;
        }
        let due = outcome.answer.is_none().then(|| asking.now + TimeDelta::hours(HOURS_TO_ANSWER));
        self.record(&asking, &outcome, (&id, due)).await?;
        let text = |text: &str| (!text.is_empty()).then(|| text.into());
        Ok(Verification {
            id,
            correlation: asking.correlation,
            responder: text(&outcome.responder),
            provider: text(&outcome.provider),
            at: asking.now,
            took: outcome.took,
            pending: outcome.again,
            judgement: outcome.judgement,
            answer: outcome.answer,
        })
    }

    /// When a question of this moment is asked again, having been asked again so often; `None` where it is not.
    pub(super) fn next(&self, asked: DateTime<Utc>, tries: u32) -> Option<DateTime<Utc>> {
        let minutes = self.0.settings.late_minutes.get(usize::try_from(tries).ok()?)?;
        asked.checked_add_signed(TimeDelta::minutes(i64::from(*minutes)))
    }

    /// Writes down what came of asking once.
    pub(super) async fn record(
        &self,
        asking: &Asking,
        outcome: &Outcome,
        (id, due): (&str, Option<DateTime<Utc>>),
    ) -> Result<(), VerifyError> {
        let Asking { question, correlation, now, .. } = asking;
        let record = VerificationRecord {
            id: id.to_owned(),
            at: *now,
            direction: Direction::Asked,
            gtin: question.gtin.to_string(),
            serial: question.serial.to_string(),
            lot: question.lot.to_string(),
            expiry: question.expiry.as_str().to_owned(),
            context: question.context.to_string(),
            requester: self.0.settings.requester.clone(),
            responder: outcome.responder.to_string(),
            provider: outcome.provider.to_string(),
            correlation: correlation.to_string(),
            status: outcome.status,
            answer: outcome.answer.clone(),
            verdict: Some(outcome.judgement.verdict),
            basis: outcome.judgement.basis.as_str(),
            took: outcome.took,
            due,
            evidence: outcome.evidence.to_string(),
        };
        counter!("epcgate_verifications_total", "verdict" => outcome.judgement.verdict.as_str(), "basis" => record.basis)
            .increment(1);
        histogram!("epcgate_verification_seconds", "basis" => record.basis)
            .record(outcome.took.as_secs_f64());
        let entry = JournalEntry { record, actor: "operator".to_owned() };
        match &self.0.journal {
            Some(journal) => Ok(journal.record(entry).await?),
            None => self.off_thread(move |store: &Store| store.journal(vec![entry])).await,
        }
    }

    /// The question as it is sent.
    pub(super) fn request(&self, asking: &Asking, statement: bool) -> VerificationRequest {
        let question = &asking.question;
        VerificationRequest {
            gtin: question.gtin,
            lot: question.lot.clone(),
            serial: question.serial.clone(),
            expiry: question.expiry.clone(),
            context: question.context.clone(),
            requester: self.0.settings.requester.as_str().into(),
            correlation: asking.correlation.clone(),
            statement: match statement {
                true => question.statement.clone(),
                false => RequesterStatement::default(),
            },
        }
    }

    pub(super) fn responder(&self) -> Option<&Responder> {
        self.0.responder.as_ref()
    }

    pub(super) fn requester(&self) -> Option<&Requester> {
        self.0.requester.as_ref()
    }

    /// Runs what may wait for the database on a thread that may wait.
    pub(super) async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, VerifyError> {
        let store = self.0.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        Ok(done.map_err(|_| VerifyError::Stopping)??)
    }
}
