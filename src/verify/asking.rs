//! Asking once: who can answer is asked, what comes is weighed, and the package judged by it.

use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use crate::access::Caller;
use crate::dscsa::verification::Answer;
use crate::dscsa::verification::Basis;
use crate::dscsa::verification::DirectoryRecord;
use crate::dscsa::verification::FailureReason;
use crate::dscsa::verification::Judgement;
use crate::dscsa::verification::VerdictFacts;
use crate::dscsa::verification::judge;
use crate::formats::verification::Release;
use crate::verify::Responded;
use crate::verify::Verifier;
use crate::verify::VerifyError;
use crate::verify::lookup;
use crate::verify::lookup::Known;
use crate::verify::requester::Voice;
use crate::verify::unanswered::Unanswered;
use crate::verify::verifier::Asking;

/// What came of asking once.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) judgement: Judgement,
    pub(super) answer: Option<Answer>,
    pub(super) responder: Box<str>,
    pub(super) provider: Box<str>,
    /// HTTP status of what came; 0 where nothing did.
    pub(super) status: u16,
    /// True where nobody has answered and somebody may later.
    pub(super) again: bool,
    pub(super) took: Duration,
    /// What was sent and received, and what it was taken for.
    pub(super) evidence: Value,
}

/// What was said of a package, and by whom.
struct Said {
    answer: Result<(Answer, Basis), Unanswered>,
    responder: Box<str>,
    provider: Box<str>,
    /// What a person should know besides.
    remark: Option<String>,
    evidence: Value,
}

impl Verifier {
    /// Asks once, with a second try where that is quick, and judges.
    pub(super) async fn ask(&self, caller: &Caller, asking: &Asking) -> Result<Outcome, VerifyError> {
        let began = Instant::now();
        let (by, question) = (caller.clone(), asking.question.clone());
        let today = asking.now.date_naive();
        let known = self.off_thread(move |store| lookup::look_up(store, &by, &question, today)).await?;
        let said = match (self.own(caller, asking).await?, &known.route) {
            (Some(own), _) => own,
            (None, Ok((record, name))) => self.hear(record, name, asking).await,
            (None, Err(none)) => Said::nobody(none.clone()),
        };
        let said = match &said.answer {
            Ok(_) => said,
            Err(_) => self.replicate(caller, asking, said).await?,
        };
        Ok(outcome(asking, &known, said, began.elapsed()))
    }

    /// Answers for our own product; `None` where it is not ours.
    async fn own(&self, caller: &Caller, asking: &Asking) -> Result<Option<Said>, VerifyError> {
        let Some(responder) = self.responder().filter(|_| self.is_own(asking.question.gtin)).cloned() else {
            return Ok(None);
        };
        let (by, request, now) = (caller.clone(), self.request(asking, true), asking.now);
        let responded =
            self.off_thread(move |_| responder.respond(&by, &request, Release::R1_3, now)).await?;
        let evidence = json!({ "own": true });
        Ok(match responded {
            Responded::NotOurs => None,
            Responded::Incomplete { responder } => {
                Some(Said { responder, evidence, ..Said::nobody(Unanswered::incomplete()) })
            }
            Responded::Answer { response, .. } => {
                let name = format!("GLN {}", response.responder).into();
                let answer = Ok((response.answer, Basis::Source { name, at: asking.now }));
                let responder = response.responder;
                Some(Said { answer, responder, evidence, ..Said::nobody(Unanswered::incomplete()) })
            }
        })
    }

