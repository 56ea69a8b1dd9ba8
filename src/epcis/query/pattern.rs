//! Which identifiers a value of a `MATCH_` parameter means (EPCIS 2.0 §8.2.7.1; Tag Data Standard, section 8).

use crate::gs1::Epc;
use crate::gs1::Scheme;

/// One identifier in any spelling, or all that a pattern such as `urn:epc:idpat:sgtin:4012345.*.*` covers.
///
/// Whatever has one key matches: URN and Digital Link, and every split of the company prefix. A class, in either
/// spelling, covers its instances.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpcPattern(Form);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// The identifier of this key.
    Identity(Box<str>),
    /// The class of this key and its instances.
    Class { instance: Scheme, key: Box<str> },
    /// Identifiers of this scheme whose key, from a place on, begins so.
    Start { instance: Scheme, at: usize, start: Box<str> },
    /// All identifiers of this scheme.
    All(Scheme),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternFault {
    /// It is no URI.
    NoUri,
    /// A pattern of a scheme that has none.
    Scheme,
    /// Too few or too many parts, or a wildcard before a fixed part.
    Parts,
    /// The fixed parts are malformed.
    Malformed(Box<str>),
}

impl EpcPattern {
    /// Reads an identifier or a pattern. A malformed identifier means itself, as sent, since events may hold it.
    pub fn parse(text: &str) -> Result<EpcPattern, PatternFault> {
        let pattern = text.strip_prefix("urn:epc:idpat:").and_then(|rest| rest.split_once(':'));
        let lots = text.strip_prefix("urn:epc:class:lgtin:").filter(|body| body.ends_with(".*"));
        if let Some((scheme, body)) = pattern.or(lots.map(|body| ("lgtin", body))) {
            return read(scheme, body).map(EpcPattern);
        }
        let epc = Epc::parse(text);
        if epc.scheme().is_none() && !is_absolute(text) {
            return Err(PatternFault::NoUri);
        }
        Ok(EpcPattern::of(&epc))
    }

    /// The pattern that an identifier is: of a class, also its instances.
    pub fn of(epc: &Epc) -> EpcPattern {
        let key = epc.key().into_boxed_str();
        EpcPattern(match epc.scheme().and_then(instance_of_class) {
            Some(instance) if key.starts_with('/') => Form::Class { instance, key },
            _ => Form::Identity(key),
        })
    }

    /// The one key it means, where it is no pattern.
    pub fn identity(&self) -> Option<&str> {
        match &self.0 {
            Form::Identity(key) => Some(key),
            _ => None,
        }
    }

    /// The key of the class to which all it means belongs, such as `/01/04012345123456`.
    pub fn class(&self) -> Option<&str> {
        match &self.0 {
            Form::Class { key, .. } => Some(key),
            Form::Start { instance: Scheme::Lgtin, at: 0, start } => start.strip_suffix('/'),
            _ => None,
        }
    }

    /// Tells whether it means this identifier, whose key the caller has at hand.
    pub fn covers(&self, epc: &Epc, key: &str) -> bool {
        match &self.0 {
            Form::Identity(wanted) => **wanted == *key,
            Form::Class { instance, key: class } => match epc.scheme() {
                Some(scheme) if scheme == *instance => key
                    .strip_prefix(&**class)
                    // Only the number of a component or part has no fixed length.
                    .is_some_and(|rest| *instance != Scheme::Cpi || rest.starts_with('/')),
                Some(scheme) => scheme.is_class() && **class == *key,
                None => false,
            },
            Form::Start { instance, at, start } => {
                epc.scheme() == Some(*instance)
                    && (*at == 0 || key.starts_with('/'))
                    && key.get(*at..).is_some_and(|rest| rest.starts_with(&**start))
            }
            Form::All(scheme) => {
                epc.scheme() == Some(*scheme)
                    && (key.starts_with('/') || scheme.application_identifiers().is_none())
            }
        }
    }
}

/// Reads the body of a pattern: fixed parts, then wildcards to the end.
fn read(name: &str, body: &str) -> Result<Form, PatternFault> {
    let (scheme, count) = scheme_of(name).ok_or(PatternFault::Scheme)?;
    let parts: Vec<&str> = body.splitn(count, '.').collect();
    let fixed = parts.iter().take_while(|part| **part != "*").count();
    if parts.len() != count || parts.iter().skip(fixed).any(|part| *part != "*") {
        return Err(PatternFault::Parts);
    }
    let names = if scheme == Scheme::Lgtin { "class" } else { "id" };
    let beginning = format!("urn:epc:{names}:{name}:");
    if fixed == count {
        let epc = Epc::parse(&format!("{beginning}{body}"));
        return sound(&epc).map(|()| Form::Identity(epc.key().into()));
    }
    match (fixed, company_at(scheme)) {
        (0, _) => Ok(Form::All(scheme)),
        (_, None) => {
            let wild = 2 * (count - fixed) - 1;
            let start = body.get(..body.len() - wild).unwrap_or_default();
            Ok(Form::Start { instance: scheme, at: 0, start: format!("{beginning}{start}").into() })
        }
        (1, Some(at)) => {
            let prefix = parts.first().copied().unwrap_or_default();
            if !(6..=12).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(PatternFault::Malformed("the company prefix has 6 to 12 digits".into()));
            }
            Ok(Form::Start { instance: scheme, at, start: prefix.into() })
        }
        (_, Some(_)) => {
            // Any filler will do where a wildcard stands: what comes of it is cut off again.
            let filled = parts.iter().enumerate().map(|(at, part)| match (*part, at) {
                ("*", 2 | 3) if scheme == Scheme::Itip => "01",
                ("*", _) => "1",
                (part, _) => part,
            });
            let epc = Epc::parse(&format!("{beginning}{}", filled.collect::<Vec<_>>().join(".")));
            sound(&epc)?;
            Ok(below(&epc, scheme, fixed))
        }
    }
}

