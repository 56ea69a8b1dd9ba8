//! The `Accept` header: which of the media types we serve a client takes, and which it prefers (RFC 9110 §12.5.1).

use std::cmp::Reverse;

use actix_web::http::header::ACCEPT;
use actix_web::http::header::HeaderMap;

/// The media types served, the one preferred first.
const OFFERS: [(&str, &str, bool); 4] = [
    ("application", "json", true),
    ("application", "ld+json", true),
    ("application", "xml", false),
    ("text", "xml", false),
];

/// The media type of an answer that is small and has no EPCIS version: a job, a listing. `None` is not acceptable.
pub fn plain(headers: &HeaderMap) -> Option<&'static str> {
    accepted_media(headers).into_iter().next().map(|(_, media_type)| media_type)
}

/// True where an error should be XML: the client names it, or prefers XML to JSON.
pub fn prefers_xml(headers: &HeaderMap) -> bool {
    let named = |name: &str| {
        headers.get_all(ACCEPT).any(|value| value.to_str().is_ok_and(|value| value.contains(name)))
    };
    match (named("application/problem+xml"), named("application/problem+json")) {
        (true, false) => true,
        (false, true) => false,
        _ => accepted_media(headers).first().is_some_and(|(json, _)| !json),
    }
}

/// The media types both sides take, as (JSON, media type), the client's preference first.
pub fn accepted_media(headers: &HeaderMap) -> Vec<(bool, &'static str)> {
    let ranges = ranges(headers);
    let mut accepted: Vec<(u16, bool, &'static str)> = OFFERS
        .iter()
        .map(|(kind, subtype, json)| (quality(&ranges, kind, subtype), *json, media_type(kind, subtype)))
        .filter(|(quality, ..)| *quality > 0)
        .collect();
    accepted.sort_by_key(|(quality, ..)| Reverse(*quality));
    accepted.into_iter().map(|(_, json, media_type)| (json, media_type)).collect()
}

/// The one of these media types that the client prefers; of several it likes as much, the first. `None` is not acceptable.
pub fn preferred(headers: &HeaderMap, offers: &[&'static str]) -> Option<&'static str> {
    let ranges = ranges(headers);
    let liked = offers.iter().filter_map(|offer| {
        let (kind, subtype) = offer.split_once('/')?;
        Some((quality(&ranges, kind, subtype), *offer)).filter(|(quality, _)| *quality > 0)
    });
    liked.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, offer)| offer)
}

fn ranges(headers: &HeaderMap) -> Vec<Range<'_>> {
    headers
        .get_all(ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(Range::parse)
        .take(100)
        .collect()
}

/// How much a client likes a media type, in thousandths; one that says nothing takes all.
fn quality(ranges: &[Range<'_>], kind: &str, subtype: &str) -> u16 {
    if ranges.is_empty() {
        return 1_000;
    }
    let matching = ranges.iter().filter(|range| range.takes(kind, subtype));
    matching.max_by_key(|range| range.precision()).map_or(0, |range| range.quality)
}

fn media_type(kind: &str, subtype: &str) -> &'static str {
    match (kind, subtype) {
        ("application", "json") => "application/json",
        ("application", "ld+json") => "application/ld+json",
        ("text", _) => "text/xml",
        _ => "application/xml",
    }
}

/// One range of an `Accept` header (RFC 9110 §12.5.1), its quality in thousandths.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Range<'a>> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let weight = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
        });
        let quality = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        (0.0..=1.0).contains(&quality).then_some(Range { kind, subtype, quality: (quality * 1_000.0) as u16 })
    }

    fn takes(&self, kind: &str, subtype: &str) -> bool {
        let fits = |range: &str, offer: &str| range == "*" || range.eq_ignore_ascii_case(offer);
        fits(self.kind, kind) && fits(self.subtype, subtype)
    }

    fn precision(&self) -> u8 {
        u8::from(self.kind != "*") + u8::from(self.subtype != "*")
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(accept: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.append(ACCEPT, HeaderValue::from_str(accept).unwrap());
        map
    }

    #[test]
    fn errors_are_xml_for_those_who_ask() {
        assert!(!prefers_xml(&HeaderMap::new()));
        assert!(prefers_xml(&headers("application/xml, */*;q=0.1")));
        assert!(prefers_xml(&headers("application/json, application/problem+xml")));
        assert!(!prefers_xml(&headers("application/xml, application/problem+json")));
    }

    #[test]
    fn the_most_precise_range_has_the_say() {
        let first = |accept: &str| plain(&headers(accept));
        assert_eq!(first("*/*;q=0.1, text/*;q=0.2, text/xml;q=0"), Some("application/json"));
        assert_eq!(first("application/xml;q=0.3, application/*;q=0.2"), Some("application/xml"));
        assert_eq!(first("application/xml;q=2"), Some("application/json"));
        assert_eq!(first("nonsense"), Some("application/json"));
        assert_eq!(first("text/html"), None);
    }

    #[test]
    fn other_media_types_are_chosen_alike() {
        let choose = |accept: &str| preferred(&headers(accept), &["application/json", "image/svg+xml"]);
        assert_eq!(choose("*/*"), Some("application/json"));
        assert_eq!(choose("image/*, */*;q=0.5"), Some("image/svg+xml"));
        assert_eq!(choose("text/plain"), None);
        assert_eq!(preferred(&HeaderMap::new(), &["text/html"]), Some("text/html"));
    }
}
