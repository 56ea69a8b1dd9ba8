//! The wallet interface of the Open Credentialing Initiative in JSON: presentations asked for and given to judge.

use serde_json::Value;
use serde_json::json;
use thiserror::Error;

use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::CredentialFault;

/// Names under which a presentation is given; the published schema misspells it, and one product takes the plural.
const PRESENTATION: [&str; 4] =
    ["verifiablePresentation", "verifablePresentation", "verifiablePresentations", "verifablePresentations"];

/// Most codes and messages of an answer that are kept, and most bytes of each.
const MOST_KEPT: usize = 16;
const LONGEST_KEPT: usize = 200;

/// What a wallet answered, with whatever status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalletReply {
    /// `success`; false also comes with a status of 200.
    pub success: bool,
    /// The presentation, where one was asked for.
    pub presentation: Option<String>,
    /// `errorCodes`.
    pub faults: Vec<CredentialFault>,
    /// `errors`, in the wallet's words.
    pub messages: Vec<String>,
}

/// An answer that is not of this interface.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WalletReplyFault {
    /// No JSON.
    #[error("the wallet's answer is no JSON: {0}")]
    Json(String),
    /// JSON that does not say whether it succeeded.
    #[error("the wallet's answer has no `success` of true or false")]
    Success,
}

/// The body that asks for a presentation bound to a request.
pub fn generate_request(correlation: &CorrelationId, holder: &str, credential_type: &str) -> Vec<u8> {
    let body = json!({
        "corrUUID": correlation.as_str(),
        "holderDID": holder,
        "credentialType": credential_type,
    });
    body.to_string().into_bytes()
}

/// The body that has a presentation judged, under the property that the wallet expects.
pub fn verify_request(property: &str, presentation: &str, verifier: &str) -> Vec<u8> {
    json!({ property: presentation, "verifierDID": verifier }).to_string().into_bytes()
}

impl WalletReply {
    /// Reads an answer, under any of the spellings in use.
    pub fn read(body: &[u8]) -> Result<WalletReply, WalletReplyFault> {
        let body: Value =
            serde_json::from_slice(body).map_err(|error| WalletReplyFault::Json(error.to_string()))?;
        let success = body.get("success").and_then(Value::as_bool).ok_or(WalletReplyFault::Success)?;
        let codes = kept(body.get("errorCodes").or_else(|| body.get("errorCode")));
        Ok(WalletReply {
            success,
            presentation: presentation(&body),
            faults: codes.iter().map(|code| CredentialFault::parse(code)).collect(),
            messages: kept(body.get("errors").or_else(|| body.get("error"))),
        })
    }
}

/// At the top or within `data`, alone or first of a list.
fn presentation(body: &Value) -> Option<String> {
    let within = [Some(body), body.get("data")];
    let found = within.into_iter().flatten().find_map(|at| PRESENTATION.iter().find_map(|name| at.get(name)));
    let first = match found? {
        Value::Array(several) => several.first()?,
        one => one,
    };
    first.as_str().map(str::to_owned)
}

/// Texts of a list, or one text; objects by their `code` or `message`.
fn kept(list: Option<&Value>) -> Vec<String> {
    let several = match list {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(several)) => several.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let text = |value: &Value| {
        let word = value.as_str().or_else(|| value.get("code").or_else(|| value.get("message"))?.as_str());
        word.map_or_else(|| value.to_string(), str::to_owned).chars().take(LONGEST_KEPT).collect()
    };
    several.iter().take(MOST_KEPT).map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Result<(bool, Option<&str>, &[&str]), &str>) {
        match (WalletReply::read(body.as_bytes()), expected) {
            (Ok(reply), Ok((success, presentation, codes))) => {
                let found: Vec<&str> = reply.faults.iter().map(CredentialFault::as_str).collect();
                assert_eq!((reply.success, reply.presentation.as_deref()), (success, presentation), "{body}");
                assert_eq!(found, codes, "{body}");
            }
            (Err(fault), Err(words)) => assert!(fault.to_string().contains(words), "{fault}"),
            (reply, _) => panic!("{body}: {reply:?}"),
        }
    }

    #[test]
    fn every_spelling_of_a_presentation_is_read() {
        check(r#"{"success":true,"verifiablePresentation":"a.b.c"}"#, Ok((true, Some("a.b.c"), &[])));
        check(r#"{"success":true,"verifablePresentation":"a.b.c"}"#, Ok((true, Some("a.b.c"), &[])));
        check(r#"{"success":true,"verifiablePresentations":["a.b.c"]}"#, Ok((true, Some("a.b.c"), &[])));
        check(r#"{"success":true,"data":{"verifiablePresentation":"a"}}"#, Ok((true, Some("a"), &[])));
        check(r#"{"success":true,"verifiablePresentation":{}}"#, Ok((true, None, &[])));
    }

    #[test]
    fn a_failure_keeps_its_codes_whatever_their_form() {
        let codes = r#"{"success":false,"errors":["x"],"errorCodes":["vp_nonce_invalid","vc_odd"]}"#;
        check(codes, Ok((false, None, &["vp_nonce_invalid", "vc_odd"])));
        check(r#"{"success":false,"errorCodes":"vc_revoked"}"#, Ok((false, None, &["vc_revoked"])));
        check(
            r#"{"success":false,"errorCodes":[{"code":"vc_invalid"}]}"#,
            Ok((false, None, &["vc_invalid"])),
        );
        check(r#"{"success":false,"errorCodes":null}"#, Ok((false, None, &[])));
    }

    #[test]
    fn what_is_no_answer_is_named() {
        check("<html>", Err("no JSON"));
        check(r#"{"verifiablePresentation":"a.b.c"}"#, Err("success"));
        check(r#"{"success":"true"}"#, Err("success"));
        check("[]", Err("success"));
    }

    #[test]
    fn requests_name_what_the_interface_names() {
        let correlation = CorrelationId::parse("7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab").unwrap();
        let body: Value =
            serde_json::from_slice(&generate_request(&correlation, "did:web:a", "DSCSAATPCredential"))
                .unwrap();
        assert_eq!(body["corrUUID"], "7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab");
        assert_eq!(
            (&body["holderDID"], &body["credentialType"]),
            (&json!("did:web:a"), &json!("DSCSAATPCredential"))
        );
        let body: Value =
            serde_json::from_slice(&verify_request("verifablePresentation", "a.b.c", "did:web:b")).unwrap();
        assert_eq!(body, json!({ "verifablePresentation": "a.b.c", "verifierDID": "did:web:b" }));
    }
}
