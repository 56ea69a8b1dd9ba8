//! What the facts about a unit make of it: one function without any store.

use chrono::NaiveDate;

use crate::dscsa::HoldKind;
use crate::dscsa::Problem;
use crate::dscsa::ReceiptVerdict;
use crate::gs1::ScannedDate;
use crate::store::UnitFacts;

/// What the label of a unit says; nothing of a unit inferred by its container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) lot: String,
    /// `YYMMDD` as scanned.
    pub(super) expiry: Option<ScannedDate>,
}

/// What is received, and when.
#[derive(Clone, Debug)]
pub(super) struct Setting<'a> {
    /// True where a shipment or an order is received, so that other goods are over.
    pub(super) expecting: bool,
    /// The day, by which expiry dates are judged.
    pub(super) today: NaiveDate,
    /// Why nothing of the unit's document is taken.
    pub(super) document_fault: Option<&'a str>,
    /// True for a container, of which only the content need be commissioned.
    pub(super) container: bool,
}

/// All that is wrong with a unit, the worst first; empty where all is as the data say.
pub(super) fn judge(facts: &UnitFacts, label: &Label, setting: &Setting<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |verdict, words: String| problems.push(Problem { verdict, words });
    for hold in &facts.holds {
        let scope = &hold.scope;
        match hold.kind {
            HoldKind::Recall => add(
                ReceiptVerdict::Recalled,
                format!("{scope} is recalled ({}); do not use it, put it aside", hold.opened.why),
            ),
            HoldKind::Suspect | HoldKind::Illegitimate => add(
                ReceiptVerdict::Held,
                format!(
                    "{scope} is {} ({}); do not use it, put it aside",
                    hold.kind.state(),
                    hold.opened.why
                ),
            ),
            HoldKind::Hold => {
                add(ReceiptVerdict::Held, format!("{scope} is on hold ({}); put it aside", hold.opened.why))
            }
        }
    }
    if facts.item.is_none() && facts.shipment.is_none() && !setting.container {
        add(
            ReceiptVerdict::NoData,
            "no data have come for it yet; keep it aside, it is released by itself when they come".to_owned(),
        );
    } else {
        of_ledger(facts, label, setting, &mut add);
    }
    problems.sort_by_key(|problem| problem.verdict);
    problems
}

fn of_ledger(
    facts: &UnitFacts,
    label: &Label,
    setting: &Setting<'_>,
    add: &mut impl FnMut(ReceiptVerdict, String),
) {
    if facts.item.as_ref().is_some_and(|item| item.ended.is_some()) {
        let words = "it was decommissioned, destroyed or dispensed before; it may be a copy, put it aside and ask the seller";
        add(ReceiptVerdict::Ended, words.to_owned());
    }
    let commissioned = facts.item.as_ref().is_some_and(|item| item.commissioned.is_some());
    if !commissioned && !setting.container {
        let words = "the data name it, but nobody commissioned it; put it aside and ask the seller for its commissioning";
        add(ReceiptVerdict::NeverCommissioned, words.to_owned());
    }
    if setting.expecting && facts.shipment.is_none() {
        let words = match facts.elsewhere {
            Some(other) => format!("it is not of this delivery, but of shipment {other}"),
            None => "it is not of this delivery".to_owned(),
        };
        add(ReceiptVerdict::Over, format!("{words}; keep it aside until the seller has decided"));
    }
    differences(facts, label, setting.today, add);
    for finding in &facts.findings {
        add(ReceiptVerdict::Held, format!("its data have a fault: {} ({})", finding.message, finding.rule));
    }
    if let Some(fault) = setting.document_fault {
        add(ReceiptVerdict::Held, format!("nothing of its file is taken: {fault}"));
    }
    if let Some(receipt) = &facts.before {
        let words = format!(
            "receipt {receipt} has it already and it was not shipped since; look whether there are two"
        );
        add(ReceiptVerdict::ReceivedBefore, words);
    }
}

