//! Answers of partners as they are read: what they add is ignored, what is wrong is said, and nothing that is wrong ever makes
//! an answer better than it is.

use std::fmt;

use chrono::DateTime;
use chrono::FixedOffset;
use chrono::NaiveDateTime;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;
use serde_json::Value;
use thiserror::Error;

use crate::dscsa::verification::AdditionalInfo;
use crate::dscsa::verification::Answer;
use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::FailureReason;
use crate::dscsa::verification::VerificationResponse;

/// Longest word that is kept of an answer.
const MOST_WORD: usize = 100;

/// An answer as read, with what its sender should mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadResponse {
    /// The answer.
    pub response: VerificationResponse,
    /// Departures from the standard that leave it usable.
    pub notices: Vec<ResponseNotice>,
}

/// A departure from the standard that leaves an answer usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ResponseNotice {
    /// The time is not written with exactly three fractional digits.
    #[error("verificationTimestamp must have exactly three fractional digits")]
    TimeForm,
    /// The time has no offset; it is taken as UTC.
    #[error("verificationTimestamp must end with Z or an offset")]
    TimeOffset,
    /// The GLN is none of 13 digits; it is kept as sent.
    #[error("responderGLN must have 13 digits")]
    Responder,
    /// `data.verified` is true and a reason for failure is given: nobody knows which one holds, so it counts as a reason
    /// that cannot be understood.
    #[error("verificationFailureReason must not stand beside verified true")]
    Contradiction,
    /// `data.verified` is false and no reason is given: read as `No_reason_provided`.
    #[error("verificationFailureReason must stand beside verified false")]
    NoReason,
    /// A member is null or empty; it is read as left out.
    #[error("members that say nothing must be left out")]
    Empty,
}