/// The form for a pattern of which at least company prefix and reference are fixed.
fn below(epc: &Epc, scheme: Scheme, fixed: usize) -> Form {
    let class = epc.class_key().unwrap_or_default();
    let start = |start: String| Form::Start { instance: scheme, at: 0, start: start.into() };
    match (scheme, fixed) {
        (Scheme::Sgln, _) => start(epc.gln().map(|gln| format!("/414/{gln}")).unwrap_or_default()),
        (Scheme::Itip, 2 | 3) => {
            let wild = 2 * (4 - fixed);
            start(class.get(..class.len().saturating_sub(wild)).unwrap_or_default().to_owned())
        }
        (Scheme::Lgtin, _) => start(format!("{class}/")),
        _ => Form::Class { instance: scheme, key: class.into() },
    }
}

fn sound(epc: &Epc) -> Result<(), PatternFault> {
    epc.fault().map_or(Ok(()), |malformed| Err(PatternFault::Malformed(malformed.flaw().to_string().into())))
}

/// Where in the key the company prefix begins; `None` for schemes without a key of their own.
fn company_at(scheme: Scheme) -> Option<usize> {
    let identifiers = scheme.application_identifiers()?;
    let key = identifiers.split('/').next().unwrap_or_default();
    let digit_in_front = matches!(
        scheme,
        Scheme::Sgtin | Scheme::Lgtin | Scheme::Upui | Scheme::Itip | Scheme::Sscc | Scheme::Grai
    );
    Some(key.len() + 2 + usize::from(digit_in_front))
}

/// The scheme of a pattern and how many parts it has.
fn scheme_of(name: &str) -> Option<(Scheme, usize)> {
    Some(match name {
        "sgtin" => (Scheme::Sgtin, 3),
        "lgtin" => (Scheme::Lgtin, 3),
        "sscc" => (Scheme::Sscc, 2),
        "sgln" => (Scheme::Sgln, 3),
        "pgln" => (Scheme::Pgln, 2),
        "grai" => (Scheme::Grai, 3),
        "giai" => (Scheme::Giai, 2),
        "gsrn" => (Scheme::Gsrn, 2),
        "gsrnp" => (Scheme::Gsrnp, 2),
        "gdti" => (Scheme::Gdti, 3),
        "cpi" => (Scheme::Cpi, 3),
        "sgcn" => (Scheme::Sgcn, 3),
        "ginc" => (Scheme::Ginc, 2),
        "gsin" => (Scheme::Gsin, 2),
        "itip" => (Scheme::Itip, 5),
        "upui" => (Scheme::Upui, 3),
        "gid" => (Scheme::Gid, 3),
        "usdod" => (Scheme::Usdod, 2),
        "adi" => (Scheme::Adi, 3),
        _ => return None,
    })
}

fn instance_of_class(class: Scheme) -> Option<Scheme> {
    Some(match class {
        Scheme::SgtinClass => Scheme::Sgtin,
        Scheme::UpuiClass => Scheme::Upui,
        Scheme::GraiClass => Scheme::Grai,
        Scheme::GdtiClass => Scheme::Gdti,
        Scheme::SgcnClass => Scheme::Sgcn,
        Scheme::CpiClass => Scheme::Cpi,
        Scheme::ItipClass => Scheme::Itip,
        _ => return None,
    })
}

