//! No text of a scan makes the reader fail, and none makes it slow.

use std::time::Duration;
use std::time::Instant;

use epcgate::dscsa::read_scans;
use epcgate::gs1::Check;
use epcgate::gs1::ElementString;
use epcgate::gs1::Scan;
use epcgate::gs1::Transmission;
use proptest::prelude::*;

/// What scans are made of, and what breaks them.
const PIECES: [&str; 48] = [
    "01",
    "00",
    "21",
    "10",
    "17",
    "8006",
    "8030",
    "4309",
    "00300010123455",
    "00300010123462",
    "006141411234567890",
    "271231",
    "270200",
    "A1",
    "l",
    "Z-y/",
    "\u{1d}",
    "^]",
    "^",
    "|",
    "{GS}",
    "<GS>",
    "]d2",
    "]D2",
    "]E0",
    "]e0",
    "]C1",
    "]",
    "(01)",
    "(21)",
    "(",
    ")",
    "https://a/",
    "HTTP://",
    "urn:epc:id:sgtin:",
    "URN:EPC:",
    "/01/",
    "/gtin/",
    "?17=",
    "&",
    "%2F",
    "%",
    "\r\n",
    "\t",
    "é\"'(-è",
    "ß",
    "\u{feff}",
    "😀",
];

/// Everything that reads a scan, and how long it took.
fn read_all(text: &str) -> Duration {
    let began = Instant::now();
    for scan in read_scans(text).into_iter().flatten().chain(Scan::mended(text)) {
        assert!(!scan.epc().key().is_empty());
        let _ = (scan.diagnoses(), scan.is_doubtful(), scan.elements().to_link("https://a"));
    }
    let _ =
        (ElementString::parse_tolerantly(text), ElementString::parse_link(text), Transmission::parse(text));
    began.elapsed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn pieces_of_scans_in_any_order_are_read_or_refused(
        places in prop::collection::vec(0..PIECES.len(), 0..40)
    ) {
        let text: String = places.iter().map(|place| PIECES[*place]).collect();
        prop_assert!(read_all(&text) < Duration::from_secs(5), "{text}");
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        read_all(&text);
        for name in ["csumalpha", "iban", "couponcode", "couponposoffer", "pieceoftotal", "pcenc", "hhmi", "yymmdd", "cset64"] {
            let _ = Check::parse(name).map(|check| check.judge(&text));
        }
    }
}

#[test]
fn long_texts_are_answered_at_once() {
    for piece in PIECES.iter().chain(&["0100300010123455", "10A", "21A17271231", "01003000101234552"]) {
        for bytes in [400, 4_000, 1 << 20] {
            let text = piece.repeat(bytes / piece.len());
            let took = read_all(&text);
            assert!(took < Duration::from_secs(10), "{piece} in {bytes} bytes took {took:?}");
        }
    }
}
