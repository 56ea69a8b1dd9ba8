use super::*;

const KEY: &str = "/01/00300010123455/21/A1";

fn check(text: &str, key: &str, lot: Option<&str>, expiry: Option<&str>) {
    let scan = Scan::parse(text).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
    let found = (scan.epc().key(), scan.lot.as_deref(), scan.expiry.as_ref().map(ScannedDate::as_str));
    assert_eq!(found, (key.to_owned(), lot, expiry), "{text:?}");
}

#[test]
fn every_spelling_names_the_same_item() {
    for text in [
        "010030001012345521A1\u{1d}17271200\u{1d}10L1",
        "]d2010030001012345521A1\u{1d}1727120010L1\r\n",
        "]d2\u{1d}010030001012345521A1^]1727120010L1",
        "010030001012345521A1{GS}1727120010L1",
        "010030001012345521A1<GS>1727120010L1",
        "010030001012345521A1|1727120010L1|",
        "010030001012345521A1\u{241d}1727120010L1",
        "]C1010030001012345510L1\\x1d1727120021A1",
        "]D2010030001012345521a1\u{1d}1727120010l1",
        "(01)00300010123455(21)A1(17)271200(10)L1",
        "https://id.gs1.org/01/00300010123455/10/L1/21/A1?17=271200",
        "HTTPS://example.com/gtin/00300010123455/lot/L1/ser/A1?exp=271200",
        "01003000101234557150300010123\u{1d}21A1\u{1d}1727120010L1",
    ] {
        check(text, KEY, Some("L1"), Some("271200"));
    }
    check("urn:epc:id:sgtin:030001.0012345.A1", KEY, None, None);
    check("21A/%1\u{1d}0100300010123455", "/01/00300010123455/21/A%2F%251", None, None);
}

#[test]
fn units_and_trade_items_are_read() {
    check("00006141411234567890", "/00/006141411234567890", None, None);
    check("]C100006141411234567890", "/00/006141411234567890", None, None);
    check("006141411234567890", "/00/006141411234567890", None, None);
    check("(00)006141411234567890(02)00300010123455(37)12", "/00/006141411234567890", None, None);
    check("300010123455", "/01/00300010123455", None, None);
    check("00300010123455", "/01/00300010123455", None, None);
    check("]E00300010123455", "/01/00300010123455", None, None);
    check("urn:epc:id:sscc:0614141.0123456789", "/00/006141411234567890", None, None);
}

#[test]
fn faults_say_what_to_do() {
    let told = |text: &str| Scan::parse(text).unwrap_err().to_string();
    assert_eq!(Scan::parse("]d2\r"), Err(ScanFault::Empty));
    assert!(told("010030001012345521ABCDEFGHIJ1727123110LOT1").contains("separator"));
    assert!(told("]d20100300010123456").contains("check digit"));
    assert!(told("10L1").contains("(01)"));
    assert!(told("à&àà(àààéà&é\"'((").contains("layout"));
    assert!(told("hello world").contains("square code"));
    assert!(told("300010123456").contains("check digit"));
    assert!(told("https://example.com/hello").contains("square code"));
    assert!(told("urn:epc:id:sgtin:0614141.1.2").contains("sgtin"));
    assert!(told("01003000101234550100300010123462").contains("Two labels"));
}

#[test]
fn mends_are_told() {
    let notices = |text: &str| Scan::parse(text).unwrap().notices;
    assert_eq!(notices("]D2010030001012345521a1"), [Notice::CapsLock]);
    assert_eq!(notices("]d1010030001012345521A1"), [Notice::NotMarked]);
    assert_eq!(notices("]d2010030001012345521A1"), []);
}

#[test]
fn lost_separators_are_put_back_in_every_way() {
    let keys = |text: &str| -> Vec<(String, Option<String>)> {
        let read = |scan: Scan| (scan.epc().key(), scan.lot.map(String::from));
        let put_back = |scan: &Scan| scan.notices.contains(&Notice::SeparatorPutBack);
        Scan::mended(text).into_iter().filter(put_back).map(read).collect()
    };
    let long = "/01/00300010123455/21/A117271231";
    let lot = Some("L1".to_owned());
    assert_eq!(
        keys("010030001012345521A11727123110L1"),
        [(KEY.to_owned(), lot.clone()), (long.to_owned(), lot)]
    );
    let several = keys("01003000101234551727123121A110B10C");
    assert_eq!(several.len(), 2, "{several:?}");
    assert_eq!(keys("010030001012345521A1"), []);
    assert_eq!(keys("https://id.gs1.org/01/00300010123455/21/A1"), []);
}

/// The key, what was noticed, how it came, and whether it is doubtful.
fn told(text: &str) -> (String, Vec<Notice>, Origin, bool) {
    let scan = Scan::parse(text).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
    (scan.epc().key(), scan.notices.clone(), scan.origin, scan.is_doubtful())
}

