//! GS1 Digital Link URIs: the same keys as web addresses (GS1 Digital Link URI Syntax; CBV 2.0, section 8).

use crate::gs1::Flaw;
use crate::gs1::Gtin;
use crate::gs1::Malformed;
use crate::gs1::application_identifier::Family;
use crate::gs1::application_identifier::family;
use crate::gs1::application_identifier::identifier;
use crate::gs1::check_digit;
use crate::gs1::percent;
use crate::gs1::reading::Digits;
use crate::gs1::reading::Reading;
use crate::gs1::scheme::Build;
use crate::gs1::scheme::Layout;
use crate::gs1::scheme::Scheme;
use crate::gs1::split;
use crate::gs1::urn;

/// The host of canonical Digital Links.
pub const CANONICAL_HOST: &str = "https://id.gs1.org";

/// More than any label carries; a longer list is an attack.
const MOST_ELEMENTS: usize = 64;

/// Appends the constrained canonical Digital Link that goes into an event hash (CBV 2.0, event hash ID):
/// canonical host, numeric identifiers, GTIN-14, the finest level, no query. Returns `false` and appends
/// nothing when the value is no well-formed GS1 identifier, which then stays as it is.
///
/// As in the reference implementation, a Digital Link with a wrong check digit is normalised all the same;
/// such a link has a [fault](crate::gs1::Epc::fault) and is its own identity, but its event has a hash.
/// Reserved characters of serial numbers are percent-encoded here as everywhere we write Digital Links
/// (table 7-1 of the syntax). OpenEPCIS copies them across as they stood; both decode to the same serial.
pub fn write_canonical_for_hash(value: &str, out: &mut String) -> bool {
    let reading = if value.starts_with("urn:") { read_urn(value) } else { read_unverified(value).ok() };
    let Some(reading) = reading else { return false };
    out.push_str(CANONICAL_HOST);
    reading.write_path(out)
}

/// Lists the application identifiers a Digital Link states, with their decoded values: the key, its
/// qualifiers, then the data attributes of the query string; a GTIN has 14 digits. Fails if there is no
/// key, or if an identifier has no value or two. Values other than the key's are not looked at.
pub fn elements(uri: &str) -> Result<Vec<(&str, String)>, Malformed> {
    let malformed = |flaw| Malformed::new(uri, flaw);
    let link = Link::split(uri).ok_or_else(|| malformed(Flaw::NoKey))?;
    let path = link.key_in_path().into_iter().flat_map(pairs);
    let mut found: Vec<(&str, String)> = Vec::new();
    for (name, value) in path.chain(link.parameters()) {
        let Some(name) = identifier(name) else { continue };
        if value.is_empty() || found.iter().any(|(other, _)| *other == name) {
            return Err(malformed(Flaw::Qualifier));
        }
        let value = percent::unescape(value);
        let gtin = (name == "01").then(|| Gtin::read(&value).map_err(malformed)).transpose()?;
        found.push((name, gtin.map_or(value, |gtin| gtin.to_string())));
        if found.len() > MOST_ELEMENTS {
            return Err(malformed(Flaw::Qualifier));
        }
    }
    if found.iter().any(|(name, _)| family(name).is_some()) { Ok(found) } else { Err(malformed(Flaw::NoKey)) }
}

/// What a Digital Link states in its path, from the key on, and in its query string: names and values as they stand there.
/// `None` where there is no web address, or no key in its path and anything else there.
pub(super) fn stated(uri: &str) -> Option<(Stated<'_>, Stated<'_>)> {
    let link = Link::split(uri)?;
    let path: Vec<_> = match link.key_in_path() {
        Some(path) if path.split('/').count().is_multiple_of(2) => pairs(path).take(MOST_ELEMENTS).collect(),
        None if matches!(link.path, "" | "/") => Vec::new(),
        _ => return None,
    };
    Some((path, link.parameters().take(MOST_ELEMENTS).collect()))
}

/// Names and values of a Digital Link.
type Stated<'a> = Vec<(&'a str, &'a str)>;

