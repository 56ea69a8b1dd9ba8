//! Content negotiation: which form, EPCIS version and spelling of identifiers a client wants
//! (EPCIS 2.0 REST binding, request headers).

use std::cmp::Ordering;

use actix_web::http::header::HeaderMap;
use serde::Deserialize;

use crate::api::accept::accepted_media;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::formats::EpcStyle;
use crate::formats::Format;
use crate::formats::WordStyle;

/// `GS1-EPC-Format`.
pub const EPC_FORMAT: &str = "gs1-epc-format";
/// `GS1-CBV-XML-Format`.
pub const WORD_FORMAT: &str = "gs1-cbv-xml-format";

const EPC_FORMATS: &str =
    "GS1-EPC-Format takes No_Preference, Always_GS1_Digital_Link, Always_EPC_URN or Never_Translates";

/// `GS1-EPC-Format`: how identifiers are spelt in answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum EpcFormat {
    /// `No_Preference`: as they were sent.
    NoPreference,
    /// `Always_GS1_Digital_Link`; the drafts' `Always_DL` and `Always_Digital_Link` mean the same. The standard's default.
    #[default]
    AlwaysDigitalLink,
    /// `Always_EPC_URN`.
    AlwaysUrn,
    /// `Never_Translates`: as they were sent.
    NeverTranslates,
}

impl EpcFormat {
    /// Reads the header's value; `None` for a word the standard does not have.
    pub fn parse(word: &str) -> Option<EpcFormat> {
        match word {
            "No_Preference" => Some(EpcFormat::NoPreference),
            "Always_GS1_Digital_Link" | "Always_DL" | "Always_Digital_Link" => {
                Some(EpcFormat::AlwaysDigitalLink)
            }
            "Always_EPC_URN" => Some(EpcFormat::AlwaysUrn),
            "Never_Translates" => Some(EpcFormat::NeverTranslates),
            _ => None,
        }
    }

    /// The standard's word.
    pub fn as_str(self) -> &'static str {
        match self {
            EpcFormat::NoPreference => "No_Preference",
            EpcFormat::AlwaysDigitalLink => "Always_GS1_Digital_Link",
            EpcFormat::AlwaysUrn => "Always_EPC_URN",
            EpcFormat::NeverTranslates => "Never_Translates",
        }
    }

    fn style(self) -> EpcStyle {
        match self {
            EpcFormat::NoPreference | EpcFormat::NeverTranslates => EpcStyle::AsSent,
            EpcFormat::AlwaysDigitalLink => EpcStyle::DigitalLink,
            EpcFormat::AlwaysUrn => EpcStyle::Urn,
        }
    }
}

impl TryFrom<String> for EpcFormat {
    type Error = &'static str;

    fn try_from(word: String) -> Result<EpcFormat, &'static str> {
        EpcFormat::parse(&word).ok_or(EPC_FORMATS)
    }
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Form and EPCIS version.
    pub format: Format,
    /// The media type as the client named it, for `Content-Type`.
    pub media_type: &'static str,
    /// Spelling of identifiers.
    pub epcs: EpcStyle,
    /// True where the client asked for this spelling, so that an event that cannot have it is an error.
    pub epcs_asked: bool,
    /// Spelling of CBV words in XML.
    pub words: WordStyle,
}

/// Finds the form of an answer with events, or says why there is none (406).
///
/// The client's preference among media types decides first, then the highest EPCIS version it takes.
/// `default` is how identifiers are spelt where `GS1-EPC-Format` is absent.
pub fn wanted(headers: &HeaderMap, default: EpcFormat) -> Result<Wanted, Problem> {
    let versions = Versions::of(headers)?;
    let (format, media_type) = accepted_media(headers)
        .into_iter()
        .find_map(|(json, media_type)| Some((versions.best(json)?, media_type)))
        .ok_or_else(nothing_fits)?;
    let epcs = epc_format(headers, default, format)?.style();
    let epcs_asked = headers.contains_key(EPC_FORMAT);
    Ok(Wanted { format, media_type, epcs, epcs_asked, words: word_style(headers)? })
}

/// Refuses a client that does not take JSON where there is nothing else (406).
pub fn accepts_json(headers: &HeaderMap) -> Result<(), Problem> {
    let json = accepted_media(headers).iter().any(|(json, _)| *json);
    let refused = || Problem::new(Failure::NotAcceptable, "this resource is served as application/json");
    json.then_some(()).ok_or_else(refused)
}

