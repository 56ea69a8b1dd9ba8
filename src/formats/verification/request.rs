//! Questions as they are written: the path and query that follow the base address of who answers.

use crate::dscsa::verification::VerificationRequest;
use crate::formats::verification::percent::encode;
use crate::gs1::Gtin;

/// The value of `linkType`.
pub const LINK_KIND: &str = "verificationService";

/// The context that every release has.
pub const SALEABLE_RETURN: &str = "dscsaSaleableReturn";

/// The header that names the release of the guideline.
pub const VERSION_HEADER: &str = "gs1us-version";

/// The path of the connectivity test, below the base address.
pub const CONNECTIVITY: &str = "/checkConnectivity";

/// The release of the GS1 US guideline that a question follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// 1.0 or 1.1, which name no release.
    R1_1,
    /// 1.3, which adds what who asks states of itself, and two words of additional information.
    R1_3,
}

impl Release {
    /// The release that a header names: 1.3 or later is 1.3; anything else, and nothing, is 1.1.
    pub fn of_header(value: Option<&str>) -> Release {
        let number = |part: Option<&str>| part.and_then(|digits| digits.trim().parse::<u32>().ok());
        let mut parts = value.unwrap_or_default().split('.');
        match (number(parts.next()), number(parts.next())) {
            (Some(1), Some(3..)) | (Some(2..), _) => Release::R1_3,
            _ => Release::R1_1,
        }
    }

    /// What its header says; `None` where it has none.
    pub fn header(self) -> Option<&'static str> {
        (self == Release::R1_3).then_some("1.3.0")
    }
}

/// Path and query of a question to a verification service, below its base address:
/// `/verify/gtin/…/lot/…/ser/…?exp=…` (LMS 1.1, section 4.2). What 1.3 adds is written where it is stated.
pub fn request_address(request: &VerificationRequest) -> String {
    format!("/verify{}", resolver_address(request))
}

/// Path and query of the same question to a resolver, which redirects it.
pub fn resolver_address(request: &VerificationRequest) -> String {
    let mut address = String::with_capacity(256);
    address.push_str("/gtin/");
    address.push_str(request.gtin.as_str());
    for (name, value) in [("/lot/", &request.lot), ("/ser/", &request.serial)] {
        address.push_str(name);
        encode(value, &mut address);
    }
    address.push_str("?exp=");
    address.push_str(request.expiry.as_str());
    parameter("linkType", LINK_KIND, &mut address);
    parameter("context", &request.context, &mut address);
    parameter("reqGLN", &request.requester, &mut address);
    parameter("corrUUID", request.correlation.as_str(), &mut address);
    let statement = &request.statement;
    if let Some(possession) = statement.possession {
        parameter("ctrlPossessAtt", if possession { "true" } else { "false" }, &mut address);
    }
    for (name, value) in [("email", &statement.email), ("telephone", &statement.telephone)] {
        if let Some(value) = value {
            parameter(name, value, &mut address);
        }
    }
    address
}

/// Path and query of the connectivity test for a trade item, with all four parameters, as the US guideline asks
/// (section 4.3).
pub fn connectivity_address(gtin: Gtin, requester: &str, context: &str) -> String {
    let mut address = format!("{CONNECTIVITY}?gtin={gtin}");
    parameter("reqGLN", requester, &mut address);
    parameter("linkType", LINK_KIND, &mut address);
    parameter("context", context, &mut address);
    address
}

fn parameter(name: &str, value: &str, address: &mut String) {
    address.push('&');
    address.push_str(name);
    address.push('=');
    encode(value, address);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::verification::CorrelationId;
    use crate::dscsa::verification::RequesterStatement;
    use crate::gs1::ScannedDate;

    fn request() -> VerificationRequest {
        VerificationRequest {
            gtin: Gtin::parse("00300010123455").unwrap(),
            lot: "A/1 %".into(),
            serial: "7+&?#é".into(),
            expiry: ScannedDate::new("280300").unwrap(),
            context: SALEABLE_RETURN.into(),
            requester: "0614141000012".into(),
            correlation: CorrelationId::parse("7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab").unwrap(),
            statement: RequesterStatement::default(),
        }
    }

    #[test]
    fn every_character_of_a_label_is_escaped() {
        let expected = "/verify/gtin/00300010123455/lot/A%2F1%20%25/ser/7%2B%26%3F%23%C3%A9?exp=280300&linkType=verificationService\
            &context=dscsaSaleableReturn&reqGLN=0614141000012&corrUUID=7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab";
        assert_eq!(request_address(&request()), expected);
        assert_eq!(resolver_address(&request()), expected.trim_start_matches("/verify"));
    }

    #[test]
    fn what_is_stated_is_written() {
        let statement = RequesterStatement {
            possession: Some(true),
            email: Some("desk+1@example.com".into()),
            telephone: Some("+1 555 0100".into()),
        };
        let address = request_address(&VerificationRequest { statement, ..request() });
        let expected = "&ctrlPossessAtt=true&email=desk%2B1%40example.com&telephone=%2B1%20555%200100";
        assert!(address.ends_with(expected), "{address}");
    }

    #[test]
    fn the_connectivity_test_has_four_parameters() {
        let gtin = Gtin::parse("00300010123455").unwrap();
        assert_eq!(
            connectivity_address(gtin, "0614141000012", SALEABLE_RETURN),
            "/checkConnectivity?gtin=00300010123455&reqGLN=0614141000012&linkType=verificationService&context=dscsaSaleableReturn"
        );
    }

    fn check_release(header: Option<&str>, expected: Release) {
        assert_eq!(Release::of_header(header), expected, "{header:?}");
    }

    #[test]
    fn the_header_names_the_release() {
        check_release(None, Release::R1_1);
        check_release(Some("1.3.0"), Release::R1_3);
        check_release(Some("1.3"), Release::R1_3);
        check_release(Some("2.0.0"), Release::R1_3);
        check_release(Some("1.1.0"), Release::R1_1);
        check_release(Some("new"), Release::R1_1);
        check_release(Some(""), Release::R1_1);
        check_release(Release::R1_3.header(), Release::R1_3);
    }
}