/// Why a web URI is not read as a Digital Link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing in it shows a GS1 key: a web address like any other.
    Other,
    /// A GS1 key with a flaw.
    Broken(Flaw),
}

impl Refusal {
    pub(super) fn flaw(self) -> Flaw {
        match self {
            Self::Other => Flaw::NoKey,
            Self::Broken(flaw) => flaw,
        }
    }
}

/// Reads a Digital Link on any host and below any path, with numeric identifiers or short names.
pub(super) fn read(uri: &str) -> Result<Reading<'_>, Refusal> {
    let reading = read_unverified(uri)?;
    match reading.scheme.layout() {
        Some(layout) if layout.build != Build::Free => {
            let key = reading.digits.as_bytes().get(..usize::from(layout.length)).unwrap_or_default();
            check_digit::check(key).map_err(Refusal::Broken)?;
        }
        _ => {}
    }
    Ok(reading)
}

fn read_urn(value: &str) -> Option<Reading<'_>> {
    let (scheme, body) = urn::classify(value)?;
    urn::read(scheme, body).ok()
}

/// Reads all of a Digital Link but its check digit.
fn read_unverified(uri: &str) -> Result<Reading<'_>, Refusal> {
    let link = Link::split(uri).ok_or(Refusal::Other)?;
    let canonical_host = link.host.eq_ignore_ascii_case("id.gs1.org");
    let read = match link.key_in_path() {
        Some(path) => read_pairs(pairs(path)).and_then(|reading| {
            if !link.query.is_empty() {
                let key = reading.scheme.layout().map_or("", |layout| layout.key);
                refuse_qualifiers(key, link.parameters())?;
            }
            Ok(reading)
        }),
        None if matches!(link.path, "" | "/") => read_parameters(&link),
        None if canonical_host => read_with_slashes(link.path),
        None => Err(Refusal::Other),
    };
    read.map_err(|refusal| if canonical_host { Refusal::Broken(refusal.flaw()) } else { refusal })
}

/// The parts of a web URI that matter here.
struct Link<'a> {
    host: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Link<'a> {
    fn split(uri: &'a str) -> Option<Self> {
        let behind = |scheme: &str| {
            let (start, rest) = uri.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        };
        let rest = behind("https://").or_else(|| behind("http://"))?;
        let rest = split::once(rest, b'#').map_or(rest, |(before, _)| before);
        let (place, query) = split::once(rest, b'?').unwrap_or((rest, ""));
        let (host, path) = place.split_at(place.bytes().position(|byte| byte == b'/').unwrap_or(place.len()));
        Some(Self { host, path, query })
    }

    /// Finds the part of the path that starts with a GS1 key, searching pairs of segments from the end, as
    /// any stem may stand before it.
    fn key_in_path(&self) -> Option<&'a str> {
        let mut before = self.path;
        // A key, three qualifiers and a few data attributes: more is no Digital Link.
        for _ in 0..12 {
            let (head, _value) = split::last(before, b'/')?;
            let (stem, name) = split::last(head, b'/')?;
            if family(identifier(name)?).is_some() {
                return self.path.get(stem.len() + 1..);
            }
            before = stem;
        }
        None
    }

    fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.query.split(['&', ';']).filter_map(|parameter| parameter.split_once('='))
    }
}

fn pairs(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let (name, behind) = split::once(rest.take()?, b'/')?;
        let (value, behind) =
            split::once(behind, b'/').map_or((behind, None), |(value, rest)| (value, Some(rest)));
        rest = behind;
        Some((name, value))
    })
}

