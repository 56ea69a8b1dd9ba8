//! Credentials of authorised trading partners, as a presentation carries them, and what was found out about them, as it is
//! kept (W3C Verifiable Credentials 1.1; Open Credentialing Initiative).

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

/// Words under which a subject's GLN is given.
const GLN: [&str; 4] = ["globalLocationNumber", "GLN", "gln", "https://schema.org/globalLocationNumber"];

/// What stands in `vp.verifiableCredential`: a token, or an object with a proof of its own.
pub fn presented(vp: Option<&Value>) -> &[Value] {
    match vp.and_then(|vp| vp.get("verifiableCredential")) {
        Some(Value::Array(several)) => several,
        Some(Value::Null) | None => &[],
        Some(one) => std::slice::from_ref(one),
    }
}

/// `vp.holder`, or its `id`.
pub fn holder(vp: Option<&Value>) -> Option<&str> {
    named(vp?.get("holder")?)
}

/// What a credential says: the content of `vc`, or of an object with a proof of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialBody<'a> {
    /// `type`.
    pub kinds: Vec<&'a str>,
    /// `issuer`, or its `id`.
    pub issuer: Option<&'a str>,
    /// `credentialSubject.id`.
    pub subject: Option<&'a str>,
    /// `credentialSubject.legalName`.
    pub name: Option<&'a str>,
    /// GLNs of the subject.
    pub glns: Vec<&'a str>,
    /// `expirationDate`, where it is a time; `Err` where it is none.
    pub expires: Option<Result<DateTime<Utc>, ()>>,
    /// The kind of list on which it stands if it is revoked (`credentialStatus.type`).
    pub status: Option<&'a str>,
}

impl CredentialBody<'_> {
    /// Reads one; what is missing or of another kind is left out.
    pub fn read(body: &Map<String, Value>) -> CredentialBody<'_> {
        let subject = body.get("credentialSubject").map(first);
        let part = |name: &str| subject?.get(name);
        CredentialBody {
            kinds: body.get("type").map(list).unwrap_or_default().iter().filter_map(Value::as_str).collect(),
            issuer: body.get("issuer").and_then(named),
            subject: part("id").and_then(Value::as_str),
            name: part("legalName").and_then(Value::as_str),
            glns: part("identifier").map(list).unwrap_or_default().iter().filter_map(gln).collect(),
            expires: body.get("expirationDate").map(time),
            status: body.get("credentialStatus").map(|status| {
                let kind = first(status).get("type").map(first);
                kind.and_then(Value::as_str).unwrap_or("a list without a type")
            }),
        }
    }
}

/// What was found out about a presentation, kept with the record of its request or answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialEvidence {
    /// `absent`, `valid`, `invalid` or `not-judged`.
    pub outcome: &'static str,
    /// The code of the wallet interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Why it is not valid, or what could not be checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// `gateway`, or the address of a wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged_by: Option<String>,
    /// When.
    pub judged_at: String,
    /// The `corrUUID` that it must be bound to.
    pub correlation: String,
    /// The GLN whose credential it must be.
    pub gln: String,
    /// DID of who presents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// DIDs of who issued.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// The subject's name in the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_name: Option<String>,
    /// What a person should know besides, such as that the credential names no GLN.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// All codes of a wallet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wallet_codes: Vec<String>,
    /// What was presented, unless it is too long to be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presentation: Option<String>,
}

fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(several) => several,
        one => std::slice::from_ref(one),
    }
}

fn first(value: &Value) -> &Value {
    list(value).first().unwrap_or(&Value::Null)
}

/// A name, or an object with an `id`.
fn named(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("id")?.as_str())
}

/// `{propertyID: globalLocationNumber, value: …}`, or `{globalLocationNumber: …}`.
fn gln(identifier: &Value) -> Option<&str> {
    let property = identifier.get("propertyID").and_then(Value::as_str);
    let value = match property {
        Some(property) if GLN.contains(&property) => identifier.get("value")?,
        Some(_) => return None,
        None => GLN.iter().find_map(|name| identifier.get(name))?,
    };
    value.as_str()
}

fn time(value: &Value) -> Result<DateTime<Utc>, ()> {
    let text = value.as_str().ok_or(())?;
    DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(body: Value, look: impl Fn(&CredentialBody<'_>)) {
        look(&CredentialBody::read(body.as_object().unwrap()));
    }

    #[test]
    fn a_credential_is_read_in_each_of_its_forms() {
        check(
            json!({
                "type": ["VerifiableCredential", "DSCSAATPCredential"],
                "issuer": {"id": "did:web:issuer"},
                "expirationDate": "2027-01-01T00:00:00Z",
                "credentialStatus": {"type": "RevocationStatus2021LDAP"},
                "credentialSubject": {"id": "did:web:holder", "legalName": "Maker", "identifier": [
                    {"propertyID": "DUNSNumber", "value": "123456789"},
                    {"propertyID": "globalLocationNumber", "value": "0300010000007"},
                ]},
            }),
            |body| {
                assert_eq!(body.kinds, ["VerifiableCredential", "DSCSAATPCredential"]);
                assert_eq!((body.issuer, body.subject), (Some("did:web:issuer"), Some("did:web:holder")));
                assert_eq!((body.name, body.glns.as_slice()), (Some("Maker"), ["0300010000007"].as_slice()));
                assert_eq!(body.status, Some("RevocationStatus2021LDAP"));
                assert_eq!(body.expires.unwrap().unwrap().to_rfc3339(), "2027-01-01T00:00:00+00:00");
            },
        );
        check(
            json!({
                "type": "DSCSAATPCredential", "issuer": "did:web:issuer", "expirationDate": 7,
                "credentialSubject": [{"identifier": {"globalLocationNumber": "0300010000007"}}],
            }),
            |body| {
                assert_eq!(
                    (body.issuer, body.glns.as_slice()),
                    (Some("did:web:issuer"), ["0300010000007"].as_slice())
                );
                assert_eq!((body.expires, body.status), (Some(Err(())), None));
            },
        );
        check(json!({"type": 7, "issuer": [], "credentialSubject": 3, "credentialStatus": []}), |body| {
            let status = Some("a list without a type");
            assert_eq!(*body, CredentialBody { status, ..CredentialBody::default() });
        });
    }

    #[test]
    fn credentials_stand_alone_or_in_a_list() {
        let presentation = json!({"holder": "did:web:a", "verifiableCredential": ["x", {}]});
        assert_eq!(
            (presented(Some(&presentation)).len(), holder(Some(&presentation))),
            (2, Some("did:web:a"))
        );
        assert_eq!(presented(Some(&json!({"verifiableCredential": "x"}))).len(), 1);
        assert_eq!(presented(Some(&json!({"verifiableCredential": null}))).len(), 0);
        assert_eq!((presented(None).len(), holder(None)), (0, None));
    }
}
