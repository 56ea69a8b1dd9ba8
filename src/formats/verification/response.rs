//! Answers as they are written, exactly as the standard has them (LMS 1.1, section 4.4).

use chrono::SecondsFormat;
use serde::Serialize;

use crate::dscsa::verification::VerificationResponse;

/// Writes an answer: the time with three fractional digits, a reason where it does not verify and only there, and nothing
/// for what is not said.
pub fn write_response(response: &VerificationResponse) -> Vec<u8> {
    let answer = &response.answer;
    let form = ResponseForm {
        verification_timestamp: &response.time.to_rfc3339_opts(SecondsFormat::Millis, true),
        responder: &response.responder,
        correlation: response.correlation.as_str(),
        data: DataForm {
            verified: answer.verified(),
            reason: answer.reason().map(|reason| reason.as_str()),
            info: answer.info().map(|info| info.as_str()),
        },
    };
    serde_json::to_vec(&form).unwrap_or_default()
}

/// Writes the answer to a connectivity test (section 4.3).
pub fn write_connectivity(responder: &str) -> Vec<u8> {
    serde_json::to_vec(&ConnectivityForm { responder }).unwrap_or_default()
}

#[derive(Serialize)]
struct ResponseForm<'a> {
    #[serde(rename = "verificationTimestamp")]
    verification_timestamp: &'a str,
    #[serde(rename = "responderGLN")]
    responder: &'a str,
    data: DataForm<'a>,
    #[serde(rename = "corrUUID")]
    correlation: &'a str,
}

#[derive(Serialize)]
struct DataForm<'a> {
    verified: bool,
    #[serde(rename = "verificationFailureReason", skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(rename = "additionalInfo", skip_serializing_if = "Option::is_none")]
    info: Option<&'a str>,
}

#[derive(Serialize)]
struct ConnectivityForm<'a> {
    #[serde(rename = "responderGLN")]
    responder: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::verification::AdditionalInfo;
    use crate::dscsa::verification::Answer;
    use crate::dscsa::verification::CorrelationId;
    use crate::dscsa::verification::FailureReason;

    fn check(time: &str, answer: Answer, expected: &str) {
        let response = VerificationResponse {
            time: time.parse().unwrap(),
            responder: "0614141000012".into(),
            correlation: CorrelationId::parse("7F8C1D2E-3b4a-4c5d-8e6f-0123456789ab").unwrap(),
            answer,
        };
        assert_eq!(String::from_utf8(write_response(&response)).unwrap(), expected);
    }

    #[test]
    fn is_written_as_the_standard_has_it() {
        check(
            "2026-11-23T04:05:06Z",
            Answer::Verified { info: None },
            r#"{"verificationTimestamp":"2026-11-23T04:05:06.000Z","responderGLN":"0614141000012","data":{"verified":true},"corrUUID":"7F8C1D2E-3b4a-4c5d-8e6f-0123456789ab"}"#,
        );
        check(
            "2026-11-23T04:05:06.7899999-05:00",
            Answer::NotVerified { reason: FailureReason::Policy, info: Some(AdditionalInfo::Recalled) },
            r#"{"verificationTimestamp":"2026-11-23T04:05:06.789-05:00","responderGLN":"0614141000012","data":{"verified":false,"verificationFailureReason":"Manufacturer_policy","additionalInfo":"Recalled"},"corrUUID":"7F8C1D2E-3b4a-4c5d-8e6f-0123456789ab"}"#,
        );
        assert_eq!(write_connectivity("0614141000012"), br#"{"responderGLN":"0614141000012"}"#);
    }
}
