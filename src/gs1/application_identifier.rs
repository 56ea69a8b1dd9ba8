//! Application identifiers of Digital Links: keys, their qualifiers and short names (GS1 Digital Link URI
//! Syntax; the subset CBV 2.0 allows in EPCIS).

use crate::gs1::Scheme;

/// A key and what belongs to it: the scheme without qualifier, and the scheme each qualifier makes; those
/// without a scheme are finer than an EPC or beside it, and left out.
pub(super) struct Family {
    pub(super) plain: Scheme,
    /// The scheme when a serial number follows within the key.
    pub(super) tailed: Option<Scheme>,
    pub(super) qualifiers: &'static [(&'static str, Option<Scheme>)],
}

/// Finds the family of a key by its application identifier.
pub(super) fn family(key: &str) -> Option<Family> {
    let bare = |plain| Family { plain, tailed: None, qualifiers: &[] };
    Some(match key {
        "01" => Family {
            qualifiers: &[
                ("22", None),
                ("10", Some(Scheme::Lgtin)),
                ("21", Some(Scheme::Sgtin)),
                ("235", Some(Scheme::Upui)),
            ],
            ..bare(Scheme::SgtinClass)
        },
        "00" => bare(Scheme::Sscc),
        "414" => Family { qualifiers: &[("254", Some(Scheme::Sgln)), ("7040", None)], ..bare(Scheme::Sgln) },
        "417" => Family { qualifiers: &[("7040", None)], ..bare(Scheme::Pgln) },
        "253" => Family { tailed: Some(Scheme::Gdti), ..bare(Scheme::GdtiClass) },
        "255" => Family { tailed: Some(Scheme::Sgcn), ..bare(Scheme::SgcnClass) },
        "401" => bare(Scheme::Ginc),
        "402" => bare(Scheme::Gsin),
        "8003" => Family { tailed: Some(Scheme::Grai), ..bare(Scheme::GraiClass) },
        "8004" => Family { qualifiers: &[("7040", None)], ..bare(Scheme::Giai) },
        "8006" => Family {
            qualifiers: &[("22", None), ("10", Some(Scheme::ItipLot)), ("21", Some(Scheme::Itip))],
            ..bare(Scheme::ItipClass)
        },
        "8010" => Family { qualifiers: &[("8011", Some(Scheme::Cpi))], ..bare(Scheme::CpiClass) },
        "8017" => Family { qualifiers: &[("8019", None)], ..bare(Scheme::Gsrnp) },
        "8018" => Family { qualifiers: &[("8019", None)], ..bare(Scheme::Gsrn) },
        _ => return None,
    })
}

/// Gives the application identifier of a path segment or parameter name: digits, or one of the short names.
pub(super) fn identifier(name: &str) -> Option<&str> {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        let numeric = (2..=4).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit());
        return numeric.then_some(name);
    }
    Some(match name {
        "gtin" => "01",
        "sscc" => "00",
        "gln" => "414",
        "party" => "417",
        "gdti" => "253",
        "gcn" => "255",
        "ginc" => "401",
        "gsin" => "402",
        "grai" => "8003",
        "giai" => "8004",
        "itip" => "8006",
        "cpid" => "8010",
        "gsrnp" => "8017",
        "gsrn" => "8018",
        "cpv" => "22",
        "lot" => "10",
        "ser" => "21",
        "tpx" => "235",
        "glnx" => "254",
        "cpsn" => "8011",
        "srin" => "8019",
        "exp" => "17",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(identifier(name), expected, "{name}");
    }

    #[test]
    fn names_become_numbers() {
        check("gtin", Some("01"));
        check("ser", Some("21"));
        check("8003", Some("8003"));
        check("1", None);
        check("01234", None);
        check("0x", None);
        check("page", None);
        check("", None);
    }

    #[test]
    fn each_scheme_of_a_family_has_the_identifiers_it_is_found_by() {
        for key in [
            "01", "00", "414", "417", "253", "255", "401", "402", "8003", "8004", "8006", "8010", "8017",
            "8018",
        ] {
            let family = family(key).unwrap();
            let schemes = family.qualifiers.iter().filter_map(|(name, scheme)| Some((*name, (*scheme)?)));
            for (name, scheme) in schemes {
                assert_eq!(scheme.application_identifiers(), Some(format!("{key}/{name}")));
            }
            for scheme in [Some(family.plain), family.tailed].into_iter().flatten() {
                assert!(scheme.application_identifiers().unwrap().starts_with(key), "{scheme:?}");
            }
        }
    }
}