    /// Asks who the directory names.
    async fn hear(&self, record: &DirectoryRecord, name: &str, asking: &Asking) -> Said {
        let began = Instant::now();
        let named = |unanswered| Said {
            responder: record.responder.clone(),
            provider: record.provider.clone(),
            ..Said::nobody(unanswered)
        };
        let Some(requester) = self.requester() else { return named(Unanswered::unconnected()) };
        if self.settings().requester.is_empty() {
            return named(Unanswered::nameless());
        }
        let request = self.request(asking, requester.takes_statements(&record.provider));
        let heard = requester.ask(record, &request, Voice::Ours, (asking.deadline, asking.now)).await;
        let mut said = Said { evidence: heard.evidence, ..named(Unanswered::unconnected()) };
        said.answer = heard.outcome.and_then(|response| {
            said.responder = response.responder.clone();
            if heard.stranger {
                let who = format!("GLN {}", response.responder);
                if is_mismatch(&response.answer) {
                    return Err(Unanswered::stranger(&who, &record.responder));
                }
                said.remark =
                    Some(format!("{who} answered, and the directory names GLN {}", record.responder));
            }
            let name = if heard.stranger { format!("GLN {}", response.responder) } else { name.to_owned() };
            Ok((response.answer, Basis::Source { name: name.into(), at: later(asking.now, began.elapsed()) }))
        });
        said
    }

    /// Lets our copy of the maker's data answer where nobody else has, and the maker allows it.
    async fn replicate(&self, caller: &Caller, asking: &Asking, said: Said) -> Result<Said, VerifyError> {
        let (by, question, settings) = (caller.clone(), asking.question.clone(), self.settings().clone());
        let today = asking.now.date_naive();
        let found = self
            .off_thread(move |store| lookup::replicate(store, &by, (&question, &settings), today))
            .await?;
        let Some((answer, maker)) = found else { return Ok(said) };
        let basis = Basis::Replicate { name: format!("GLN {maker}").into(), at: asking.now };
        Ok(Said { answer: Ok((answer, basis)), responder: maker.as_str().into(), ..said })
    }
}

impl Said {
    fn nobody(unanswered: Unanswered) -> Said {
        Said {
            answer: Err(unanswered),
            responder: Box::default(),
            provider: Box::default(),
            remark: None,
            evidence: json!({}),
        }
    }
}

/// True where an answer says that the product identifier is not one that its maker assigned, and nothing else speaks against
/// it: somebody who does not answer for it would say the same of good product.
pub(super) fn is_mismatch(answer: &Answer) -> bool {
    let known = [
        FailureReason::NoMatchSerial,
        FailureReason::NoMatchLot,
        FailureReason::NoMatchExpiry,
        FailureReason::NoMatchLotExpiry,
        FailureReason::NoReason,
    ];
    answer.info().is_none() && answer.reason().is_some_and(|reason| known.contains(reason))
}

fn outcome(asking: &Asking, known: &Known, said: Said, took: Duration) -> Outcome {
    let (answer, basis, unanswered) = match said.answer {
        Ok((answer, basis)) => (Some(answer), basis, None),
        Err(unanswered) => (None, Basis::None, Some(unanswered)),
    };
    let why = unanswered.as_ref().map_or("", |unanswered| &*unanswered.reason);
    let today = asking.now.date_naive();
    let mut judgement = judge(&VerdictFacts {
        scan_problem: None,
        doubtful: asking.question.doubtful,
        holds: &known.holds,
        expiry: asking.question.expiry.date(today),
        today,
        answer: answer.as_ref(),
        basis,
        unanswered: why,
    });
    if let Some(unanswered) = unanswered.as_ref().filter(|unanswered| unanswered.reason == judgement.reason) {
        judgement.next_step.clone_from(&unanswered.next_step);
    }
    if let Some(remark) = said.remark {
        judgement.reason = format!("{}. {remark}", judgement.reason);
    }
    let status = match (&answer, &unanswered) {
        (Some(_), _) => 200,
        (None, unanswered) => unanswered.as_ref().map_or(0, |unanswered| unanswered.status),
    };
    let mut evidence = said.evidence;
    if let Some(members) = evidence.as_object_mut() {
        members.insert("reason".to_owned(), judgement.reason.as_str().into());
        members.insert("nextStep".to_owned(), judgement.next_step.as_str().into());
        if !why.is_empty() {
            members.insert("unanswered".to_owned(), why.into());
        }
    }
    Outcome {
        judgement,
        answer,
        responder: said.responder,
        provider: said.provider,
        status,
        again: unanswered.is_some_and(|unanswered| unanswered.again),
        took,
        evidence,
    }
}

fn later(now: DateTime<Utc>, elapsed: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(elapsed).ok().and_then(|elapsed| now.checked_add_signed(elapsed)).unwrap_or(now)
}