/// Tells whether a text has the form of an absolute URI (RFC 3986, section 4.3).
pub(super) fn is_absolute(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && !rest.bytes().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, uri: &str, expected: bool) {
        let epc = Epc::parse(uri);
        let covers = EpcPattern::parse(pattern).map(|pattern| pattern.covers(&epc, &epc.key()));
        assert_eq!(covers, Ok(expected), "{pattern} {uri}");
    }

    #[test]
    fn an_identifier_covers_its_spellings() {
        let item = "https://id.gs1.org/01/04012345123456/21/12";
        check("urn:epc:id:sgtin:4012345.012345.12", item, true);
        check(item, "urn:epc:id:sgtin:40123451.02345.12", true);
        check(item, "urn:epc:id:sgtin:401234512.0345.12", true);
        check("https://example.com/a/01/04012345123456/10/L/21/12?17=1", item, true);
        check("urn:epc:idpat:sgtin:4012345.012345.12", item, true);
        check("urn:epc:id:sgtin:4012345.012345.12", "urn:epc:id:sgtin:4012345.012345.012", false);
        check("urn:example:private", "urn:example:private", true);
        check("urn:epc:id:sgtin:malformed", "urn:epc:id:sgtin:malformed", true);
    }

    #[test]
    fn a_class_covers_its_instances_and_itself() {
        for class in ["urn:epc:idpat:sgtin:4012345.012345.*", "https://id.gs1.org/01/04012345123456"] {
            check(class, "urn:epc:id:sgtin:4012345.012345.12", true);
            check(class, "https://id.gs1.org/01/04012345123456/21/12", true);
            check(class, "urn:epc:idpat:sgtin:4012345.012345.*", true);
            check(class, "urn:epc:class:lgtin:4012345.012345.L1", false);
            check(class, "urn:epc:id:upui:4012345.012345.X", false);
            check(class, "urn:epc:id:sgtin:4012345.012346.12", false);
        }
        check("urn:epc:idpat:cpi:4012345.AB.*", "urn:epc:id:cpi:4012345.AB.1", true);
        check("urn:epc:idpat:cpi:4012345.AB.*", "urn:epc:id:cpi:4012345.ABC.1", false);
        check("urn:epc:idpat:grai:4012345.66666.*", "urn:epc:id:grai:4012345.66666.87", true);
    }

    #[test]
    fn wildcards_cover_by_key() {
        let item = "https://id.gs1.org/01/04012345123456/21/12";
        check("urn:epc:idpat:sgtin:4012345.*.*", item, true);
        check("urn:epc:idpat:sgtin:401234.*.*", item, true);
        check("urn:epc:idpat:sgtin:4012346.*.*", item, false);
        check("urn:epc:idpat:sgtin:*.*.*", item, true);
        check("urn:epc:idpat:sscc:*.*", item, false);
        check("urn:epc:idpat:sscc:4012345.*", "urn:epc:id:sscc:4012345.0000000333", true);
        check("urn:epc:idpat:sgln:4012345.00011.*", "urn:epc:id:sgln:4012345.00011.987", true);
        check("urn:epc:idpat:sgln:4012345.00011.*", "https://id.gs1.org/414/4012345000115", true);
        check("urn:epc:idpat:sgln:4012345.*.*", "https://id.gs1.org/414/4012345000115", true);
        check("urn:epc:idpat:grai:4012345.*.*", "urn:epc:id:grai:4012345.66666.87", true);
        check("urn:epc:idpat:giai:4012345.*", "urn:epc:id:giai:4012345.5678", true);
        check("urn:epc:idpat:itip:4012345.012345.*.*.*", "urn:epc:id:itip:4012345.012345.01.02.999", true);
        check("urn:epc:idpat:itip:4012345.012345.01.*.*", "urn:epc:id:itip:4012345.012345.01.02.999", true);
        check("urn:epc:idpat:itip:4012345.012345.02.*.*", "urn:epc:id:itip:4012345.012345.01.02.999", false);
        check("urn:epc:idpat:itip:4012345.012345.01.02.*", "urn:epc:id:itip:4012345.012345.01.02.999", true);
        check("urn:epc:idpat:gid:95.*.*", "urn:epc:id:gid:95.2.3", true);
        check("urn:epc:idpat:gid:95.2.*", "urn:epc:id:gid:95.22.3", false);
        for lots in ["urn:epc:idpat:lgtin:4054739.099914.*", "urn:epc:class:lgtin:4054739.099914.*"] {
            check(lots, "https://id.gs1.org/01/04054739999148/10/20160711", true);
            check(lots, "https://id.gs1.org/01/04054739999148", false);
        }
        check("urn:epc:idpat:lgtin:4054739.*.*", "urn:epc:class:lgtin:4054739.099914.L", true);
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        let fault = |text| EpcPattern::parse(text).unwrap_err();
        assert_eq!(fault("04012345123456"), PatternFault::NoUri);
        assert_eq!(fault("urn:epc:idpat:sgtin:*.012345.*"), PatternFault::Parts);
        assert_eq!(fault("urn:epc:idpat:sgtin:4012345.*"), PatternFault::Parts);
        assert_eq!(fault("urn:epc:idpat:bic:*"), PatternFault::Scheme);
        assert!(matches!(fault("urn:epc:idpat:sgtin:40.*.*"), PatternFault::Malformed(_)));
        assert!(matches!(fault("urn:epc:idpat:sgtin:4012345.1.*"), PatternFault::Malformed(_)));
        assert!(matches!(fault("urn:epc:idpat:sgtin:4012345.012345.é"), PatternFault::Malformed(_)));
    }
}
