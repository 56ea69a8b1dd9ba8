//! Identifiers in paths: decoded exactly once, from the request line as sent.

use actix_web::HttpRequest;

use crate::api::problem::Failure;
use crate::api::problem::Problem;

/// What follows `prefix` in the path as sent, percent-decoded once; `+` stands for itself, and a `/` that was not
/// escaped is kept, so that whole URIs may be written as they are.
pub fn identifier(request: &HttpRequest, prefix: &str) -> Result<String, Problem> {
    between(request, prefix, "")
}

/// What stands in the path as sent between a prefix and a suffix, as [`identifier`] reads it.
pub fn between(request: &HttpRequest, prefix: &str, suffix: &str) -> Result<String, Problem> {
    let path = request.uri().path();
    let from = path.find(prefix).map_or(path.len(), |at| at + prefix.len());
    let middle = path.get(from..).and_then(|rest| rest.strip_suffix(suffix)).unwrap_or_default();
    decode(middle).ok_or_else(|| {
        Problem::new(Failure::NoSuchName, "the identifier in the path is not percent-encoded UTF-8")
    })
}

/// Escapes everything that could end or divide a path segment; all but RFC 3986 unreserved characters.
pub fn encode(identifier: &str) -> String {
    let mut path = String::with_capacity(identifier.len() + 16);
    for byte in identifier.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte))
            }
            other => path += &format!("%{other:02X}"),
        }
    }
    path
}

/// Decodes percent-escapes once; `None` where one is broken or the bytes are not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? * 16 + hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn check(path: &str, expected: Option<&str>) {
        let request = TestRequest::with_uri(path).to_http_request();
        assert_eq!(identifier(&request, "/events/").ok().as_deref(), expected, "{path}");
    }

    #[test]
    fn decodes_once() {
        check("/epcis/events/urn:uuid:1", Some("urn:uuid:1"));
        check("/epcis/events/ni%3A%2F%2F%2Fsha-256%3Bab%3Fver%3DCBV2.0", Some("ni:///sha-256;ab?ver=CBV2.0"));
        check("/epcis/events/https://example.org/a+b", Some("https://example.org/a+b"));
        check("/epcis/events/a%252Fb", Some("a%2Fb"));
        check("/epcis/events/a%25b", Some("a%b"));
        check("/epcis/events/a%2", None);
        check("/epcis/events/a%FFb", None);
        check("/epcis/events/events/1", Some("events/1"));
    }

    #[test]
    fn encodes_what_it_decodes() {
        for text in ["ni:///sha-256;ab?ver=CBV2.0", "a/b%c+d e", "é"] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        }
    }
}
