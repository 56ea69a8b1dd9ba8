//! What is taken out of a container was put into it before.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::reconcile::docket::MarkKind;
use crate::reconcile::rules::Found;
use crate::reconcile::rules::ItemRule;
use crate::reconcile::trail::Trail;

pub(super) const RULE: ItemRule = ItemRule {
    rule: &Rule {
        id: "unpacked-not-packed",
        title: "an item is unpacked from a container that it was packed into",
        severity: Severity::Warning,
        clause: "EPCIS 1.2 §7.4.3; US guideline R1.2, packing and unpacking",
        why: "Either its packing was never told, so that it was missing from what is known of the container, or it came out of \
              another one, which is then believed to hold it still.",
        mender: Mender::Sender,
        fix: "send the packing of the item, or say which container it came out of",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    // Of what was not told from its beginning, and of what has been in some container, nobody knows all packings.
    let before = trail.prior;
    let from_beginning =
        trail.commissioned().is_some() || before.is_some_and(|item| item.commissioned.is_some());
    if !from_beginning || before.is_some_and(|item| item.packed.is_some()) || trail.book.incomplete {
        return;
    }
    let was_packed = |container: u32, time: i64| {
        let mut packings = trail.of_kind(MarkKind::Packed);
        packings.any(|mark| mark.reference == container && trail.book.time(mark.event) <= time)
    };
    let mut unpackings = trail.of_kind(MarkKind::Unpacked);
    let Some(mark) = unpackings.find(|mark| !was_packed(mark.reference, trail.book.time(mark.event))) else {
        return;
    };
    let [spelt, container] =
        [trail.key, trail.book.containers.key(mark.reference)].map(|key| trail.book.spell(key));
    let said = format!("{spelt} is unpacked from {container}, but was never packed into it");
    let objects = [spelt, container].map(|text| Object::Epc(text.into()));
    let finding = Finding::new(RULE.rule, said).in_event(trail.book.position(mark.event));
    found.add(objects.into_iter().fold(finding, Finding::about));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Action;
    use crate::epcis::Event;
    use crate::epcis::EventTime;
    use crate::epcis::What;
    use crate::epcis::ZoneOffset;
    use crate::gs1::Epc;
    use crate::reconcile::docket::Docket;
    use crate::store::ItemRow;

    const UNIT: &str = "urn:epc:id:sgtin:030001.0012345.7";

    /// Steps are the hour, and `+` or `-` with the number of a case; `*` commissions.
    fn check(steps: &[(u8, &str)], prior: Option<&ItemRow>, expected: &[&str]) {
        let mut docket = Docket::default();
        for (position, (hour, step)) in (0..).zip(steps) {
            let time = EventTime::parse(&format!("2026-03-04T{hour:02}:00:00Z")).unwrap();
            let unit = vec![Epc::parse(UNIT)];
            let case = || Some(Epc::parse(&format!("urn:epc:id:sscc:030001.0000000000{}", &step[1..])));
            let action = if step.starts_with('-') { Action::Delete } else { Action::Add };
            let what = match *step {
                "*" => What::Object { action, epcs: unit, quantities: Vec::new() },
                _ => What::Aggregation { action, parent: case(), children: unit, quantities: Vec::new() },
            };
            docket.add(position, &Event::new(time, ZoneOffset::UTC, what), &[position as u8; 32]).unwrap();
        }
        docket.settle().unwrap();
        docket.close().unwrap();
        let mut found = Found::default();
        docket
            .visit::<std::io::Error>(|book, line| {
                super::check(&Trail::of(book, line).after(prior), &mut found);
                Ok(())
            })
            .unwrap();
        let said: Vec<String> = found.into_findings().into_iter().map(|finding| finding.message).collect();
        let expected: Vec<String> = expected
            .iter()
            .map(|case| {
                let case = format!("urn:epc:id:sscc:030001.0000000000{case}");
                format!("{UNIT} is unpacked from {case}, but was never packed into it")
            })
            .collect();
        assert_eq!(said, expected, "{steps:?}");
    }

    #[test]
    fn what_comes_out_went_in() {
        check(&[(1, "*"), (2, "+1"), (3, "-1")], None, &[]);
        check(&[(1, "*"), (2, "+1"), (3, "-1"), (4, "-1")], None, &[]);
        check(&[(1, "*"), (2, "+1"), (3, "-2")], None, &["2"]);
        check(&[(1, "*"), (3, "-1")], None, &["1"]);
        check(&[(1, "*"), (2, "-1"), (3, "+1")], None, &["1"]);
        check(&[(1, "*"), (2, "-1"), (2, "+1")], None, &[]);
    }

    #[test]
    fn what_is_not_known_from_its_beginning_is_not_judged() {
        check(&[(3, "-1")], None, &[]);
        let commissioned = ItemRow { commissioned: Some(1), ..ItemRow::default() };
        check(&[(3, "-1")], Some(&commissioned), &["1"]);
        let packed = ItemRow { packed: Some(1), ..commissioned.clone() };
        check(&[(3, "-1")], Some(&packed), &[]);
        check(&[(3, "-1")], Some(&ItemRow::default()), &[]);
    }
}
