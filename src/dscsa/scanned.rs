//! What was scanned or typed at a counter, a National Drug Code included.

use crate::dscsa::Ndc;
use crate::gs1::Gtin;
use crate::gs1::Scan;
use crate::gs1::ScanFault;

/// Characters that an NDC has at most, hyphens included.
const MOST_OF_NDC: usize = 16;

/// Reads each label of a text as [`Scan::parse_each`] does, and a text that is an NDC as the saleable unit whose GTIN is built
/// on it, where its digits tell one alone.
pub fn read_scans(text: &str) -> Vec<Result<Scan, ScanFault>> {
    let found = Scan::parse_each(text);
    match (found.as_slice(), text.trim()) {
        ([Err(_)], number) if number.len() <= MOST_OF_NDC => match of_ndc(number) {
            Some(scan) => vec![scan],
            None => found,
        },
        _ => found,
    }
}

/// The product that an NDC names; `None` where the text is none, or no GTIN can be built on it.
fn of_ndc(number: &str) -> Option<Result<Scan, ScanFault>> {
    let mut gtins: Vec<Gtin> = Vec::new();
    for ndc in Ndc::candidates(number).ok()? {
        for format in ndc.possible_formats() {
            gtins.extend(Ndc::from_key(ndc.key(), Some(format)).and_then(|ndc| ndc.gtin(0)));
        }
    }
    gtins.sort_unstable();
    gtins.dedup();
    match gtins.as_slice() {
        [] => None,
        [gtin] => Some(Ok(Scan::of_gtin(*gtin))),
        several => Some(Err(ScanFault::SeveralProducts(several.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, ScanFault>) {
        let mut found = read_scans(text);
        let found = found.pop().unwrap().map(|scan| scan.epc().key());
        assert_eq!(found, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn an_ndc_names_a_saleable_unit() {
        check("0001-0123-45", Ok("/01/00300010123455"));
        check(" 0001012345\r\n", Ok("/01/00300010123455"));
        check("52999-0101-30", Ok("/01/00352999101306"));
        check("00001-0123-45", Err(ScanFault::SeveralProducts(2)));
        check("(01)00300010123455(21)A", Ok("/01/00300010123455/21/A"));
        check("hello", Err(ScanFault::NotGs1("hello".into())));
    }
}
