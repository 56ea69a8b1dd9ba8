//! Push: `POST /capture` of EPCIS 2.0, and its job to the end.

use std::time::Duration;
use std::time::Instant;

use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::Outlet;
use crate::transport::Reply;
use crate::transport::https::HttpsError;
use crate::transport::https::Settings;
use crate::transport::https::printable;

/// How long a document may be on its way.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How long is waited before the partner is first asked for its job; each time longer, up to the second.
const FIRST_LOOK: Duration = Duration::from_millis(300);
const RAREST_LOOK: Duration = Duration::from_secs(15);

/// Errors of a job that are told.
const MOST_TOLD: usize = 5;

/// How documents are pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// `GS1-Capture-Error-Behaviour`: what becomes of sound events beside faulty ones.
    #[serde(default)]
    pub error_behaviour: ErrorBehaviour,
    /// Seconds that the partner may take to capture a document that it took.
    #[serde(default = "job_seconds")]
    pub job_seconds: u32,
}

/// What becomes of sound events beside faulty ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorBehaviour {
    /// None is captured.
    #[default]
    Rollback,
    /// They are captured.
    Proceed,
}

fn job_seconds() -> u32 {
    1_800
}

impl Push {
    /// Judges the settings by themselves.
    pub(super) fn check(&self) -> Result<(), String> {
        if (1..=86_400).contains(&self.job_seconds) {
            return Ok(());
        }
        Err("push.job_seconds: it must be 1 to 86400 seconds".to_owned())
    }
}

/// A document to push.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// The same each time it is sent.
    pub id: &'a str,
    /// `application/xml` or `application/ld+json`.
    pub media_type: &'a str,
    /// `GS1-EPCIS-Version`; empty where it is not known.
    pub version: &'a str,
    /// Its bytes.
    pub bytes: u64,
}

/// What the partner made of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The URL of its job; `None` where it names none.
    pub job: Option<String>,
    /// Its words.
    pub said: String,
}

/// Sends a document, and waits until the partner has captured it.
pub async fn push(
    outbound: &Outbound,
    settings: &Settings,
    parcel: Parcel<'_>,
    body: Outlet,
) -> Result<Pushed, HttpsError> {
    let wished = settings.push.clone().unwrap_or_default();
    let url = settings.resource("capture");
    let mut call = settings.call(outbound, Method::Post, &url)?;
    let behaviour = match wished.error_behaviour {
        ErrorBehaviour::Rollback => "rollback",
        ErrorBehaviour::Proceed => "proceed",
    };
    let mut header = |name: &str, value: &str| call.headers.push((name.to_owned(), value.to_owned()));
    header("Content-Type", parcel.media_type);
    header("GS1-Capture-Error-Behaviour", behaviour);
    header("Idempotency-Key", parcel.id);
    if !parcel.version.is_empty() {
        header("GS1-EPCIS-Version", parcel.version);
    }
    call.deadline = LONGEST;
    let reply = outbound.upload(call, (body, parcel.bytes)).await?;
    if !(200..300).contains(&reply.status) {
        return Err(answered(&url, &reply));
    }
    match reply.header("location") {
        Some(job) => {
            let job = settings.own(job)?;
            let said = followed(outbound, settings, &job, wished.job_seconds).await?;
            Ok(Pushed { job: Some(job), said })
        }
        None => Ok(Pushed { job: None, said: format!("answered {} and named no job", reply.status) }),
    }
}

impl Default for Push {
    fn default() -> Push {
        Push { error_behaviour: ErrorBehaviour::default(), job_seconds: job_seconds() }
    }
}