/// Why an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResponseFault {
    /// A page for people.
    #[error("the answer is a web page, not JSON")]
    Page,
    /// No JSON, or the same member twice.
    #[error("the answer is no JSON that can be read: {0}")]
    Json(String),
    /// A member is needed.
    #[error("the answer has no {0}")]
    Missing(&'static str),
    /// A member is of another kind.
    #[error("{0} of the answer must be {1}, not {2}")]
    Kind(&'static str, &'static str, &'static str),
    /// A value that cannot be understood.
    #[error("{0} of the answer must be {1}, not {2:?}")]
    Value(&'static str, &'static str, Box<str>),
}

/// Reads an answer. A member twice is a fault, as the one and the other may say different things.
pub fn read_response(body: &[u8]) -> Result<ReadResponse, ResponseFault> {
    let form: ResponseForm = parse(body)?;
    let mut notices = Vec::new();
    let time = time(needed("verificationTimestamp", &form.time)?, &mut notices)?;
    let responder = gln(&form.responder, &mut notices)?;
    let correlation = needed("corrUUID", &form.correlation)?;
    let correlation = CorrelationId::parse(correlation)
        .ok_or_else(|| value("corrUUID", "a UUID of version 4", correlation))?;
    let answer = answer(&data(form.data)?, &mut notices)?;
    notices.dedup();
    Ok(ReadResponse { response: VerificationResponse { time, responder, correlation, answer }, notices })
}

/// Reads the answer to a connectivity test: the GLN of who answers, as sent.
pub fn read_connectivity(body: &[u8]) -> Result<Box<str>, ResponseFault> {
    let form: ConnectivityForm = parse(body)?;
    gln(&form.responder, &mut Vec::new())
}

#[derive(Deserialize)]
struct ResponseForm {
    #[serde(rename = "verificationTimestamp")]
    time: Option<Value>,
    #[serde(rename = "responderGLN")]
    responder: Option<Value>,
    #[serde(rename = "corrUUID")]
    correlation: Option<Value>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct ConnectivityForm {
    #[serde(rename = "responderGLN")]
    responder: Option<Value>,
}

/// `data`, or what stands in its place.
enum Data {
    Members(DataForm),
    Other(&'static str),
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Data, D::Error> {
        deserializer.deserialize_any(DataVisitor)
    }
}

/// Takes an object alone: what serde derives would take a list of the values too.
struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Data, A::Error> {
        DataForm::deserialize(MapAccessDeserializer::new(map)).map(Data::Members)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Data, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Data::Other("a list"))
    }

    fn visit_str<E>(self, _: &str) -> Result<Data, E> {
        Ok(Data::Other("a text"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Data, E> {
        Ok(Data::Other("true or false"))
    }
}

#[derive(Deserialize)]
struct DataForm {
    verified: Option<Value>,
    #[serde(default, rename = "verificationFailureReason", deserialize_with = "present")]
    reason: Option<Value>,
    #[serde(default, rename = "additionalInfo", deserialize_with = "present")]
    info: Option<Value>,
}

/// Keeps a null, which is not the same as nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ResponseFault> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    match body.first() {
        None => Err(ResponseFault::Json("it is empty".to_owned())),
        Some(b'<') => Err(ResponseFault::Page),
        Some(b'{') => serde_json::from_slice(body).map_err(|error| ResponseFault::Json(error.to_string())),
        Some(_) => Err(ResponseFault::Json("it is no object".to_owned())),
    }
}

fn data(data: Option<Data>) -> Result<DataForm, ResponseFault> {
    match data {
        Some(Data::Members(form)) => Ok(form),
        Some(Data::Other(kind)) => Err(ResponseFault::Kind("data", "an object", kind)),
        None => Err(ResponseFault::Missing("data")),
    }
}

fn answer(data: &DataForm, notices: &mut Vec<ResponseNotice>) -> Result<Answer, ResponseFault> {
    let verified = match &data.verified {
        Some(Value::Bool(verified)) => *verified,
        Some(other) => return Err(ResponseFault::Kind("data.verified", "true or false", kind(other))),
        None => return Err(ResponseFault::Missing("data.verified")),
    };
    let reason = word("data.verificationFailureReason", data.reason.as_ref(), notices)?;
    let info = word("data.additionalInfo", data.info.as_ref(), notices)?.map(AdditionalInfo::parse);
    Ok(match (verified, reason.map(FailureReason::parse)) {
        (true, None) => Answer::Verified { info },
        (true, Some(reason)) => {
            notices.push(ResponseNotice::Contradiction);
            let words = format!("{reason}, beside verified true");
            Answer::NotVerified { reason: FailureReason::Other(words.into()), info }
        }
        (false, Some(reason)) => Answer::NotVerified { reason, info },
        (false, None) => {
            notices.push(ResponseNotice::NoReason);
            Answer::NotVerified { reason: FailureReason::NoReason, info }
        }
    })
}

/// A word that may be left out. One of another kind is a fault: to leave it out could make the answer better.
fn word<'a>(
    name: &'static str,
    value: Option<&'a Value>,
    notices: &mut Vec<ResponseNotice>,
) -> Result<Option<&'a str>, ResponseFault> {
    match value {
        None => Ok(None),
        Some(Value::Null) => {
            notices.push(ResponseNotice::Empty);
            Ok(None)
        }
        Some(Value::String(word)) if word.trim().is_empty() => {
            notices.push(ResponseNotice::Empty);
            Ok(None)
        }
        Some(Value::String(word)) if word.len() <= MOST_WORD => Ok(Some(word.trim())),
        Some(Value::String(word)) => Err(self::value(name, "a word of the standard", word)),
        Some(other) => Err(ResponseFault::Kind(name, "a word", kind(other))),
    }
}

fn needed<'a>(name: &'static str, value: &'a Option<Value>) -> Result<&'a str, ResponseFault> {
    match value {
        None | Some(Value::Null) => Err(ResponseFault::Missing(name)),
        Some(Value::String(text)) => Ok(text.trim()),
        Some(other) => Err(ResponseFault::Kind(name, "a text", kind(other))),
    }
}

fn gln(sent: &Option<Value>, notices: &mut Vec<ResponseNotice>) -> Result<Box<str>, ResponseFault> {
    let text = needed("responderGLN", sent)?;
    if text.is_empty() || text.len() > MOST_WORD || text.chars().any(char::is_control) {
        return Err(value("responderGLN", "a GLN", text));
    }
    if text.len() != 13 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        notices.push(ResponseNotice::Responder);
    }
    Ok(text.into())
}