/// What a computer with this layout reads of a scanner that types as on a US keyboard.
fn typed(layout: Layout, text: &str) -> String {
    let keys = "&é\"'(-è_çà)=azertyuiop^$qsdfghjklmù*wxcvbn,;:!1234567890°+AZERTYUIOP¨£QSDFGHJKLM%µWXCVBN?./§ß´ü+#öäÜÖÄ`";
    let pressed = |letter: char| {
        let found = keys.chars().find(|key| layout.translated(&key.to_string()) == Some(letter.to_string()));
        found.unwrap_or_else(|| panic!("{layout} has no key for {letter}"))
    };
    text.chars().map(pressed).collect()
}

#[test]
fn what_came_whole_from_a_scanner_is_not_doubtful() {
    for text in [
        "]d201003000101234552lAz-1\u{1d}1727123110L1".replace("52l", "521"),
        "010030001012345521AZ-1\u{1d}1727123110L1".to_owned(),
        "010030001012345521A1{GS}1727123110L1".to_owned(),
        "0100300010123455172712311021A".to_owned(),
        "https://id.gs1.org/01/00300010123455/10/L1/21/Az?17=271200".to_owned(),
        "urn:epc:id:sgtin:030001.0012345.a1".to_owned(),
    ] {
        let (_, notices, origin, doubtful) = told(&text);
        assert_eq!((notices, origin, doubtful), (vec![], Origin::Scanned, false), "{text}");
    }
    assert_eq!(told("(01)00300010123455(21)A1").2, Origin::Typed);
    assert_eq!(told("00300010123455").2, Origin::Typed);
    assert_eq!(told("]E00300010123455").2, Origin::Scanned);
}

#[test]
fn traps_are_mended_in_the_open_or_doubted() {
    let (mended, scanned) = (Origin::Mended, Origin::Scanned);
    let key = |serial: &str| format!("/01/00300010123455/21/{serial}");
    let whole = "]d2010030001012345521AY-1^]1727123110L1";
    let german = Notice::KeyboardLayout(Layout::German);
    for (text, serial, notices, origin) in [
        ("]D2010030001012345521aB1\u{1d}1727123110l1", "Ab1", vec![Notice::CapsLock], mended),
        ("]E0010030001012345521a1{gs}1727123110l1", "A1", vec![Notice::CapsLock], mended),
        ("010030001012345521a1\u{1d}1727123110L1", "a1", vec![Notice::CapsLockMaybe], scanned),
        ("010030001012345521AY11727123110L1", "AY11727123110L1", vec![Notice::SeparatorMaybe], scanned),
        ("01003000101234551727123110L1Y21A", "", vec![Notice::SeparatorMaybe], scanned),
        ("0100300010123455172712311021AZ", "", vec![], scanned),
        (&typed(Layout::German, whole), "AY-1", vec![german], mended),
        (&typed(Layout::French, whole), "AY-1", vec![Notice::KeyboardLayout(Layout::French)], mended),
        (
            &typed(Layout::Belgian, &whole.replace("1727", "1728")),
            "AY-1",
            vec![Notice::KeyboardLayout(Layout::Belgian)],
            mended,
        ),
    ] {
        let expected = if serial.is_empty() { "/01/00300010123455".to_owned() } else { key(serial) };
        assert_eq!(told(text), (expected, notices, origin, true), "{text}");
    }
    let reading = Scan::parse("https://id.gs1.org/01/00300010123455").unwrap();
    assert_eq!(reading.diagnoses()[0].symptom, Symptom::LinearCode);
    let two = Scan::parse("010030001012345521A1\r\n010030001012345521A2");
    assert_eq!(two, Err(ScanFault::TwoLabels));
    let twice = told("]d2010030001012345521A1]d2010030001012345521A1");
    assert_eq!(twice, (key("A1"), vec![Notice::ScannedTwice], scanned, false));
}

#[test]
fn knowledge_chooses_among_readings() {
    let lost = "010030001012345521A11727123110L1";
    let with = |lot: &'static str| {
        let fits = |scan: &Scan| Ok::<bool, ()>(scan.lot.as_deref() == Some(lot));
        Scan::consistent(lost, fits).unwrap().unwrap()
    };
    assert_eq!((with("L1").origin, with("L1").serial.as_deref()), (Origin::Scanned, Some("A11727123110L1")));
    let fits = |scan: &Scan| Ok::<bool, ()>(scan.expiry.is_some());
    let scan = Scan::consistent(lost, fits).unwrap().unwrap();
    assert_eq!((scan.serial.as_deref(), scan.origin), (Some("A1"), Origin::Mended));
    let fits = |scan: &Scan| Ok::<bool, ()>(scan.serial.as_deref() == Some("ay1"));
    let scan = Scan::consistent("010030001012345521AY1", fits).unwrap().unwrap();
    assert_eq!(scan.notices, [Notice::CapsLock]);
}

#[test]
fn proposals_are_never_taken() {
    let fault = Scan::parse("OO3OOO1O123455").unwrap_err();
    assert_eq!(fault.diagnosis().suggestion.as_deref(), Some("00300010123455"));
    assert_eq!(Scan::parse(&"9".repeat(1 << 20)), Err(ScanFault::TooLong));
}