/// Asks for a job until it has ended; the words of its end.
async fn followed(
    outbound: &Outbound,
    settings: &Settings,
    job: &str,
    job_seconds: u32,
) -> Result<String, HttpsError> {
    let (began, within) = (Instant::now(), Duration::from_secs(u64::from(job_seconds)));
    let mut pause = FIRST_LOOK;
    loop {
        let asked = outbound.send(settings.call(outbound, Method::Get, job)?).await;
        let ended = match asked {
            Ok(reply) if reply.status == 200 => ended(job, &reply.body)?,
            // The document is there; what became of it is asked again as long as there is time.
            Ok(reply) if matches!(reply.status, 404 | 408 | 425 | 429 | 500..) => None,
            Ok(reply) => return Err(answered(job, &reply)),
            Err(error) => {
                tracing::debug!(%error, job, "a partner's job cannot be asked for now");
                None
            }
        };
        if let Some(said) = ended {
            return Ok(said);
        }
        if began.elapsed() + pause > within {
            return Err(HttpsError::Unfinished { job: job.to_owned(), within });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(RAREST_LOOK);
    }
}

/// What a capture job says of its end (EPCIS 2.0 REST, `EPCISCaptureJob`); `None` where it is running.
fn ended(job: &str, body: &[u8]) -> Result<Option<String>, HttpsError> {
    let content = |why: String| HttpsError::Content { url: job.to_owned(), why };
    let value: Value =
        serde_json::from_slice(body).map_err(|error| content(format!("it is no JSON: {error}")))?;
    let flag = |name: &str| value.get(name).and_then(Value::as_bool);
    match (flag("running"), flag("success")) {
        (Some(true), _) => Ok(None),
        (Some(false), Some(true)) => Ok(Some(format!("captured, {}", finished(&value)))),
        (Some(false), Some(false)) => Err(HttpsError::Failed { job: job.to_owned(), said: errors(&value) }),
        _ => Err(content("it is no capture job: it has no running or no success".to_owned())),
    }
}

fn finished(job: &Value) -> String {
    let at = job.get("finishedAt").and_then(Value::as_str).unwrap_or("without a time");
    printable(at)
}

fn errors(job: &Value) -> String {
    let listed = job.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let told = listed.iter().take(MOST_TOLD).map(|error| {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        printable(&format!("{} {}", text("title"), text("detail")))
    });
    let mut told: Vec<String> = told.collect();
    if listed.len() > MOST_TOLD {
        told.push(format!("and {} more", listed.len() - MOST_TOLD));
    }
    if told.is_empty() { "it says no reason".to_owned() } else { told.join("; ") }
}

/// What an answer says that is not the one hoped for: the words of its problem, or its beginning.
pub(super) fn answered(url: &str, reply: &Reply) -> HttpsError {
    let problem: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let word = |name: &str| {
        let text = problem.as_ref().and_then(|problem| problem.get(name)).and_then(Value::as_str);
        text.map(str::to_owned).unwrap_or_default()
    };
    let words = format!("{} {}", word("title"), word("detail"));
    let said =
        if words.trim().is_empty() { String::from_utf8_lossy(&reply.body).into_owned() } else { words };
    let after = reply.retry_after(Utc::now());
    HttpsError::Answer { url: url.to_owned(), status: reply.status, said: printable(&said), after }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Result<Option<&str>, &str>) {
        match (ended("https://a.example/c/1", body.as_bytes()), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.as_deref(), expected, "{body}"),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (found, _) => panic!("{body}: {found:?}"),
        }
    }

    #[test]
    fn a_job_runs_or_has_ended() {
        check(r#"{"running":true,"success":true}"#, Ok(None));
        check(
            r#"{"running":false,"success":true,"finishedAt":"2026-11-23T00:00:00Z"}"#,
            Ok(Some("captured, 2026-11-23T00:00:00Z")),
        );
        let failed = r#"{"running":false,"success":false,"errors":[{"title":"Bad","detail":"line\n7"},{"title":"Worse"}]}"#;
        check(failed, Err("Bad line 7; Worse"));
        check(r#"{"running":false,"success":false}"#, Err("no reason"));
        check(r#"{"running":"no"}"#, Err("no capture job"));
        check("<html>", Err("no JSON"));
    }

    #[test]
    fn an_answer_about_the_document_is_told_from_one_that_passes() {
        for (status, last) in
            [(400, true), (401, false), (413, true), (429, false), (503, false), (302, false)]
        {
            let body = br#"{"title":"No","detail":"more"}"#.to_vec();
            let error = answered("https://a.example", &Reply { status, headers: Vec::new(), body });
            assert_eq!(error.is_final(), last, "{error}");
            assert!(error.to_string().contains("No more"), "{error}");
        }
    }
}
