//! Requester: asks who answers for a package over the one connector, and takes for an answer only what is one.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use secrecy::ExposeSecret;
use serde_json::Value;
use serde_json::json;
use thiserror::Error;
use tokio::time::Instant;

use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::DirectoryRecord;
use crate::dscsa::verification::VerificationRequest;
use crate::dscsa::verification::VerificationResponse;
use crate::formats::verification::Release;
use crate::formats::verification::VERSION_HEADER;
use crate::formats::verification::connectivity_address;
use crate::formats::verification::read_connectivity;
use crate::formats::verification::read_response;
use crate::formats::verification::request_address;
use crate::gs1::Gtin;
use crate::transport::Call;
use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::OutboundError;
use crate::transport::Reply;
use crate::transport::secret;
use crate::verify::breaker::Gates;
use crate::verify::credential::Credentials;
use crate::verify::credential::Demand;
use crate::verify::routing::Provider;
use crate::verify::routing::Settings;
use crate::verify::unanswered::Unanswered;
use crate::verify::unanswered::is_worth_a_second_try;

/// Bytes of an answer that are kept as evidence.
const MOST_EVIDENCE: usize = 16_384;
/// Time that must be left for a second try.
const LEAST: Duration = Duration::from_millis(50);
/// How often a question is sent while somebody waits.
const TRIES: u32 = 2;

/// A setting of a provider that cannot be used.
#[derive(Debug, Error)]
#[error("routing.providers.{provider}.{key}: {why}")]
pub struct ProviderFault {
    /// Name of the provider.
    provider: String,
    /// The setting.
    key: &'static str,
    /// What is wrong.
    why: String,
}

/// Asks providers.
pub(super) struct Requester {
    outbound: Outbound,
    credentials: Option<Credentials>,
    settings: Settings,
    gates: Gates,
    keys: BTreeMap<String, String>,
}

/// In whose name a question is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Voice<'a> {
    /// In ours, with a presentation of ours for each try.
    Ours,
    /// In a partner's, with what it presents.
    Passed {
        /// What stands in its header.
        presented: Option<&'a str>,
        /// Through whom the question has come, we ourselves last.
        via: &'a str,
    },
}

/// What came of asking, with its evidence.
#[derive(Debug)]
pub(super) struct Heard {
    /// The answer, or why there is none.
    pub(super) outcome: Result<VerificationResponse, Unanswered>,
    /// Somebody else than the directory names has answered.
    pub(super) stranger: bool,
    /// What was presented with the answer.
    pub(super) presented: Option<String>,
    /// What was sent and received: `request`, `tries`, `answer`, `credential`, `notices`.
    pub(super) evidence: Value,
}