/// Lot and expiry of label and data, and whether it is in date.
fn differences(
    facts: &UnitFacts,
    label: &Label,
    today: NaiveDate,
    add: &mut impl FnMut(ReceiptVerdict, String),
) {
    let (lot, expiry) = facts.lot.as_ref().map_or(("", ""), |lot| (&lot.lot, &lot.expiry));
    if !label.lot.is_empty() && !lot.is_empty() && label.lot != lot {
        let words = format!("its label says lot {}, its data say lot {lot}", label.lot);
        add(ReceiptVerdict::Misaligned, format!("{words}; put it aside and tell the seller"));
    }
    let of_label = label.expiry.as_ref().and_then(|date| date.date(today));
    let of_data = expiry.get(..10).and_then(|date| date.parse::<NaiveDate>().ok());
    if let (Some(of_label), Some(of_data)) = (of_label, of_data)
        && of_label != of_data
    {
        let words = format!("its label says that it expires on {of_label}, its data say on {of_data}");
        add(ReceiptVerdict::Misaligned, format!("{words}; put it aside and tell the seller"));
    }
    if let Some(date) = of_data.or(of_label).filter(|date| *date < today) {
        add(ReceiptVerdict::Expired, format!("it expired on {date}; do not use it"));
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::dscsa::Decision;
    use crate::dscsa::Hold;
    use crate::dscsa::HoldScope;
    use crate::gs1::Gtin;
    use crate::store::HoldingFinding;
    use crate::store::ItemRow;
    use crate::store::LotRecord;

    fn facts() -> UnitFacts {
        let item = ItemRow { commissioned: Some(1), ..ItemRow::default() };
        let lot = LotRecord {
            gtin: "00300010123455".to_owned(),
            lot: "A1".to_owned(),
            expiry: "2027-12-31".to_owned(),
            commissioned: 9,
        };
        UnitFacts { item: Some(item), lot: Some(lot), shipment: Some(7), ..UnitFacts::default() }
    }

    fn label(lot: &str, expiry: &str) -> Label {
        Label { lot: lot.to_owned(), expiry: ScannedDate::new(expiry) }
    }

    fn check(facts: &UnitFacts, label: &Label, expected: &[ReceiptVerdict]) {
        let today = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let setting = Setting { expecting: true, today, document_fault: None, container: false };
        let found: Vec<_> = judge(facts, label, &setting).iter().map(|problem| problem.verdict).collect();
        assert_eq!(found, expected, "{facts:?} {label:?}");
    }

    #[test]
    fn what_fits_has_no_problem() {
        check(&facts(), &label("A1", "271231"), &[]);
        check(&facts(), &label("A1", "271200"), &[]);
        check(&facts(), &Label::default(), &[]);
    }

    #[test]
    fn labels_that_say_something_else_are_told() {
        check(&facts(), &label("A2", "271231"), &[ReceiptVerdict::Misaligned]);
        check(&facts(), &label("A1", "271130"), &[ReceiptVerdict::Misaligned]);
        let mut old = facts();
        old.lot.as_mut().unwrap().expiry = "2026-02-28".to_owned();
        check(&old, &label("A1", "260228"), &[ReceiptVerdict::Expired]);
        check(&old, &label("A1", "260200"), &[ReceiptVerdict::Expired]);
    }

    #[test]
    fn what_the_ledger_knows_is_told() {
        check(&UnitFacts::default(), &label("A1", "271231"), &[ReceiptVerdict::NoData]);
        check(&UnitFacts { shipment: None, ..facts() }, &Label::default(), &[ReceiptVerdict::Over]);
        check(
            &UnitFacts { item: Some(ItemRow::default()), lot: None, ..facts() },
            &Label::default(),
            &[ReceiptVerdict::NeverCommissioned],
        );
        let ended = ItemRow { ended: Some(3), ..facts().item.unwrap() };
        check(&UnitFacts { item: Some(ended), ..facts() }, &Label::default(), &[ReceiptVerdict::Ended]);
    }

    #[test]
    fn the_worst_comes_first() {
        let opened = Decision::new("a", DateTime::UNIX_EPOCH, "glass").unwrap();
        let scope = HoldScope::Product { gtin: Gtin::parse("00300010123455").unwrap() };
        let of = |kind| Hold {
            id: String::new(),
            kind,
            scope: scope.clone(),
            opened: opened.clone(),
            released: None,
        };
        let finding = HoldingFinding { rule: "r".to_owned(), message: "m".to_owned() };
        let all = UnitFacts {
            holds: vec![of(HoldKind::Hold), of(HoldKind::Recall)],
            findings: vec![finding],
            ..facts()
        };
        let expected = [
            ReceiptVerdict::Recalled,
            ReceiptVerdict::Held,
            ReceiptVerdict::Held,
            ReceiptVerdict::Misaligned,
        ];
        check(&all, &label("A2", ""), &expected);
    }

    #[test]
    fn two_receipts_of_one_unit_are_told() {
        let twice = UnitFacts { before: Some("r".to_owned()), ..facts() };
        check(&twice, &Label::default(), &[ReceiptVerdict::ReceivedBefore]);
    }
}