/// The answer to a client for whom there is no form (406).
pub fn nothing_fits() -> Problem {
    Problem::new(
        Failure::NotAcceptable,
        "no form fits Accept and the GS1-EPCIS and GS1-CBV version headers; served are JSON-LD (EPCIS 2.0) and XML \
         (EPCIS 2.0 and 1.2)",
    )
}

/// Refuses a body of an EPCIS or CBV version that is not read here (406).
pub fn check_sent_version(headers: &HeaderMap) -> Result<(), Problem> {
    for name in ["gs1-epcis-version", "gs1-cbv-version"] {
        let Some(version) = version(headers, name)? else { continue };
        let known = [Version([1, 0, 0]), Version([1, 1, 0]), Version([1, 2, 0])];
        if !known.contains(&version) && (version < Version([2, 0, 0]) || version >= Version([2, 1, 0])) {
            let text = text(headers, name).unwrap_or_default();
            return Err(Problem::new(
                Failure::NotAcceptable,
                format!("{name} {text} is not read here; 1.0 to 1.2 and 2.0 are"),
            ));
        }
    }
    Ok(())
}

fn epc_format(headers: &HeaderMap, default: EpcFormat, format: Format) -> Result<EpcFormat, Problem> {
    let asked = match text(headers, EPC_FORMAT) {
        None => None,
        Some(word) => {
            Some(EpcFormat::parse(word).ok_or_else(|| Problem::new(Failure::NotAcceptable, EPC_FORMATS))?)
        }
    };
    match (format, asked) {
        (Format::Xml12, Some(EpcFormat::AlwaysDigitalLink)) => Err(Problem::new(
            Failure::NotAcceptable,
            "EPCIS 1.2 has no GS1 Digital Link; ask for Always_EPC_URN or for EPCIS 2.0",
        )),
        (Format::Xml12, None | Some(EpcFormat::NoPreference)) => Ok(EpcFormat::AlwaysUrn),
        (_, asked) => Ok(asked.unwrap_or(default)),
    }
}

fn word_style(headers: &HeaderMap) -> Result<WordStyle, Problem> {
    match text(headers, WORD_FORMAT) {
        None | Some("No_Preference" | "Always_URN") => Ok(WordStyle::Urn),
        Some("Always_Web_URI") => Ok(WordStyle::WebUri),
        Some("Never_Translates") => Ok(WordStyle::AsSent),
        Some(_) => Err(Problem::new(
            Failure::NotAcceptable,
            "GS1-CBV-XML-Format takes No_Preference, Always_Web_URI, Always_URN or Never_Translates",
        )),
    }
}

/// A version such as `2.0.0`; what is missing counts as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version([u32; 3]);

impl Version {
    fn parse(text: &str) -> Option<Version> {
        let mut parts = [0; 3];
        let mut numbers = text.split('.');
        for part in &mut parts {
            let Some(number) = numbers.next() else { break };
            *part = number.parse().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))?;
        }
        numbers.next().is_none().then_some(Version(parts))
    }
}

/// The versions a client takes of EPCIS and of the CBV, which have the same numbers.
struct Versions {
    ranges: Vec<(Version, Ordering)>,
}

impl Versions {
    fn of(headers: &HeaderMap) -> Result<Versions, Problem> {
        let mut ranges = Vec::new();
        for (name, bound) in [
            ("gs1-epcis-version", Ordering::Equal),
            ("gs1-epcis-min", Ordering::Greater),
            ("gs1-epcis-max", Ordering::Less),
            ("gs1-cbv-version", Ordering::Equal),
            ("gs1-cbv-min", Ordering::Greater),
            ("gs1-cbv-max", Ordering::Less),
        ] {
            ranges.extend(version(headers, name)?.map(|version| (version, bound)));
        }
        Ok(Versions { ranges })
    }

    fn best(&self, json: bool) -> Option<Format> {
        let offers: &[(Format, Version)] = if json {
            &[(Format::JsonLd, Version([2, 0, 0]))]
        } else {
            &[(Format::Xml20, Version([2, 0, 0])), (Format::Xml12, Version([1, 2, 0]))]
        };
        let fits = |offer: &Version| {
            self.ranges.iter().all(|(bound, side)| {
                let order = offer.cmp(bound);
                order == Ordering::Equal || order == *side
            })
        };
        offers.iter().find(|(_, version)| fits(version)).map(|(format, _)| *format)
    }
}

