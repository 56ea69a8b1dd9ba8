//! Questions as they are read, from path and query as sent: what is escaped in a lot or a serial number stays in it.

use std::borrow::Cow;

use thiserror::Error;

use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::RequesterStatement;
use crate::dscsa::verification::VerificationRequest;
use crate::formats::verification::percent::decode;
use crate::formats::verification::request::LINK_KIND;
use crate::gs1::Gtin;
use crate::gs1::Malformed;
use crate::gs1::ScannedDate;

/// Longest lot and serial number (GS1 General Specifications, AI 10 and 21).
const MOST_CHARACTERS: usize = 20;

/// Longest e-mail address (RFC 5321) or telephone number.
const MOST_CONTACT: usize = 254;

/// What a connectivity test asks (LMS 1.1, section 4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectivityRequest {
    /// The trade item whose responder is asked.
    pub gtin: Gtin,
    /// GLN of who asks; its check digit is not judged.
    pub requester: Box<str>,
}

/// What is wrong with a question; each names the parameter, the rule and the mend.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestFault {
    /// The path is no question.
    #[error(
        "the path asks nothing: write gtin/{{gtin}}/lot/{{lot}}/ser/{{serial}}, each value percent-encoded"
    )]
    Path,
    /// A parameter is needed.
    #[error("{0} is missing: {1}")]
    Missing(&'static str, &'static str),
    /// A parameter stands there twice, so that nobody knows which one is meant.
    #[error("{0} is given twice: give it once")]
    Twice(&'static str),
    /// An escape is broken.
    #[error("{0} is not percent-encoded UTF-8: write each character but letters, digits and -._~ as %XX")]
    Escape(&'static str),
    /// A GTIN that is none.
    #[error("gtin: {0}")]
    Gtin(Malformed),
    /// A lot or serial number that no label has.
    #[error("{0} has 1 to {MOST_CHARACTERS} characters and no control characters; this has {1}")]
    Text(&'static str, usize),
    /// A value that the rule does not allow.
    #[error("{0} {2:?} is not allowed: {1}")]
    Value(&'static str, &'static str, Box<str>),
    /// A context that nobody has agreed on.
    #[error("context {0:?} is not known here: give one of {1}")]
    Context(Box<str>, Box<str>),
}

impl RequestFault {
    /// The HTTP status it is answered with: 400, and 404 for a path that asks nothing (LMS 1.1, section 9).
    pub fn status(&self) -> u16 {
        match self {
            RequestFault::Path => 404,
            _ => 400,
        }
    }
}

const EXPIRY_RULE: &str = "give YYMMDD, six digits, the day 00 where the label names the month alone";
const LINK_RULE: &str = "give verificationService";
const CONTEXT_RULE: &str = "give what the product is verified for, such as dscsaSaleableReturn";
const REQUESTER_RULE: &str = "give the 13 digits of the GLN of who asks";
const CORRELATION_RULE: &str = "give a UUID of version 4 with hyphens, a new one for each question";
const POSSESSION_RULE: &str = "give true or false";
const CONTACT_RULE: &str = "give one line of at most 254 characters";

/// Reads a question from what follows the base address: `gtin/…/lot/…/ser/…` and the query, both as sent, not decoded.
/// Parameters that the standard does not have are ignored.
pub fn read_request<C: AsRef<str>>(
    segments: &str,
    query: &str,
    contexts: &[C],
) -> Result<VerificationRequest, RequestFault> {
    let (gtin, lot, serial) = path(segments)?;
    let query = Query::read(query)?;
    let expiry = query.needed(EXPIRY)?;
    query.link(true)?;
    let context = query.needed(CONTEXT)?;
    known(&context, contexts)?;
    let correlation = query.needed(CORRELATION)?;
    Ok(VerificationRequest {
        gtin: self::gtin(gtin)?,
        lot: label("lot", lot)?,
        serial: label("ser", serial)?,
        expiry: day(&expiry).ok_or_else(|| value(EXPIRY, &expiry))?,
        context: context.into(),
        requester: query.requester()?,
        correlation: CorrelationId::parse(&correlation).ok_or_else(|| value(CORRELATION, &correlation))?,
        statement: query.statement()?,
    })
}

/// Reads a connectivity test from its query as sent. `linkType` and `context` are judged where they stand there: the global
/// standard can do without them.
pub fn read_connectivity_request<C: AsRef<str>>(
    query: &str,
    contexts: &[C],
) -> Result<ConnectivityRequest, RequestFault> {
    let query = Query::read(query)?;
    query.link(false)?;
    if let Some(context) = query.value(CONTEXT)? {
        known(&context, contexts)?;
    }
    Ok(ConnectivityRequest { gtin: gtin(&query.needed(GTIN)?)?, requester: query.requester()? })
}

type Parameter = (usize, &'static str, &'static str);

const EXPIRY: Parameter = (0, "exp", EXPIRY_RULE);
const LINK: Parameter = (1, "linkType", LINK_RULE);
const CONTEXT: Parameter = (2, "context", CONTEXT_RULE);
const REQUESTER: Parameter = (3, "reqGLN", REQUESTER_RULE);
const CORRELATION: Parameter = (4, "corrUUID", CORRELATION_RULE);
const POSSESSION: Parameter = (5, "ctrlPossessAtt", POSSESSION_RULE);
const EMAIL: Parameter = (6, "email", CONTACT_RULE);
const TELEPHONE: Parameter = (7, "telephone", CONTACT_RULE);
const GTIN: Parameter = (8, "gtin", "give the GTIN with 8, 12, 13 or 14 digits");
const PARAMETERS: [Parameter; 9] =
    [EXPIRY, LINK, CONTEXT, REQUESTER, CORRELATION, POSSESSION, EMAIL, TELEPHONE, GTIN];

/// The values of the known parameters, as sent.
#[derive(Default)]
struct Query<'a>([Option<&'a str>; PARAMETERS.len()]);

