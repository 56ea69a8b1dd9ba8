//! Which addresses are called: those of the public internet (IANA's special-purpose registries, RFC 6890), and no others.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// A private network (RFC 1918, RFC 4193).
const PRIVATE: &str = "a private address";

/// What may be called besides the public internet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    /// This machine itself.
    pub(super) loopback: bool,
    /// Private networks.
    pub(super) private: bool,
}

/// Why an address is not called; `None` for one that may be.
pub(super) fn forbidden(address: IpAddr, reach: Reach) -> Option<&'static str> {
    if reach.loopback && address.is_loopback() {
        return None;
    }
    let why = match address {
        IpAddr::V4(address) => forbidden_v4(address),
        IpAddr::V6(address) => forbidden_v6(address),
    };
    why.filter(|why| !(reach.private && *why == PRIVATE))
}

fn forbidden_v4(address: Ipv4Addr) -> Option<&'static str> {
    let why = match address.octets() {
        [0, ..] => "an address of no host",
        [127, ..] => "a loopback address",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => PRIVATE,
        [100, 64..=127, ..] => "an address shared by a carrier's customers",
        [169, 254, ..] => "a link-local address",
        [192, 0, 0, _] | [192, 88, 99, _] => "an address kept for protocols",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "an address for documentation",
        [198, 18..=19, ..] => "an address for benchmarks",
        [224..=239, ..] => "a multicast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    };
    Some(why)
}

fn forbidden_v6(address: Ipv6Addr) -> Option<&'static str> {
    let why = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => "an address of no host",
        [0, 0, 0, 0, 0, 0, 0, 1] => "a loopback address",
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, ..] => "an IPv4 address in disguise",
        [0x2002, ..] | [0x2001, 0, ..] => "an IPv4 address in a tunnel",
        [0x2001, 0..=0x1ff, ..] => "an address kept for protocols",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "an address for documentation",
        [0xfc00..=0xfdff, ..] => PRIVATE,
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xff00..=0xffff, ..] => "a multicast address",
        [0x2000..=0x3fff, ..] => return None,
        _ => "a reserved address",
    };
    Some(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, word: Option<&str>) {
        let why = forbidden(address.parse().unwrap(), Reach::default());
        match word {
            None => assert_eq!(why, None, "{address}"),
            Some(word) => assert!(why.is_some_and(|why| why.contains(word)), "{address}: {why:?}"),
        }
    }

    #[test]
    fn only_the_public_internet_is_called() {
        for (addresses, word) in [
            ("127.0.0.1 127.255.255.255 ::1", "loopback"),
            ("0.0.0.0 0.1.2.3 ::", "no host"),
            ("10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255", "private"),
            ("fc00::1 fdff::1", "private"),
            ("100.64.0.1 100.127.255.255", "carrier"),
            ("169.254.0.1 169.254.169.254 fe80::1 febf::1", "link-local"),
            ("::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1", "disguise"),
            ("2002:7f00:1::1 2001::1 2001:0:4136:e378::1", "tunnel"),
            ("224.0.0.1 239.255.255.255 ff02::1", "multicast"),
            ("240.0.0.1 255.255.255.255 ::2 ::127.0.0.1 100::1 4000::1 fec0::1 5f00::1", "reserved"),
            ("192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1", "documentation"),
            ("192.0.0.1 192.0.0.170 192.88.99.1 2001:20::1 2001:1ff::1", "protocols"),
            ("198.18.0.1 198.19.255.255", "benchmarks"),
        ] {
            addresses.split(' ').for_each(|address| check(address, Some(word)));
        }
    }

    #[test]
    fn the_public_internet_is_called() {
        let public = "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.0.1 \
                      172.15.255.255 172.32.0.0 192.0.1.1 192.167.0.1 192.169.0.1 198.17.0.1 198.20.0.1 223.255.255.255 \
                      2001:200::1 2606:4700::1111 2a00:1450::1 3ffe::1";
        public.split_whitespace().for_each(|address| check(address, None));
    }

    #[test]
    fn private_networks_are_called_where_they_are_allowed_and_nothing_else_then() {
        let reach = Reach { loopback: false, private: true };
        for (address, called) in [
            ("10.0.0.1", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("fd00::1", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(forbidden(address.parse().unwrap(), reach).is_none(), called, "{address}");
        }
    }

    #[test]
    fn loopback_is_called_where_it_is_allowed_and_nothing_else_then() {
        let reach = Reach { loopback: true, private: false };
        for (address, called) in
            [("127.0.0.1", true), ("::1", true), ("10.0.0.1", false), ("::ffff:127.0.0.1", false)]
        {
            assert_eq!(forbidden(address.parse().unwrap(), reach).is_none(), called, "{address}");
        }
    }
}
