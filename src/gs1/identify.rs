//! Identify: everything that can be told of one identifier, in whichever form somebody holds it.

use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;
use crate::gs1::Flaw;
use crate::gs1::Gln;
use crate::gs1::Gtin;
use crate::gs1::Malformed;
use crate::gs1::Sscc;
use crate::gs1::digital_link::CANONICAL_HOST;

/// What an identifier is, and its other forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// Name of its scheme, such as `sgtin`; `uri` for a private one, `unknown` for none.
    pub kind: &'static str,
    /// EPC URN, where there is one and the length of the company prefix is known.
    pub urn: Option<String>,
    /// Canonical Digital Link, where there is one.
    pub digital_link: Option<String>,
    /// The identity by which it is compared; `None` where it is malformed.
    pub key: Option<String>,
    /// What is wrong with it, or why one of the forms is missing.
    pub error: Option<Malformed>,
}

/// Identifies an EPC URN, a Digital Link, or the bare digits of a GTIN (8, 12, 14), GLN (13) or SSCC (18).
pub fn identify(value: &str, prefixes: &CompanyPrefixes) -> Identified {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return match bare(value) {
            Ok(path) => describe(&Epc::parse(&format!("{CANONICAL_HOST}{path}")), prefixes),
            Err(error) => unknown("unknown", error),
        };
    }
    let epc = Epc::parse(value);
    match epc.fault() {
        Some(error) => unknown(epc.scheme().map_or("unknown", |scheme| scheme.name()), error),
        None => describe(&epc, prefixes),
    }
}

fn bare(digits: &str) -> Result<String, Malformed> {
    match digits.len() {
        8 | 12 | 14 => Gtin::parse(digits).map(|gtin| format!("/01/{gtin}")),
        13 => Gln::parse(digits).map(|gln| format!("/414/{gln}")),
        18 => Sscc::parse(digits).map(|sscc| format!("/00/{sscc}")),
        _ => {
            Err(Malformed::new(digits, Flaw::Length { needed: "8, 12 or 14 (GTIN), 13 (GLN) or 18 (SSCC)" }))
        }
    }
}

fn unknown(kind: &'static str, error: Malformed) -> Identified {
    Identified { kind, urn: None, digital_link: None, key: None, error: Some(error) }
}

fn describe(epc: &Epc, prefixes: &CompanyPrefixes) -> Identified {
    let key = Some(epc.key());
    let Some(scheme) = epc.scheme() else {
        return Identified { kind: "uri", urn: None, digital_link: None, key, error: None };
    };
    let urn = epc.to_urn(prefixes);
    let error = urn.as_ref().err().cloned();
    Identified { kind: scheme.name(), urn: urn.ok(), digital_link: epc.to_digital_link().ok(), key, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, kind: &str, urn: Option<&str>, key: Option<&str>) {
        let found = identify(value, &CompanyPrefixes::builtin());
        assert_eq!((found.kind, found.urn.as_deref(), found.key.as_deref()), (kind, urn, key), "{value}");
    }

    #[test]
    fn identifies_every_form() {
        let gtin = Some("/01/00614141123452");
        check("00614141123452", "gtin", Some("urn:epc:idpat:sgtin:0614141.012345.*"), gtin);
        check("614141123452", "gtin", Some("urn:epc:idpat:sgtin:0614141.012345.*"), gtin);
        let sscc = Some("/00/006141411234567890");
        check("006141411234567890", "sscc", Some("urn:epc:id:sscc:0614141.0123456789"), sscc);
        let place = Some("/414/0614141123452");
        check(" 0614141123452 ", "sgln", Some("urn:epc:id:sgln:0614141.12345.0"), place);
        let item = Some("/01/00614141123452/21/7");
        check(
            "https://example.com/gtin/614141123452/ser/7",
            "sgtin",
            Some("urn:epc:id:sgtin:0614141.012345.7"),
            item,
        );
    }

    #[test]
    fn tells_what_is_wrong() {
        check("00614141123453", "unknown", None, None);
        check("12345", "unknown", None, None);
        check("urn:epc:id:sgtin:0614141.1.2", "sgtin", None, None);
        check("no uri", "unknown", None, None);
        check("urn:uuid:1", "uri", None, Some("urn:uuid:1"));
        let error = identify("00614141123453", &CompanyPrefixes::builtin()).error.unwrap();
        assert_eq!(error.flaw(), Flaw::CheckDigit { expected: '2' });
    }
}