fn version(headers: &HeaderMap, name: &str) -> Result<Option<Version>, Problem> {
    let Some(text) = text(headers, name) else { return Ok(None) };
    let refused = || Problem::new(Failure::NotAcceptable, format!("{name} takes a version such as 2.0.0"));
    Version::parse(text).map(Some).ok_or_else(refused)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}").trim())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderName;
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in list {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        map
    }

    fn check(list: &[(&str, &str)], expected: Option<(Format, &str)>) {
        let found = wanted(&headers(list), EpcFormat::default()).ok();
        assert_eq!(found.map(|wanted| (wanted.format, wanted.media_type)), expected, "{list:?}");
    }

    #[test]
    fn accept_decides_the_media_type() {
        check(&[], Some((Format::JsonLd, "application/json")));
        check(&[("accept", "*/*")], Some((Format::JsonLd, "application/json")));
        check(&[("accept", "application/ld+json")], Some((Format::JsonLd, "application/ld+json")));
        check(&[("accept", "text/*")], Some((Format::Xml20, "text/xml")));
        check(&[("accept", "application/json;q=0.4, text/xml;q=0.5")], Some((Format::Xml20, "text/xml")));
        check(
            &[("accept", "application/*;q=0.5, application/json;q=0")],
            Some((Format::JsonLd, "application/ld+json")),
        );
        check(&[("accept", "image/png")], None);
        check(
            &[("accept", "image/png"), ("accept", "application/xml")],
            Some((Format::Xml20, "application/xml")),
        );
    }

    #[test]
    fn versions_narrow_the_forms() {
        let xml = ("accept", "application/xml");
        check(&[xml, ("GS1-EPCIS-Max", "1.2.0")], Some((Format::Xml12, "application/xml")));
        check(&[xml, ("GS1-EPCIS-Version", "1.2")], Some((Format::Xml12, "application/xml")));
        check(
            &[xml, ("GS1-EPCIS-Min", "1.0"), ("GS1-EPCIS-Max", "2")],
            Some((Format::Xml20, "application/xml")),
        );
        check(&[xml, ("GS1-EPCIS-Max", "1.1")], None);
        check(&[xml, ("GS1-CBV-Max", "1.2")], Some((Format::Xml12, "application/xml")));
        check(&[("GS1-EPCIS-Max", "1.2")], Some((Format::Xml12, "application/xml")));
        check(&[("accept", "application/json"), ("GS1-EPCIS-Max", "1.2")], None);
        check(&[("GS1-EPCIS-Min", "two")], None);
        check(&[("GS1-EPCIS-Min", "2.1")], None);
    }

    #[test]
    fn identifiers_are_spelt_as_asked() {
        let style =
            |list: &[(&str, &str)]| wanted(&headers(list), EpcFormat::default()).ok().map(|it| it.epcs);
        assert_eq!(style(&[]), Some(EpcStyle::DigitalLink));
        assert_eq!(style(&[(EPC_FORMAT, "Always_EPC_URN")]), Some(EpcStyle::Urn));
        assert_eq!(style(&[(EPC_FORMAT, "Always_DL")]), Some(EpcStyle::DigitalLink));
        assert_eq!(style(&[(EPC_FORMAT, "Never_Translates")]), Some(EpcStyle::AsSent));
        assert_eq!(style(&[(EPC_FORMAT, "always_epc_urn")]), None);
        assert_eq!(style(&[("GS1-EPCIS-Max", "1.2")]), Some(EpcStyle::Urn));
        assert_eq!(style(&[("GS1-EPCIS-Max", "1.2"), (EPC_FORMAT, "Always_GS1_Digital_Link")]), None);
        assert_eq!(style(&[(WORD_FORMAT, "Sometimes")]), None);
    }

    #[test]
    fn bodies_of_other_versions_are_refused() {
        for (version, fine) in
            [("1.0", true), ("1.2.0", true), ("2.0.1", true), ("1.3", false), ("3.0", false), ("x", false)]
        {
            assert_eq!(
                check_sent_version(&headers(&[("GS1-EPCIS-Version", version)])).is_ok(),
                fine,
                "{version}"
            );
        }
    }
}