impl<'a> Query<'a> {
    fn read(query: &'a str) -> Result<Query<'a>, RequestFault> {
        let mut found = Query::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = PARAMETERS.iter().find(|(_, known, _)| *known == name);
            let Some((slot, name)) = known.and_then(|(at, name, _)| Some((found.0.get_mut(*at)?, *name)))
            else {
                continue;
            };
            if slot.replace(value).is_some() {
                return Err(RequestFault::Twice(name));
            }
        }
        Ok(found)
    }

    /// The value, decoded; `None` where the parameter is left out.
    fn value(&self, (at, name, _): Parameter) -> Result<Option<Cow<'a, str>>, RequestFault> {
        let sent = self.0.get(at).copied().flatten();
        sent.map(|value| decode(value).ok_or(RequestFault::Escape(name))).transpose()
    }

    fn needed(&self, parameter: Parameter) -> Result<Cow<'a, str>, RequestFault> {
        let value = self.value(parameter)?.filter(|value| !value.is_empty());
        value.ok_or(RequestFault::Missing(parameter.1, parameter.2))
    }

    fn link(&self, needed: bool) -> Result<(), RequestFault> {
        let link = if needed { Some(self.needed(LINK)?) } else { self.value(LINK)? };
        match link {
            Some(link) if link != LINK_KIND => Err(value(LINK, &link)),
            _ => Ok(()),
        }
    }

    fn requester(&self) -> Result<Box<str>, RequestFault> {
        let gln = self.needed(REQUESTER)?;
        let sound = gln.len() == 13 && gln.bytes().all(|byte| byte.is_ascii_digit());
        if sound { Ok(gln.into()) } else { Err(value(REQUESTER, &gln)) }
    }

    fn statement(&self) -> Result<RequesterStatement, RequestFault> {
        let possession = match self.value(POSSESSION)?.as_deref() {
            None | Some("") => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(other) => return Err(value(POSSESSION, other)),
        };
        Ok(RequesterStatement {
            possession,
            email: self.contact(EMAIL)?,
            telephone: self.contact(TELEPHONE)?,
        })
    }

    fn contact(&self, parameter: Parameter) -> Result<Option<Box<str>>, RequestFault> {
        let Some(text) = self.value(parameter)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        if text.len() > MOST_CONTACT || text.chars().any(char::is_control) {
            return Err(value(parameter, &text));
        }
        Ok(Some(text.into()))
    }
}

fn path(segments: &str) -> Result<(&str, &str, &str), RequestFault> {
    let mut parts = segments.trim_start_matches('/').split('/');
    let mut after = |name: &str| (parts.next() == Some(name)).then(|| parts.next()).flatten();
    let found = after("gtin").zip(after("lot")).zip(after("ser"));
    let ((gtin, lot), serial) = found.ok_or(RequestFault::Path)?;
    if parts.next().is_some() { Err(RequestFault::Path) } else { Ok((gtin, lot, serial)) }
}

