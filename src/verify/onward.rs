//! Onward: passes a partner's question on to who answers it, and the answer back, as a provider does for its customers. Whose
//! question it is stays as it was: `corrUUID`, `reqGLN`, and the credentials of both sides.

use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use crate::access::Caller;
use crate::dscsa::verification::RequesterStatement;
use crate::dscsa::verification::VerificationRequest;
use crate::dscsa::verification::VerificationResponse;
use crate::dscsa::verification::choose;
use crate::formats::verification::ConnectivityRequest;
use crate::verify::Verifier;
use crate::verify::VerifyError;
use crate::verify::requester::Voice;
use crate::verify::unanswered::Unanswered;

/// Gateways through which a question may come.
const MOST_HOPS: usize = 4;

const ROUND: &str = "the question goes round in a circle: directories name each other";

/// What came of passing a question on.
#[derive(Debug)]
pub(super) struct Passed {
    /// The provider that was asked.
    pub(super) provider: Box<str>,
    /// The answer with what was presented with it, or why there is none.
    pub(super) outcome: Result<(VerificationResponse, Option<String>), NotPassed>,
    /// What was sent and received.
    pub(super) evidence: Value,
}

/// Why a question that was passed on has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotPassed {
    /// The status that tells it (GS1 US guideline 1.1, section 9).
    pub(super) status: u16,
    /// Why, one sentence.
    pub(super) why: String,
}

impl Verifier {
    /// True where questions about others' product are passed on.
    pub(super) fn passes_on(&self) -> bool {
        self.settings().onward
    }

    /// Passes a question on with what was presented with it; `via` says through whom it came (RFC 9110, section 7.6.3).
    pub(super) async fn pass_on(
        &self,
        request: &VerificationRequest,
        (presented, via): (Option<&str>, &str),
        now: DateTime<Utc>,
    ) -> Result<Passed, VerifyError> {
        let nowhere = |status, why: String| Passed {
            provider: Box::default(),
            outcome: Err(NotPassed { status, why }),
            evidence: json!({}),
        };
        let Some(via) = self.through(via) else {
            return Ok(nowhere(502, ROUND.to_owned()));
        };
        let (gtin, today) = (request.gtin, now.date_naive());
        let records = self.off_thread(move |store| store.directory_of(&Caller::operator(), gtin)).await?;
        let record = match choose(&records, gtin, request.expiry.date(today), &request.context) {
            Ok(record) if !record.url.is_empty() => record,
            _ => {
                let why = format!("the directory here names nobody who answers for GTIN {gtin}");
                return Ok(nowhere(404, why));
            }
        };
        let Some(requester) = self.requester() else {
            return Ok(nowhere(502, Unanswered::unconnected().reason));
        };
        let mut request = request.clone();
        if !requester.takes_statements(&record.provider) {
            request.statement = RequesterStatement::default();
        }
        let voice = Voice::Passed { presented, via: &via };
        let heard = requester.ask(record, &request, voice, (self.patience(), now)).await;
        let outcome = match heard.outcome {
            Ok(response) => Ok((response, heard.presented)),
            Err(unanswered) => Err(NotPassed::from(unanswered)),
        };
        Ok(Passed { provider: record.provider.clone(), outcome, evidence: heard.evidence })
    }

    /// Asks everybody who may answer for a trade item whether they do, within the time for one question; gives the GLN of the last.
    pub(super) async fn pass_on_connectivity(
        &self,
        request: &ConnectivityRequest,
        via: &str,
    ) -> Result<Result<Box<str>, NotPassed>, VerifyError> {
        let began = Instant::now();
        let (gtin, asker) = (request.gtin, &*request.requester);
        let not = |status, why: String| Ok(Err(NotPassed { status, why }));
        let (Some(via), Some(requester)) = (self.through(via), self.requester()) else {
            return not(502, ROUND.to_owned());
        };
        let voice = Voice::Passed { presented: None, via: &via };
        let records = self.off_thread(move |store| store.directory_of(&Caller::operator(), gtin)).await?;
        let mut found = None;
        for record in records.iter().filter(|record| record.active && !record.url.is_empty()) {
            let left = self.patience().saturating_sub(began.elapsed());
            match requester.connect(record, (gtin, asker), voice, left).await {
                Ok(Ok(responder)) => found = Some(responder),
                Ok(Err(unanswered)) => return Ok(Err(unanswered.into())),
                Err(why) => return not(502, why),
            }
        }
        match found {
            Some(responder) => Ok(Ok(responder)),
            None => not(404, format!("the directory here names nobody who answers for GTIN {gtin}")),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.settings().deadline_milliseconds)
    }

    /// What `via` becomes with us; `None` where it has us already, or is too long to be true.
    fn through(&self, via: &str) -> Option<String> {
        with_us(via, &self.settings().requester)
    }
}

fn with_us(via: &str, gln: &str) -> Option<String> {
    let own = format!("epcgate-{gln}");
    let hops: Vec<&str> = via.split(',').map(str::trim).filter(|hop| !hop.is_empty()).collect();
    let ours = hops.iter().any(|hop| hop.split_whitespace().nth(1) == Some(own.as_str()));
    if ours || hops.len() >= MOST_HOPS {
        return None;
    }
    Some(hops.iter().map(|hop| format!("{hop}, ")).collect::<String>() + "1.1 " + &own)
}

impl From<Unanswered> for NotPassed {
    fn from(unanswered: Unanswered) -> NotPassed {
        let status = match unanswered.status {
            // What concerns who asks is told to them.
            status @ (401 | 403 | 404) => status,
            408 | 504 => 504,
            0 if unanswered.late => 504,
            _ => 502,
        };
        NotPassed { status, why: unanswered.reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::verification::DirectoryContact;
    use crate::transport::OutboundError;

    #[test]
    fn a_question_that_comes_back_is_not_passed_on_again() {
        let check = |via: &str, expected: Option<&str>| {
            assert_eq!(with_us(via, "4012345000115").as_deref(), expected, "{via}");
        };
        check("", Some("1.1 epcgate-4012345000115"));
        check("1.1 other", Some("1.1 other, 1.1 epcgate-4012345000115"));
        check("1.1 other, 1.1 epcgate-4012345000115", None);
        check("1.1 a,1.1 b , 1.1 c", Some("1.1 a, 1.1 b, 1.1 c, 1.1 epcgate-4012345000115"));
        check("1.1 a, 1.1 b, 1.1 c, 1.1 d", None);
    }

    #[test]
    fn each_failure_has_its_status() {
        let of = |unanswered: Unanswered| NotPassed::from(unanswered).status;
        let said = |status| of(Unanswered::status("North", status, &DirectoryContact::default()));
        let cases = [
            (401, 401),
            (403, 403),
            (404, 404),
            (408, 504),
            (504, 504),
            (400, 502),
            (500, 502),
            (302, 502),
            (503, 502),
        ];
        for (theirs, ours) in cases {
            assert_eq!(said(theirs), ours, "{theirs}");
        }
        assert_eq!(of(Unanswered::outbound("North", &OutboundError::Timeout(Duration::ZERO))), 504);
        assert_eq!(of(Unanswered::outbound("North", &OutboundError::Connect(String::new()))), 502);
        assert_eq!(of(Unanswered::unusable("North", &"it is a page", 200)), 502);
    }
}