fn read_pairs<'a>(mut pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Reading<'a>, Refusal> {
    let (name, value) = pairs.next().ok_or(Refusal::Other)?;
    let family = identifier(name).and_then(family).ok_or(Refusal::Other)?;
    let mut reading = read_key(&family, value)?;
    let mut rank = None;
    let mut seen = 0u8;
    for (name, value) in pairs {
        let name = identifier(name).unwrap_or_default();
        let place = family.qualifiers.iter().position(|(qualifier, _)| *qualifier == name);
        let place = place.filter(|place| seen & (1 << place) == 0);
        let Some(place) = place.filter(|_| !value.is_empty()) else {
            return Err(Refusal::Broken(Flaw::Qualifier));
        };
        seen |= 1 << place;
        let scheme = family.qualifiers.get(place).and_then(|(_, scheme)| *scheme);
        let finer = rank.is_none_or(|rank| place > rank);
        if let Some(scheme) = scheme.filter(|_| finer) {
            rank = Some(place);
            reading.scheme = scheme;
            reading.qualifier = value;
        }
    }
    finish(reading)
}

/// Reads a Digital Link of which all elements stand in the query string.
fn read_parameters<'a>(link: &Link<'a>) -> Result<Reading<'a>, Refusal> {
    let key = link.parameters().find(|(name, _)| identifier(name).and_then(family).is_some());
    let (name, value) = key.ok_or(Refusal::Other)?;
    let family = identifier(name).and_then(family).ok_or(Refusal::Other)?;
    let mut reading = read_key(&family, value)?;
    for (qualifier, scheme) in family.qualifiers {
        let stated = link.parameters().find(|(name, _)| identifier(name) == Some(qualifier));
        if let (Some(scheme), Some((_, value))) = (scheme, stated) {
            reading.scheme = *scheme;
            reading.qualifier = value;
        }
    }
    finish(reading)
}

/// Reads a path whose last value has slashes that should have been escaped, as OpenEPCIS writes them. Only
/// on GS1's own host, where nothing but keys can stand in a path.
fn read_with_slashes(path: &str) -> Result<Reading<'_>, Refusal> {
    let mut segments = path.get(1..).unwrap_or_default().splitn(3, '/');
    let (Some(key), Some(value), Some(rest)) = (segments.next(), segments.next(), segments.next()) else {
        return Err(Refusal::Other);
    };
    if rest.is_empty() || rest.ends_with('/') {
        return Err(Refusal::Other);
    }
    if let Some((qualifier, text)) = rest.split_once('/')
        && identifier(qualifier).is_some()
    {
        return read_pairs([(key, value), (qualifier, text)].into_iter());
    }
    let start = key.len() + 2;
    read_pairs(std::iter::once((key, path.get(start..).unwrap_or_default())))
}

fn refuse_qualifiers<'a>(
    key: &str,
    mut parameters: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Refusal> {
    let Some(family) = family(key) else { return Ok(()) };
    let is_qualifier =
        |name| identifier(name).is_some_and(|name| family.qualifiers.iter().any(|(own, _)| *own == name));
    match parameters.any(|(name, _)| is_qualifier(name)) {
        true => Err(Refusal::Broken(Flaw::QualifierInQuery)),
        false => Ok(()),
    }
}

fn finish(mut reading: Reading<'_>) -> Result<Reading<'_>, Refusal> {
    if let Some((_, form)) = reading.scheme.layout().and_then(|layout| layout.qualifier)
        && !(reading.scheme == Scheme::Sgln && reading.qualifier.is_empty())
    {
        urn::check_text(reading.qualifier, form.characters, 1, form.most).map_err(Refusal::Broken)?;
    }
    reading.qualifier = urn::without_default_extension(reading.scheme, reading.qualifier);
    Ok(reading)
}

/// Reads the value of a key. Only what has the length of its key shows that a GS1 key was meant.
fn read_key<'a>(family: &Family, value: &'a str) -> Result<Reading<'a>, Refusal> {
    let scheme = family.plain;
    let layout = scheme.layout().ok_or(Refusal::Other)?;
    let mut reading =
        Reading { scheme, digits: Digits::default(), tail: "", qualifier: "", prefix_length: 0 };
    if layout.build == Build::Free {
        return read_free(layout, value, reading);
    }
    let length = usize::from(layout.length + layout.pieces);
    let digits = if family.tailed.is_some() {
        let (digits, tail) = value.split_at_checked(length).ok_or(Refusal::Other)?;
        reading.tail = tail;
        digits
    } else {
        value
    };
    if layout.key == "01" && matches!(digits.len(), 8 | 12 | 13) {
        reading
            .digits
            .push("000000".get(..14 - digits.len()).unwrap_or_default())
            .map_err(Refusal::Broken)?;
    } else if digits.len() != length {
        return Err(Refusal::Other);
    }
    reading.digits.push(digits).map_err(|_| Refusal::Other)?;
    if layout.build == Build::Zero && !digits.starts_with('0') {
        return Err(Refusal::Other);
    }
    if let (Some(tailed), false) = (family.tailed, reading.tail.is_empty()) {
        reading.scheme = tailed;
        if let Some(form) = tailed.layout().and_then(|layout| layout.tail) {
            urn::check_text(reading.tail, form.characters, 1, form.most).map_err(Refusal::Broken)?;
        }
    }
    Ok(reading)
}

