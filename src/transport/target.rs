//! What a URL must be to be called.

use std::net::IpAddr;

use reqwest::Url;

use crate::transport::OutboundError;
use crate::transport::Settings;
use crate::transport::address;
use crate::transport::address::Reach;

/// The longest URL that is called, in bytes.
const LONGEST: usize = 8_192;

/// The URL, in its normal form, where it is one that may be called: `https`, no user or password, a port of the list, and
/// no literal address of a network that is not public. Decimal, octal and hexadecimal addresses are judged as what they
/// are; a name is judged again by what it resolves to.
///
/// Fails with [`OutboundError::Refused`], or [`OutboundError::Address`] for a literal address.
pub(super) fn checked(text: &str, settings: &Settings) -> Result<Url, OutboundError> {
    let refused = |why: String| Err(OutboundError::Refused(why));
    if text.len() > LONGEST {
        return refused(format!("the URL is longer than {LONGEST} bytes"));
    }
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return refused(format!("{text:?} is no URL: {error}")),
    };
    if url.scheme() != "https" {
        return refused(format!("{}: only https is called", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("a URL with a user or a password is not called".to_owned());
    }
    url.set_fragment(None);
    let Some(host) = url.host_str().map(str::to_owned) else {
        return refused(format!("{text:?} names no host"));
    };
    let reach = Reach { loopback: settings.allow_loopback, private: false };
    let here = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => {
            if let Some(why) = address::forbidden(address, reach) {
                return Err(OutboundError::Address { host, address, why });
            }
            address.is_loopback()
        }
        Err(_) => {
            let name = host.trim_end_matches('.');
            if url.set_host(Some(name)).is_err() {
                return refused(format!("{host:?} is no name of a host"));
            }
            name == "localhost"
        }
    };
    let port = url.port_or_known_default().unwrap_or_default();
    if !(settings.ports.contains(&port) || settings.allow_loopback && here) {
        return refused(format!("port {port} is not one of outbound.ports {:?}", settings.ports));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(url: &str, settings: &Settings) -> String {
        match checked(url, settings) {
            Ok(url) => url.to_string(),
            Err(error) => error.to_string(),
        }
    }

    fn check(url: &str, expected: &str) {
        let said = judged(url, &Settings::default());
        assert!(said.contains(expected), "{url}: {said}");
    }

    #[test]
    fn what_may_be_called_is_called_in_its_normal_form() {
        check("https://vrs.example.com", "https://vrs.example.com/");
        check("HTTPS://VRS.Example.com.:8443/a?b#c", "https://vrs.example.com:8443/a?b");
        check("https://vrs.example.com:443/%2F", "https://vrs.example.com/%2F");
        check("https://1.1.1.1/", "https://1.1.1.1/");
        check("https://b\u{fc}cher.example/", "https://xn--bcher-kva.example/");
    }

    #[test]
    fn literal_addresses_are_judged_in_whatever_form() {
        for loopback in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "127。0。0。1",
            "127．0．0．1",
            "①②⑦.0.0.1",
            "%31%32%37.0.0.1",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
        ] {
            check(&format!("https://{loopback}/"), "a loopback address");
        }
        for (host, why) in [
            ("0", "no host"),
            ("0.0.0.0", "no host"),
            ("[::]", "no host"),
            ("10.1.2.3", "private"),
            ("172.16.0.1", "private"),
            ("192.168.1.1", "private"),
            ("0xc0a80101", "private"),
            ("[fc00::1]", "private"),
            ("100.64.0.1", "carrier"),
            ("169.254.169.254", "link-local"),
            ("2852039166", "link-local"),
            ("[fe80::1]", "link-local"),
            ("[::ffff:127.0.0.1]", "disguise"),
            ("[::ffff:7f00:1]", "disguise"),
            ("[64:ff9b::a9fe:a9fe]", "disguise"),
            ("224.0.0.1", "multicast"),
            ("[ff02::1]", "multicast"),
            ("255.255.255.255", "reserved"),
        ] {
            check(&format!("https://{host}/"), why);
        }
    }

    #[test]
    fn other_urls_are_refused_in_words() {
        check("http://vrs.example.com/", "only https");
        check("file:///etc/passwd", "only https");
        check("gopher://vrs.example.com/", "only https");
        check("https://me@vrs.example.com/", "a user");
        check("https://:secret@vrs.example.com/", "a password");
        check("https://vrs.example.com@10.0.0.1/", "a user");
        check("https://vrs.example.com:22/", "port 22");
        check("https://[fe80::1%25eth0]/", "no URL");
        check("https:///", "no URL");
        check("https://256.1.1.1/", "no URL");
        check("https://a b/", "no URL");
        check("vrs.example.com", "no URL");
        check("https://./", "no");
        check(&format!("https://vrs.example.com/{}", "a".repeat(LONGEST)), "longer than");
    }

    #[test]
    fn a_test_may_call_its_own_machine_on_any_port() {
        let settings = Settings { allow_loopback: true, ..Settings::default() };
        for (url, called) in [
            ("https://127.0.0.1:9/", true),
            ("https://[::1]:9/", true),
            ("https://localhost.:9/", true),
            ("http://127.0.0.1:9/", false),
            ("https://10.0.0.1/", false),
            ("https://vrs.example.com:9/", false),
        ] {
            assert_eq!(checked(url, &settings).is_ok(), called, "{url}");
        }
        assert!(judged("https://localhost:9/", &Settings::default()).contains("port 9"));
    }
}