impl Requester {
    /// Fails where a file with a key cannot be read.
    pub(super) fn new(
        outbound: &Outbound,
        credentials: Option<&Credentials>,
        settings: &Settings,
    ) -> Result<Requester, ProviderFault> {
        let mut keys = BTreeMap::new();
        for (name, provider) in &settings.providers {
            let fault = |key, why| ProviderFault { provider: name.clone(), key, why };
            if !matches!(provider.guideline.as_str(), "" | "1.1" | "1.3" | "1.3.0") {
                return Err(fault("guideline", "write 1.1 or 1.3.0".to_owned()));
            }
            if let Some(file) = &provider.key_file {
                let key = secret(file).map_err(|error| fault("key_file", error.to_string()))?;
                let key = key.expose_secret();
                if key.is_empty() || !key.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
                    return Err(fault(
                        "key_file",
                        "it must hold one line that a header can carry".to_owned(),
                    ));
                }
                keys.insert(name.clone(), format!("{}{key}", provider.key_prefix));
            }
        }
        Ok(Requester {
            outbound: outbound.clone(),
            credentials: credentials.cloned(),
            settings: settings.clone(),
            gates: Gates::new(settings),
            keys,
        })
    }

    /// Asks who a record names, twice at most, within this time.
    pub(super) async fn ask(
        &self,
        record: &DirectoryRecord,
        request: &VerificationRequest,
        voice: Voice<'_>,
        (deadline, now): (Duration, DateTime<Utc>),
    ) -> Heard {
        let began = Instant::now();
        let name = name(record);
        let url = format!("{}{}", record.url, request_address(request));
        let mut evidence = json!({ "request": url, "tries": [] });
        let heard = |outcome, evidence| Heard { outcome, stranger: false, presented: None, evidence };
        let turn = match self.gates.enter(&record.provider, host(&record.url), deadline).await {
            Ok(turn) => turn,
            Err(shut) => return heard(Err(Unanswered::shut(&name, &shut)), evidence),
        };
        let mut tries = Vec::new();
        let sent = loop {
            let left = deadline.saturating_sub(began.elapsed());
            let about = (Some(&request.correlation), voice);
            let (sent, told) = self.send(&record.provider, &url, about, left).await;
            tries.push(told);
            let again = is_worth_a_second_try(sent.as_ref().map(|reply| reply.status));
            let left = deadline.saturating_sub(began.elapsed());
            if !again || tries.len() >= TRIES as usize || left < LEAST {
                break sent;
            }
        };
        if let Some(members) = evidence.as_object_mut() {
            members.insert("tries".to_owned(), Value::from(tries));
        }
        let reply = match sent {
            Ok(reply) => reply,
            Err(error) => {
                turn.end(false);
                return heard(Err(Unanswered::outbound(&name, &error)), evidence);
            }
        };
        let kept = reply.body.get(..MOST_EVIDENCE).unwrap_or(&reply.body);
        if let Some(members) = evidence.as_object_mut() {
            members.insert("answer".to_owned(), String::from_utf8_lossy(kept).into_owned().into());
        }
        let read = self.read(record, request, &reply, &mut evidence);
        turn.end(match &read {
            Ok(_) => true,
            Err(unanswered) => (300..500).contains(&unanswered.status) && unanswered.status != 408,
        });
        let response = match read {
            Ok(response) => response,
            Err(unanswered) => return heard(Err(unanswered), evidence),
        };
        let elapsed = TimeDelta::from_std(began.elapsed()).unwrap_or_default();
        if let Err(unanswered) = self.credential(&reply, &response, now + elapsed, &mut evidence).await {
            return heard(Err(unanswered), evidence);
        }
        let stranger = !record.responder.is_empty() && *response.responder != *record.responder;
        let presented = self.credentials.as_ref().and_then(|own| own.presented(|name| reply.header(name)));
        Heard { outcome: Ok(response), stranger, presented: presented.map(str::to_owned), evidence }
    }

    /// Tries a record: one connectivity test (LMS 1.1, section 4.3). Gives what it said, or why it is not sound.
    pub(super) async fn probe(&self, record: &DirectoryRecord, deadline: Duration) -> Result<String, String> {
        let (gtin, sample) = sample(record).ok_or("no trade item can be made of its company prefix")?;
        let asker = (gtin, self.settings.requester.as_str());
        match self.connect(record, asker, Voice::Ours, deadline).await? {
            Ok(responder) => {
                if record.responder.is_empty() || *responder == *record.responder {
                    return Ok(format!("GLN {responder} answers"));
                }
                Err(format!("GLN {responder} answers, and the record says {}", record.responder))
            }
            Err(unanswered) if sample && unanswered.status == 404 => {
                Ok("it answers; it does not know a sample of the company prefix".to_owned())
            }
            Err(unanswered) => Err(unanswered.reason),
        }
    }

    /// One connectivity test about a trade item, in the name of a GLN: the GLN of who answers, or the status that says no.
    ///
    /// Fails where nothing came, or what is no answer.
    pub(super) async fn connect(
        &self,
        record: &DirectoryRecord,
        (gtin, asker): (Gtin, &str),
        voice: Voice<'_>,
        deadline: Duration,
    ) -> Result<Result<Box<str>, Unanswered>, String> {
        let context = if record.context.is_empty() { &self.settings.context } else { &*record.context };
        let url = format!("{}{}", record.url, connectivity_address(gtin, asker, context));
        let (sent, _) = self.send(&record.provider, &url, (None, voice), deadline).await;
        let reply = sent.map_err(|error| error.to_string())?;
        match reply.status {
            200 => read_connectivity(&reply.body).map(Ok).map_err(|fault| fault.to_string()),
            status => Ok(Err(Unanswered::status("it", status, &record.contact))),
        }
    }

    /// Sends once; tells what came of it.
    async fn send(
        &self,
        provider: &str,
        url: &str,
        (correlation, voice): (Option<&CorrelationId>, Voice<'_>),
        left: Duration,
    ) -> (Result<Reply, OutboundError>, Value) {
        let began = Instant::now();
        let own = self.settings.providers.get(provider);
        let most = own.and_then(|own| own.deadline_milliseconds).map(Duration::from_millis);
        let deadline = most.map_or(left, |most| most.min(left));
        let mut headers = self.headers(provider, own);
        let mut told = json!({});
        match (voice, &self.credentials, correlation) {
            (Voice::Ours, Some(credentials), Some(correlation)) => {
                match tokio::time::timeout(deadline, credentials.presentation(correlation)).await {
                    Ok(Ok(Some(made))) => headers.push((credentials.header().to_owned(), made.token.into())),
                    Ok(Ok(None)) => {}
                    // Whoever does not ask for one answers without.
                    Ok(Err(error)) => note(&mut told, "credential", error.to_string()),
                    Err(_) => note(&mut told, "credential", "the wallet did not answer in time"),
                }
            }
            (Voice::Passed { presented, via }, credentials, _) => {
                headers.push(("via".to_owned(), via.to_owned()));
                if let (Some(presented), Some(credentials)) = (presented, credentials) {
                    headers.push((credentials.header().to_owned(), presented.to_owned()));
                }
            }
            (Voice::Ours, ..) => {}
        }
        let deadline = deadline.saturating_sub(began.elapsed());
        let call = Call {
            method: Method::Get,
            url: url.to_owned(),
            headers,
            body: None,
            deadline,
            most_bytes: self.settings.answer_bytes,
        };
        let sent = self.outbound.send(call).await;
        match &sent {
            Ok(reply) => note(&mut told, "status", reply.status),
            Err(error) => note(&mut told, "error", error.to_string()),
        }
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        note(&mut told, "milliseconds", took);
        (sent, told)
    }

    fn headers(&self, provider: &str, own: Option<&Provider>) -> Vec<(String, String)> {
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        if let Some(own) = own {
            let release = if own.guideline.starts_with("1.3") { Release::R1_3 } else { Release::R1_1 };
            headers.extend(release.header().map(|value| (VERSION_HEADER.to_owned(), value.to_owned())));
            if let Some(key) = self.keys.get(provider) {
                let header = if own.key_header.is_empty() { "authorization" } else { &own.key_header };
                headers.push((header.to_owned(), key.clone()));
            }
        }
        headers
    }

    /// True where a provider takes what 1.3 adds to a question.
    pub(super) fn takes_statements(&self, provider: &str) -> bool {
        self.settings.providers.get(provider).is_some_and(|own| own.guideline.starts_with("1.3"))
    }

    /// The answer in a reply to this question, if it is one.
    fn read(
        &self,
        record: &DirectoryRecord,
        request: &VerificationRequest,
        reply: &Reply,
        evidence: &mut Value,
    ) -> Result<VerificationResponse, Unanswered> {
        let name = name(record);
        if reply.status != 200 {
            return Err(Unanswered::status(&name, reply.status, &record.contact));
        }
        let read = read_response(&reply.body).map_err(|fault| Unanswered::unusable(&name, &fault, 200))?;
        if read.response.correlation != request.correlation {
            let why = "it answers another question (its corrUUID is not ours)";
            return Err(Unanswered::unusable(&name, &why, 200));
        }
        let mut notices: Vec<String> = read.notices.iter().map(ToString::to_string).collect();
        let kind = reply.header("content-type").unwrap_or_default().to_ascii_lowercase();
        if !kind.starts_with("application/json") {
            notices.push(format!("the answer is sent as {kind:?}, and must be as application/json"));
        }
        if !notices.is_empty() {
            note(evidence, "notices", notices);
        }
        Ok(read.response)
    }

    /// Refuses an answer whose credential is not one that we ask for.
    async fn credential(
        &self,
        reply: &Reply,
        response: &VerificationResponse,
        now: DateTime<Utc>,
        evidence: &mut Value,
    ) -> Result<(), Unanswered> {
        let Some(credentials) = self.credentials.as_ref().filter(|own| own.of_answers() != Demand::Off)
        else {
            return Ok(());
        };
        let presented = credentials.presented(|name| reply.header(name));
        let judged = credentials.judge(presented, &response.correlation, &response.responder, now).await;
        note(evidence, "credential", serde_json::to_value(&judged.evidence).unwrap_or_default());
        if credentials.of_answers().admits(&judged.outcome) {
            return Ok(());
        }
        let name = format!("GLN {}", response.responder);
        let why = format!("its credential is {}", judged.outcome);
        Err(Unanswered::unusable(&name, &why, 200))
    }
}

/// Whom a record names, for people.
pub(super) fn name(record: &DirectoryRecord) -> String {
    if !record.contact.name.is_empty() {
        record.contact.name.to_string()
    } else if !record.responder.is_empty() {
        format!("GLN {}", record.responder)
    } else {
        host(&record.url).to_owned()
    }
}

fn note(evidence: &mut Value, member: &str, value: impl Into<Value>) {
    if let Some(members) = evidence.as_object_mut() {
        members.insert(member.to_owned(), value.into());
    }
}

fn host(url: &str) -> &str {
    url.split("//").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or(url)
}

/// The trade item to try a record with, and whether it is a made-up one of its company prefix.
fn sample(record: &DirectoryRecord) -> Option<(Gtin, bool)> {
    if let Ok(gtin) = Gtin::parse(record.scope.digits()).map(|gtin| (gtin, false))
        && record.scope.digits().len() == 14
    {
        return Some(gtin);
    }
    let body = format!("0{:0<12}", record.scope.digits());
    (0..10).find_map(|digit| Gtin::parse(&format!("{body}{digit}")).ok()).map(|gtin| (gtin, true))
}