fn gtin(digits: &str) -> Result<Gtin, RequestFault> {
    Gtin::parse(digits).map_err(|fault| match fault.value().len() {
        0..=40 => RequestFault::Gtin(fault),
        _ => value(GTIN, digits),
    })
}

/// A lot or serial number. Spaces and letters beyond those of GS1 are let through: they match nothing, which is the answer.
fn label(name: &'static str, escaped: &str) -> Result<Box<str>, RequestFault> {
    let text = decode(escaped).ok_or(RequestFault::Escape(name))?;
    let characters = text.chars().count();
    if !(1..=MOST_CHARACTERS).contains(&characters) || text.chars().any(char::is_control) {
        return Err(RequestFault::Text(name, characters));
    }
    Ok(text.into())
}

/// Six digits that are a day of some year, or the month alone.
fn day(text: &str) -> Option<ScannedDate> {
    let date = ScannedDate::new(text)?;
    let number = |from: usize| text.get(from..from + 2)?.parse::<u32>().ok();
    let longest = match number(2)? {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (number(4)? <= longest).then_some(date)
}

fn known<C: AsRef<str>>(context: &str, contexts: &[C]) -> Result<(), RequestFault> {
    if contexts.iter().any(|known| known.as_ref() == context) {
        return Ok(());
    }
    let all: Vec<&str> = contexts.iter().map(AsRef::as_ref).collect();
    Err(RequestFault::Context(short(context), all.join(", ").into()))
}

fn value((_, name, rule): Parameter, value: &str) -> RequestFault {
    RequestFault::Value(name, rule, short(value))
}

/// The beginning of what was sent: who sent it knows the rest.
fn short(text: &str) -> Box<str> {
    text.chars().take(60).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::verification::request::SALEABLE_RETURN;
    use crate::formats::verification::request::connectivity_address;
    use crate::formats::verification::request::request_address;

    const PATH: &str = "gtin/00300010123455/lot/A1/ser/7";
    const QUERY: &str = "exp=280300&linkType=verificationService&context=dscsaSaleableReturn&reqGLN=0614141000012\
        &corrUUID=7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab";

    fn read(path: &str, query: &str) -> Result<VerificationRequest, RequestFault> {
        read_request(path, query, &[SALEABLE_RETURN, "dscsaSuspect"])
    }

    fn check_fault(path: &str, change: (&str, &str), status: u16, words: &str) {
        let query = QUERY.replace(change.0, change.1);
        let fault = read(path, &query).unwrap_err();
        assert_eq!(fault.status(), status, "{fault}");
        assert!(fault.to_string().contains(words), "{fault}");
        assert!(fault.to_string().len() < 500, "{fault}");
    }

    #[test]
    fn each_fault_names_its_parameter_and_the_mend() {
        let none = ("\0", "");
        check_fault("gtin/1/lot/A", none, 404, "write gtin/");
        check_fault("gtin/00300010123455/lot/A/1/ser/7", none, 404, "percent-encoded");
        check_fault("gtin/00300010123455/lot/A/ser/7/", none, 404, "write gtin/");
        check_fault("gtin/00300010123456/lot/A/ser/7", none, 400, "gtin: ");
        check_fault("gtin/0030001012345/lot/A/ser/7", none, 400, "check digit");
        check_fault("gtin/003000101235/lot/A/ser/7", none, 400, "gtin");
        check_fault("gtin/300010123455%20/lot/A/ser/7", none, 400, "gtin");
        check_fault("gtin/00300010123455/lot//ser/7", none, 400, "lot has 1 to 20");
        check_fault("gtin/00300010123455/lot/A/ser/123456789012345678901", none, 400, "ser has 1 to 20");
        check_fault("gtin/00300010123455/lot/A%0A/ser/7", none, 400, "lot has 1 to 20");
        check_fault("gtin/00300010123455/lot/A%/ser/7", none, 400, "lot is not percent-encoded");
        check_fault("gtin/00300010123455/lot/A/ser/%FF", none, 400, "ser is not percent-encoded");
        check_fault(PATH, ("exp=280300&", ""), 400, "exp is missing: give YYMMDD");
        check_fault(PATH, ("280300", "281300"), 400, "exp \"281300\"");
        check_fault(PATH, ("280300", "280431"), 400, "exp");
        check_fault(PATH, ("280300", "2028-03"), 400, "YYMMDD");
        check_fault(PATH, ("linkType=verificationService&", ""), 400, "linkType is missing");
        check_fault(PATH, ("=verificationService", "=epcis"), 400, "give verificationService");
        check_fault(PATH, ("=dscsaSaleableReturn", "=resale"), 400, "dscsaSaleableReturn, dscsaSuspect");
        check_fault(PATH, ("context=dscsaSaleableReturn", "context"), 400, "context is missing");
        check_fault(PATH, ("0614141000012", "061414100001"), 400, "reqGLN");
        check_fault(PATH, ("-4c5d-", "-1c5d-"), 400, "version 4");
        check_fault(PATH, ("exp=", "exp=280331&exp="), 400, "exp is given twice");
        check_fault(PATH, ("exp=", "ctrlPossessAtt=yes&exp="), 400, "true or false");
        check_fault(PATH, ("exp=", "email=%0A&exp="), 400, "email");
        check_fault(&PATH.replace("ser/7", &format!("ser/{}", "9".repeat(1 << 20))), none, 400, "ser");
        check_fault(&PATH.replace("00300010123455", &"9".repeat(1 << 20)), none, 400, "gtin");
    }

    #[test]
    fn what_the_standard_does_not_have_is_ignored() {
        let plain = read(PATH, QUERY).unwrap();
        assert_eq!(read(PATH, &format!("{QUERY}&%zz=%&exp2=1&&=&EXP=9")), Ok(plain));
    }

    #[test]
    fn every_length_of_gtin_and_the_day_00_are_taken() {
        for (gtin, full) in [
            ("97803119", "00000097803119"),
            ("001122334455", "00001122334455"),
            ("4012345123456", "04012345123456"),
        ] {
            let request = read(&format!("gtin/{gtin}/lot/A/ser/1"), QUERY).unwrap();
            assert_eq!((request.gtin.as_str(), request.expiry.as_str()), (full, "280300"));
        }
        assert!(read(PATH, &QUERY.replace("0614141000012", "0614141000019")).is_ok());
    }

    #[test]
    fn connectivity_can_do_without_what_is_the_same_each_time() {
        let read = |query: &str| read_connectivity_request(query, &[SALEABLE_RETURN]);
        let gtin = Gtin::parse("00300010123455").unwrap();
        let full = connectivity_address(gtin, "0614141000012", SALEABLE_RETURN);
        let expected = ConnectivityRequest { gtin, requester: "0614141000012".into() };
        assert_eq!(read(full.split_once('?').unwrap().1), Ok(expected.clone()));
        assert_eq!(read("gtin=300010123455&reqGLN=0614141000012&corrUUID=x"), Ok(expected));
        for wrong in [
            "gtin=300010123455",
            "reqGLN=0614141000012",
            "gtin=300010123455&reqGLN=0614141000012&linkType=x",
            "gtin=300010123455&reqGLN=0614141000012&context=x",
        ] {
            assert_eq!(read(wrong).map_err(|fault| fault.status()), Err(400), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            lot in "[!-~ é]{1,20}", serial in "[!-~]{1,20}", day in 0u32..=28, possession: Option<bool>,
            email in proptest::option::of("[!-~]{1,30}@x"), telephone in proptest::option::of("[+0-9 ()-]{1,20}"),
        ) {
            let request = VerificationRequest {
                lot: lot.into(),
                serial: serial.into(),
                expiry: ScannedDate::new(&format!("2802{day:02}")).unwrap(),
                statement: RequesterStatement { possession, email: email.map(Into::into), telephone: telephone.map(Into::into) },
                ..read(PATH, QUERY).unwrap()
            };
            let address = request_address(&request);
            let (path, query) = address.split_once('?').unwrap();
            prop_assert!(address.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(read(path.strip_prefix("/verify").unwrap(), query), Ok(request));
        }

        #[test]
        fn nothing_sent_makes_it_panic(path in "(gtin/[0-9%]{0,15}/lot/.{0,9}/ser/)?.{0,40}", query in "(exp=|corrUUID=|reqGLN=|&|%|.){0,40}") {
            if let Err(fault) = read(&path, &query) {
                prop_assert!(matches!(fault.status(), 400 | 404));
            }
            let _ = read_connectivity_request(&query, &[SALEABLE_RETURN]);
        }
    }
}