fn read_free<'a>(layout: &Layout, value: &'a str, mut reading: Reading<'a>) -> Result<Reading<'a>, Refusal> {
    // Every company prefix has at least six digits, which tells such a key from other web addresses.
    if value.bytes().take_while(u8::is_ascii_digit).count() < 6 {
        return Err(Refusal::Other);
    }
    if let Some(form) = layout.tail {
        urn::check_text(value, form.characters, 1, form.most).map_err(Refusal::Broken)?;
    }
    reading.tail = value;
    Ok(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<&str>) {
        let mut out = String::from("epc=");
        let written = write_canonical_for_hash(input, &mut out);
        assert_eq!(
            written.then_some(out.as_str()),
            expected.map(|link| format!("epc={link}")).as_deref(),
            "{input}"
        );
        assert!(written || out == "epc=", "{input}");
    }

    #[test]
    fn the_hash_takes_one_form() {
        let canonical = Some("https://id.gs1.org/01/04012345123456/21/12");
        check("urn:epc:id:sgtin:4012345.012345.12", canonical);
        check("http://example.com/gtin/4012345123456/lot/A/ser/12?x=y", canonical);
        check("https://id.gs1.org/party/4012345002256", Some("https://id.gs1.org/417/4012345002256"));
        check("https://id.gs1.org/01/04012345123457", Some("https://id.gs1.org/01/04012345123457"));
        check("https://id.gs1.org/414/4012345000115/254/0", Some("https://id.gs1.org/414/4012345000115"));
    }

    #[test]
    fn the_hash_leaves_other_texts_alone() {
        for text in [
            "",
            "urn:epc:",
            "urn:epc:id:sgtin:1.2.3",
            "http://example.com/01/97803",
            "https://",
            "Hello World!",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn slashes_in_a_last_value_are_read_on_the_canonical_host_only() {
        check(
            "https://id.gs1.org/01/04012345123456/21/A/B",
            Some("https://id.gs1.org/01/04012345123456/21/A%2FB"),
        );
        check("https://id.gs1.org/8010/4012345P/1", Some("https://id.gs1.org/8010/4012345P%2F1"));
        check("https://id.gs1.org/01/04012345123456/21/A/B/", None);
        check("https://example.com/01/04012345123456/21/A/B", None);
    }

    #[test]
    fn elements_are_listed_once() {
        let found =
            elements("https://example.com/gtin/614141123452/lot/L%2F1?exp=261231&linkType=all").unwrap();
        let expected = [("01", "00614141123452"), ("10", "L/1"), ("17", "261231")];
        assert!(found.iter().map(|(name, value)| (*name, value.as_str())).eq(expected), "{found:?}");
        for wrong in [
            "https://example.com/",
            "https://example.com/01/00614141123452?17=1&17=2",
            "https://example.com/01/00614141123452?17=",
            "https://example.com/01/00614141123453",
            "urn:epc:id:sgtin:4012345.012345.12",
        ] {
            assert!(elements(wrong).is_err(), "{wrong}");
        }
    }
}
