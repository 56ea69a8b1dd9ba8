//! What the JSON schema's format `uri` takes: an absolute URI by every letter of RFC 3986.

/// True for a URI with a scheme, whose every character stands where it may.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    if !is_scheme(scheme) {
        return false;
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
    let behind = |byte| is_path(byte) || byte == b'?';
    if !made_of(fragment, behind) || !made_of(query, behind) {
        return false;
    }
    match hierarchy.strip_prefix("//") {
        None => made_of(hierarchy, is_path),
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            is_authority(authority) && made_of(path, is_path)
        }
    }
}

/// True for the scheme of a URI.
pub(super) fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn is_authority(authority: &str) -> bool {
    let (user, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    if !made_of(user, |byte| is_host(byte) || byte == b':') {
        return false;
    }
    if let Some(literal) = place.strip_prefix('[') {
        let Some((address, port)) = literal.split_once(']') else { return false };
        return address.parse::<std::net::Ipv6Addr>().is_ok()
            && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = place.split_once(':').unwrap_or((place, ""));
    made_of(host, is_host) && is_port(port)
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

fn is_path(byte: u8) -> bool {
    is_host(byte) || matches!(byte, b':' | b'@' | b'/')
}

/// True for a text of allowed characters and percent escapes.
fn made_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%' {
            let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
            if digits.len() != 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
                return false;
            }
            at += 3;
        } else if allowed(*byte) {
            at += 1;
        } else {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(is_uri(text), expected, "{text}");
    }

    #[test]
    fn knows_uris() {
        for text in [
            "urn:epc:id:sgtin:0614141.107346.2017",
            "https://id.gs1.org/01/09521141012345/21/2017?a=b#c",
            "ni:///sha-256;0bf4?ver=CBV2.0",
            "urn:epc:id:sgtin:1.2.%2F%2f",
            "http://user:x@[::1]:80/a",
            "urn:epc:idpat:sgtin:4012345.066666.*",
            "example:batch",
        ] {
            check(text, true);
        }
        for text in [
            "",
            "_:document1",
            "word",
            "urn:a b",
            "urn:a%2",
            "http://a:b/c",
            "urn:a#b#c",
            "urn:é",
            "1a:b",
            "urn:a[b",
            "http://[zz]/",
        ] {
            check(text, false);
        }
    }
}