fn time(text: &str, notices: &mut Vec<ResponseNotice>) -> Result<DateTime<FixedOffset>, ResponseFault> {
    let digits =
        text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    if digits != 3 {
        notices.push(ResponseNotice::TimeForm);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time);
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    let time =
        local.map_err(|_| value("verificationTimestamp", "a time such as 2026-11-23T04:05:06.789Z", text))?;
    notices.push(ResponseNotice::TimeOffset);
    Ok(time.and_utc().fixed_offset())
}

fn value(name: &'static str, needed: &'static str, text: &str) -> ResponseFault {
    ResponseFault::Value(name, needed, text.chars().take(60).collect::<String>().into())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::verification::write_response;

    const GOOD: &str = r#"{"verificationTimestamp":"2026-11-23T04:05:06.789Z","responderGLN":"0614141000012",
        "data":{"verified":true},"corrUUID":"7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab"}"#;

    fn read(change: (&str, &str)) -> Result<ReadResponse, ResponseFault> {
        assert!(GOOD.contains(change.0), "{change:?}");
        read_response(GOOD.replace(change.0, change.1).as_bytes())
    }

    fn check(data: &str, expected: Answer, notices: &[ResponseNotice]) {
        let read = read((r#"{"verified":true}"#, data)).unwrap();
        assert_eq!((read.response.answer, read.notices.as_slice()), (expected, notices), "{data}");
    }

    fn check_fault(change: (&str, &str), words: &str) {
        let fault = read(change).unwrap_err().to_string();
        assert!(fault.contains(words), "{change:?}: {fault}");
        assert!(fault.len() < 300, "{fault}");
    }

    #[test]
    fn what_is_added_is_ignored() {
        check(r#"{"verified":true,"x":[{"verified":false}]}"#, Answer::Verified { info: None }, &[]);
        let extended =
            r#""contact":{"email":"a@b"},"data":{"n":1.5e9,"additionalInfo":"Recalled","verified":true}"#;
        let read = read((r#""data":{"verified":true}"#, extended)).unwrap();
        assert_eq!(read.response.answer, Answer::Verified { info: Some(AdditionalInfo::Recalled) });
    }

    #[test]
    fn what_is_wrong_never_makes_it_better() {
        let no = |reason| Answer::NotVerified { reason, info: None };
        let contradiction = FailureReason::Other("Manufacturer_policy, beside verified true".into());
        check(
            r#"{"verified":true,"verificationFailureReason":"Manufacturer_policy"}"#,
            no(contradiction),
            &[ResponseNotice::Contradiction],
        );
        check(r#"{"verified":false}"#, no(FailureReason::NoReason), &[ResponseNotice::NoReason]);
        check(
            r#"{"verified":true,"verificationFailureReason":null,"additionalInfo":""}"#,
            Answer::Verified { info: None },
            &[ResponseNotice::Empty],
        );
        check(
            r#"{"verified":false,"verificationFailureReason":"E42","additionalInfo":"recalled"}"#,
            Answer::NotVerified {
                reason: FailureReason::Other("E42".into()),
                info: Some(AdditionalInfo::Other("recalled".into())),
            },
            &[],
        );
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let data = r#"{"verified":true}"#;
        check_fault(
            (data, r#"{"verified":"true"}"#),
            "data.verified of the answer must be true or false, not a text",
        );
        check_fault((data, r#"{"verified":1}"#), "not a number");
        check_fault((data, r#"{"verified":null}"#), "has no data.verified");
        check_fault((data, r#"{"verified":true,"verified":false}"#), "duplicate");
        check_fault(
            (data, r#"{"verified":true,"additionalInfo":["Recalled"]}"#),
            "additionalInfo of the answer must be a word, not a list",
        );
        check_fault((data, r#"{"verified":true,"verificationFailureReason":{"a":1}}"#), "not an object");
        check_fault(
            (data, &format!(r#"{{"verified":true,"additionalInfo":"{}"}}"#, "x".repeat(1 << 20))),
            "a word of the standard",
        );
        check_fault((data, "true"), "data of the answer must be an object, not true or false");
        check_fault((data, "[true]"), "not a list");
        check_fault((data, "null"), "has no data");
        check_fault((data, "17"), "expected an object");
        check_fault((data, &"[".repeat(1_000_000)), "JSON");
        check_fault(("{\"verificationTimestamp\":", "{\"x\":"), "has no verificationTimestamp");
        check_fault(("\"2026-11-23T04:05:06.789Z\"", "1795000000"), "must be a text, not a number");
        check_fault(("2026-11-23T04:05:06.789Z", "yesterday"), "yesterday");
        check_fault(("7f8c1d2e-3b4a-4", "7f8c1d2e-3b4a-1"), "corrUUID");
        check_fault(("\"corrUUID\":", "\"data\":{},\"corrUUID\":"), "duplicate");
        check_fault(("0614141000012", ""), "responderGLN");
        check_fault((GOOD, "<!DOCTYPE html><h1>502</h1>"), "web page");
        check_fault((GOOD, "{\"data\""), "JSON");
        check_fault((GOOD, ""), "empty");
        check_fault((GOOD, "\"ok\""), "no object");
        assert!(matches!(read_response(&[b'{', b'"', 0xff, b'"']), Err(ResponseFault::Json(_))));
    }

    #[test]
    fn small_departures_are_noticed() {
        let notices = |change| read(change).unwrap().notices;
        assert_eq!(notices(("06.789Z", "06Z")), [ResponseNotice::TimeForm]);
        assert_eq!(notices(("06.789Z", "06.7891+02:00")), [ResponseNotice::TimeForm]);
        assert_eq!(notices(("06.789Z", "06.789")), [ResponseNotice::TimeOffset]);
        assert_eq!(notices(("0614141000012", "061414100001")), [ResponseNotice::Responder]);
        assert_eq!(notices((GOOD, &format!("\u{feff} {GOOD}\n"))), []);
    }

    #[test]
    fn connectivity_names_who_answers() {
        assert_eq!(
            read_connectivity(br#"{"responderGLN":"0614141000012","x":1}"#).as_deref(),
            Ok("0614141000012")
        );
        for wrong in ["{}", "", "<p>", r#"{"responderGLN":5}"#, "[]"] {
            assert!(read_connectivity(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    fn answers() -> impl Strategy<Value = Answer> {
        let info = || {
            let words = ["Recalled", "Suspect", "Expired", "ExpirationExtended", "Illegitimate", "Stolen"];
            proptest::option::of(proptest::sample::select(words.to_vec()))
                .prop_map(|word| word.map(AdditionalInfo::parse))
        };
        let reason = "(No_match_GTIN_Serial(_Lot)?(_Expiry)?|No_reason_provided|Not_for_re-distribution|[A-Za-z\"\\\\]{1,9})";
        prop_oneof![
            info().prop_map(|info| Answer::Verified { info }),
            (reason, info()).prop_map(|(reason, info)| Answer::NotVerified {
                reason: FailureReason::parse(&reason),
                info
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(answer in answers(), seconds in 0i64..4_000_000_000, milliseconds in 0u32..1000, offset in -14i32..=14, random: u128) {
            let zone = FixedOffset::east_opt(offset * 3600 + 1800 * (offset % 2)).unwrap();
            let response = VerificationResponse {
                time: DateTime::from_timestamp(seconds, milliseconds * 1_000_000).unwrap().with_timezone(&zone),
                responder: "0614141000012".into(),
                correlation: CorrelationId::new(uuid::Builder::from_random_bytes(random.to_be_bytes()).into_uuid()),
                answer,
            };
            prop_assert_eq!(read_response(&write_response(&response)), Ok(ReadResponse { response, notices: Vec::new() }));
        }

        #[test]
        fn nothing_sent_makes_it_panic(position in 0usize..200, text in "[\"{}:,a1]{0,6}") {
            let mut body = GOOD.to_owned();
            body.insert_str(position % GOOD.len(), &text);
            let _ = read_response(body.as_bytes());
        }
    }
}
