use super::*;

const NOTICE: &str = include_str!("../../../fixtures/orders/ship_notice.x12");

fn all(text: &str) -> (Vec<DespatchAdvice>, Vec<String>) {
    let mut defects = Defects::new(false);
    let advices = read(text.as_bytes(), &mut defects);
    (advices, defects.kept().iter().map(ToString::to_string).collect())
}

/// The notice with other items, its counts put right.
fn with_items(items: &str) -> String {
    let (head, _) = NOTICE.split_once("HL*3").unwrap();
    let levels = 2 + items.matches("HL*").count();
    let body = format!("{head}{items}\nCTT*{levels}~\n");
    let count = body.matches('~').count() - 2 + 1;
    format!("{body}SE*{count}*0071~\nGE*1*71~\nIEA*1*000000071~\n")
}

#[test]
fn a_notice_is_read() {
    let (advices, said) = all(NOTICE);
    assert_eq!((advices.len(), said), (1, vec![]));
    let advice = &advices[0];
    assert_eq!((advice.number.number(), advice.number.issuer()), ("DA-2041", advice.parties.seller.gln));
    assert_eq!(advice.parties.ship_from.gln.unwrap().as_str(), "9521101000023");
    assert_eq!(&*advice.parties.ship_to.sent, "DEA AB1234563");
    assert_eq!((advice.orders[0].number(), advice.orders[0].issuer()), ("PO/7", advice.parties.buyer.gln));
    assert_eq!(advice.shipped_on.unwrap().to_string(), "2026-03-04");
    assert_eq!(advice.due_on.unwrap().to_string(), "2026-03-06");
    let [one, two] = advice.lines.as_slice() else { panic!("{:?}", advice.lines) };
    assert_eq!((one.gtin.unwrap().as_str(), one.lot.as_deref()), ("00352999101016", Some("AP2601")));
    assert_eq!((one.units(), two.units()), (Some(24), Some(24)));
    assert_eq!((two.ndc.as_deref(), two.lot.as_deref()), (Some("52999010102"), Some("AP2602")));
    for line in [one, two] {
        assert_eq!(line.packages[0].as_str(), "003529990000000012");
        assert_eq!(line.order.as_ref().unwrap().number(), "PO/7");
    }
}

#[test]
fn packs_inside_items_belong_to_them() {
    let (advices, said) = all(&with_items(
        "HL*3*2*I~LIN**UP*352999101016~LIN**EN*0352999101016~SN1**1.0*UN~HL*4*3*P~MAN*AA*003529990000000012**SN*S1~REF*SE*S2~",
    ));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("no SN1 for this item"), "{said:?}");
    let line = &advices[0].lines[1];
    assert_eq!((line.packages.len(), line.serials.len(), line.units()), (1, 2, Some(1)));
}

#[test]
fn what_is_wrong_has_its_place() {
    let check = |text: &str, expected: &[&str]| {
        let (_, said) = all(text);
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.contains(expected), "{said}\n{expected}");
        }
    };
    let other = |from: &str, to: &str| {
        assert!(NOTICE.contains(from));
        NOTICE.replace(from, to)
    };
    check(
        &other("9521101000016", "9521101000017"),
        &["12:0: error [import-gln] the GLN \"9521101000017\" has a wrong check digit"],
    );
    check(&other("9521101000016", "9521101000017"), &["(at segment 12 N1, element 4)"]);
    check(&other("AB1234563", "AB1234564"), &["warning [import-dea]"]);
    check(&other("UK*00352999101016", "UK*00352999101017"), &["segment 22 LIN, element 3"]);
    check(&other("SN1*1*24", "SN1*1*x"), &["error [import-quantity]"]);
    check(&other("SN1*1*24", "SN1*1*"), &["there is no quantity"]);
    check(&other("GM*00003529990000000012", "GM*1Z999"), &["warning [import-sscc]"]);
    check(&other("DTM*011*20260304", "DTM*011*20261304"), &["error [import-date]"]);
    check(&other("HL*4*3", "HL*4*9"), &["error [x12-hl] its parent \"9\""]);
    check(&other("HL*4*3", "HL*3*3"), &["error [x12-hl] the identifier \"3\" is empty or is there twice"]);
    check(&other("BSN*00*DA-2041", "BSN*01*DA-2041"), &["x12-purpose"]);
    check(&other("BSN*00*DA-2041", "BSN*00*"), &["no BSN segment with a number"]);
    check(&other("CTT*5", "CTT*4"), &["warning [x12-count]"]);
    check(
        &other("SE*29*0071", "SE*28*0071"),
        &["error [x12-count] it counts \"28\" parts, and there are 29"],
    );
    check(&other("SE*29*0071", "SE*29*0072"), &["x12-control-number"]);
    check(&other("IEA*1*000000071", "IEA*2*000000071"), &["x12-count"]);
    check(&other("SE*29*0071~\n", ""), &["x12-envelope"]);
    check(&other("IEA*1*000000071~\n", ""), &["x12-truncated"]);
    check(&other("IEA*1*000000071~\n", "IEA*1"), &["x12-truncated"]);
    check(&other("*P*>~", "*T*>~"), &["warning [x12-test]"]);
    check(&other("ST*856", "ST*850"), &["warning [x12-transaction]", "no ship notice"]);
    check(&with_items("HL*3*2*I~SN1**3*EA~"), &["no LIN for this item"]);
    check(&with_items("HL*3*2*I~LIN**VN*77~SN1**3*EA~"), &["no GTIN and no NDC"]);
    check(&with_items(""), &["there is no item"]);
    check("", &["no ship notice"]);
}

#[test]
fn two_notices_of_one_number_are_refused() {
    let (from, to) = (NOTICE.find("ST*856").unwrap(), NOTICE.find("GE*1").unwrap());
    let twice = NOTICE.replace("GE*1", &format!("{}GE*2", &NOTICE[from..to]));
    let (_, said) = all(&twice);
    assert!(said.len() == 1 && said[0].contains("there twice"), "{said:?}");
    let (advices, said) = all(&NOTICE.repeat(2).replacen("DA-2041", "DA-2042", 1));
    assert_eq!((advices.len(), said), (2, vec![]));
}

#[test]
fn a_notice_cut_off_anywhere_is_refused() {
    for end in 0..NOTICE.trim_end().len() {
        let mut defects = Defects::new(false);
        read(&NOTICE.as_bytes()[..end], &mut defects);
        assert!(defects.errors() > 0, "cut off at {end}");
    }
}
