//! What was shipped, against what was advised and what was ordered.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::dscsa::DespatchAdvice;
use crate::dscsa::Finding;
use crate::dscsa::Line;
use crate::dscsa::Mender;
use crate::dscsa::Ndc;
use crate::dscsa::Object;
use crate::dscsa::OrderNumber;
use crate::dscsa::PurchaseOrder;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::gs1::Gtin;

/// The data of a shipment have more or fewer units than the despatch advice.
pub static QUANTITY_DIFFERS_FROM_ADVICE: Rule = Rule {
    id: "quantity-differs-from-advice",
    title: "a shipment has the units that its despatch advice says",
    severity: Severity::Business,
    clause: "FD&C Act 582(g)(1)(B): transaction information names each package",
    why: "Units that were sent without data cannot be accepted, and data without units hide a loss; one of the two \
          documents is wrong.",
    mender: Mender::Sender,
    fix: "tell us which of the two is right, and send the other again",
};

/// A product that none of the shipment's orders has.
pub static NOT_ORDERED: Rule = Rule {
    id: "not-ordered",
    title: "what is shipped was ordered",
    severity: Severity::Business,
    clause: "HDA Exceptions Handling Guidelines: overage",
    why: "Product that nobody ordered has no place in stock, and may be meant for somebody else.",
    mender: Mender::Sender,
    fix: "tell us whether it is to be kept or sent back",
};

/// More of a product than the shipment's orders have.
pub static OVER_ORDER: Rule = Rule {
    id: "over-order",
    title: "no more is shipped than was ordered",
    severity: Severity::Warning,
    clause: "HDA Exceptions Handling Guidelines: overage",
    why: "Units above the order may be an overage that has to be kept or returned, or an order that was changed by word.",
    mender: Mender::Sender,
    fix: "tell us whether the units above the order are to be kept or sent back",
};

/// Lines whose product or unit of measure does not tell what they count.
pub static LINE_NOT_COMPARABLE: Rule = Rule {
    id: "line-not-comparable",
    title: "lines of orders and advices can be compared",
    severity: Severity::Note,
    clause: "none",
    why: "What cannot be compared is not compared: a difference in it would not be seen.",
    mender: Mender::Receiver,
    fix: "name each product by its GTIN, and say how many units a case has",
};

/// How many saleable units of a lot were shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shipped<'a> {
    /// The trade item.
    pub gtin: Gtin,
    /// The lot; empty where it is not known.
    pub lot: &'a str,
    /// Saleable units.
    pub units: u64,
}

/// Units of a lot that are not in the shipment though they might be, and the cases they might be missing from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absent {
    /// EPCs of units that were commissioned and never packed.
    pub units: Vec<Box<str>>,
    /// EPCs of cases in the shipment that hold fewer units than others of the lot.
    pub cases: Vec<Box<str>>,
}

/// What the store knows besides the shipment.
pub struct Known<'a> {
    /// The trade item of an NDC, by a catalogue.
    pub gtin_of_ndc: &'a dyn Fn(&str) -> Option<Gtin>,
    /// What is absent of a trade item and lot; the lot is empty where the advice has none.
    pub absent: &'a dyn Fn(Gtin, &str) -> Absent,
}

impl Known<'static> {
    /// Nothing.
    pub const NOTHING: Known<'static> =
        Known { gtin_of_ndc: &|_| None, absent: &|_, _| Absent { units: Vec::new(), cases: Vec::new() } };
}

/// Compares all that was shipped under the number of an advice with it: by lot where each line of the product has one, else by
/// product.
pub fn against_advice(advice: &DespatchAdvice, shipped: &[Shipped<'_>], known: &Known<'_>) -> Vec<Finding> {
    let advised = Counts::of(&advice.lines, shipped, known);
    let mut findings = Vec::new();
    let number = Object::BizTransaction(advice.number.as_str().into());
    let sums = sums(shipped, &advised);
    let groups: BTreeSet<&Group> = advised.counts.keys().chain(sums.keys()).collect();
    for group in groups {
        let (gtin, lot) = group;
        let (said, sent) = (advised.counts.get(group).copied(), sums.get(group).copied().unwrap_or_default());
        // A line that cannot be read may be the one of this product.
        if said == Some(sent) || (said.is_none() && !advised.unclear.is_empty()) {
            continue;
        }
        let said = said.unwrap_or_default();
        let what = lot_of(*gtin, lot);
        let by = if sent < said { format!("{} short", said - sent) } else { format!("{} over", sent - said) };
        let number = advice.number.number();
        let message =
            format!("despatch advice {number} says {said} units of {what}, and the data have {sent}: {by}");
        let finding = Finding::new(&QUANTITY_DIFFERS_FROM_ADVICE, message);
        let absent = if sent < said { (known.absent)(*gtin, lot) } else { Absent::default() };
        findings.push(name_absent(finding, absent, said.saturating_sub(sent), group));
    }
    let unclear = unclear(&advised, &advice.number);
    findings.extend(unclear);
    findings
        .iter_mut()
        .filter(|finding| !names_units(finding))
        .for_each(|finding| finding.objects.push(number.clone()));
    findings
}

/// Compares a shipment with its orders, all of which must be given; `before` says how many units of a product were shipped
/// under the same orders before.
pub fn against_orders(
    orders: &[PurchaseOrder],
    shipped: &[Shipped<'_>],
    before: &dyn Fn(Gtin) -> u64,
    known: &Known<'_>,
) -> Vec<Finding> {
    let Some(first) = orders.first() else { return Vec::new() };
    let lines: Vec<Line> =
        orders.iter().flat_map(|order| order.lines.iter().cloned().map(without_lot)).collect();
    let ordered = Counts::of(&lines, shipped, known);
    let numbers: Vec<&str> = orders.iter().map(|order| order.number.number()).collect();
    let numbers = numbers.join(", ");
    let mut findings = Vec::new();
    for ((gtin, _), sent) in sums(shipped, &ordered) {
        let finding = match ordered.counts.get(&(gtin, String::new())) {
            None if !ordered.unclear.is_empty() => continue,
            None => {
                let message =
                    format!("{sent} units of GTIN {gtin} were shipped that order {numbers} does not have");
                Finding::new(&NOT_ORDERED, message)
            }
            Some(most) => {
                let (earlier, all) = (before(gtin), before(gtin).saturating_add(sent));
                if all <= *most {
                    continue;
                }
                let earlier = if earlier > 0 { format!(", {earlier} of them before") } else { String::new() };
                let over = all - most;
                let message = format!(
                    "order {numbers} has {most} units of GTIN {gtin}, and {all} were shipped{earlier}: {over} over"
                );
                Finding::new(&OVER_ORDER, message)
            }
        };
        let finding = finding.about(Object::TradeItem(gtin.as_str().into()));
        findings.push(finding.about(Object::BizTransaction(first.number.as_str().into())));
    }
    findings.extend(unclear(&ordered, &first.number));
    findings
}

/// A trade item, and a lot or nothing.
type Group = (Gtin, String);

/// How many units lines are of, by group, and the lines that do not tell.
struct Counts {
    counts: BTreeMap<Group, u64>,
    /// Products with a line without lot: all of it is one group.
    whole: BTreeSet<Gtin>,
    unclear: Vec<String>,
}

impl Counts {
    fn of(lines: &[Line], shipped: &[Shipped<'_>], known: &Known<'_>) -> Counts {
        let mut found = Vec::new();
        let mut unclear = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            match meaning(line, shipped, known) {
                Some((gtin, units)) => found.push((gtin, line.lot.as_deref().unwrap_or_default(), units)),
                None if line.number.is_empty() => unclear.push((at + 1).to_string()),
                None => unclear.push(line.number.to_string()),
            }
        }
        let whole: BTreeSet<Gtin> =
            found.iter().filter(|(_, lot, _)| lot.is_empty()).map(|(gtin, ..)| *gtin).collect();
        let mut counts = BTreeMap::new();
        for (gtin, lot, units) in found {
            let lot = if whole.contains(&gtin) { "" } else { lot };
            let sum: &mut u64 = counts.entry((gtin, lot.to_owned())).or_default();
            *sum = sum.saturating_add(units);
        }
        Counts { counts, whole, unclear }
    }
}

/// The saleable trade item a line is of, and how many; `None` where that cannot be told.
fn meaning(line: &Line, shipped: &[Shipped<'_>], known: &Known<'_>) -> Option<(Gtin, u64)> {
    match (line.gtin, line.ndc.as_deref()) {
        (Some(gtin), _) if is_case(gtin) => {
            // The line counts cases, by whatever word.
            let mut units = shipped.iter().map(|one| one.gtin).filter(|unit| same_item(*unit, gtin));
            Some((units.next()?, line.quantity.checked_mul(line.units_per_case?)?))
        }
        (Some(gtin), _) => Some((gtin, line.units()?)),
        (None, Some(ndc)) => {
            let gtin = (known.gtin_of_ndc)(ndc).or_else(|| only_of_ndc(ndc, shipped))?;
            Some((gtin, line.units()?))
        }
        (None, None) => None,
    }
}

/// The one shipped trade item whose digits an NDC may be; `None` where there are several.
fn only_of_ndc(ndc: &str, shipped: &[Shipped<'_>]) -> Option<Gtin> {
    let candidates = Ndc::candidates(ndc).ok()?;
    let fits = |gtin: &Gtin| Ndc::in_gtin(*gtin, None).iter().any(|other| candidates.contains(other));
    let found: BTreeSet<Gtin> = shipped.iter().map(|one| one.gtin).filter(fits).collect();
    found.first().copied().filter(|_| found.len() == 1)
}

fn is_case(gtin: Gtin) -> bool {
    matches!(gtin.as_str().as_bytes().first(), Some(b'1'..=b'8'))
}

/// True where two GTINs differ in their packaging level alone.
fn same_item(one: Gtin, other: Gtin) -> bool {
    one != other && one.as_str().get(1..13) == other.as_str().get(1..13)
}

/// What was shipped, in the groups in which it can be compared.
fn sums(shipped: &[Shipped<'_>], counts: &Counts) -> BTreeMap<Group, u64> {
    let by_lot =
        |gtin: Gtin| counts.counts.keys().any(|(known, _)| *known == gtin) && !counts.whole.contains(&gtin);
    let mut sums = BTreeMap::new();
    for one in shipped {
        let lot = if by_lot(one.gtin) { one.lot } else { "" };
        *sums.entry((one.gtin, lot.to_owned())).or_default() += one.units;
    }
    sums
}

/// Names the units that explain a shortage exactly, else the lot or product.
fn name_absent(mut finding: Finding, absent: Absent, missing: u64, (gtin, lot): &Group) -> Finding {
    if missing > 0 && absent.units.len() as u64 == missing {
        finding.message += "; commissioned and not packed: ";
        finding.message += &absent.units.join(", ");
        let units = absent.units.into_iter().chain(absent.cases).map(Object::Epc);
        finding.objects.extend(units);
        return finding;
    }
    let lot = (!lot.is_empty()).then(|| Object::Lot(gtin.as_str().into(), lot.as_str().into()));
    finding.about(lot.unwrap_or(Object::TradeItem(gtin.as_str().into())))
}

fn names_units(finding: &Finding) -> bool {
    finding.objects.iter().any(|object| matches!(object, Object::Epc(_)))
}

fn unclear(counts: &Counts, number: &OrderNumber) -> Option<Finding> {
    if counts.unclear.is_empty() {
        return None;
    }
    let lines = counts.unclear.join(", ");
    let message = format!("of {} these lines cannot be compared: {lines}", number.number());
    Some(Finding::new(&LINE_NOT_COMPARABLE, message))
}

fn lot_of(gtin: Gtin, lot: &str) -> String {
    if lot.is_empty() { format!("GTIN {gtin}") } else { format!("lot {lot} of GTIN {gtin}") }
}

fn without_lot(line: Line) -> Line {
    Line { lot: None, ..line }
}

/// The ids of these rules.
pub fn ids() -> [&'static str; 4] {
    [QUANTITY_DIFFERS_FROM_ADVICE.id, NOT_ORDERED.id, OVER_ORDER.id, LINE_NOT_COMPARABLE.id]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Parties;
    use crate::dscsa::UnitOfMeasure;

    const UNIT: &str = "00352999101016";
    const CASE: &str = "10352999101013";
    const OTHER: &str = "00352999101023";

    fn gtin(digits: &str) -> Gtin {
        Gtin::parse(digits).unwrap()
    }

    fn line(product: &str, lot: &str, quantity: u64, units_per_case: Option<u64>) -> Line {
        let (gtin, ndc) = match Gtin::parse(product) {
            Ok(gtin) => (Some(gtin), None),
            Err(_) => (None, Some(product.into())),
        };
        let lot = (!lot.is_empty()).then(|| lot.into());
        let unit = if units_per_case.is_some() { UnitOfMeasure::Case } else { UnitOfMeasure::Each };
        Line { gtin, ndc, lot, quantity, unit, units_per_case, ..Line::default() }
    }

    fn advice(lines: &[Line]) -> DespatchAdvice {
        let number = OrderNumber::parse("DA1");
        let (orders, parties) = (Vec::new(), Parties::default());
        DespatchAdvice { number, parties, orders, shipped_on: None, due_on: None, lines: lines.to_vec() }
    }

    fn order(lines: &[Line]) -> PurchaseOrder {
        let (number, parties) = (OrderNumber::parse("PO1"), Parties::default());
        PurchaseOrder { number, parties, ordered_on: None, due_on: None, lines: lines.to_vec() }
    }

    const SHIPPED: &[(&str, &str, u64)] = &[(UNIT, "A", 12), (UNIT, "B", 24), (OTHER, "C", 5)];

    fn shipped() -> Vec<Shipped<'static>> {
        SHIPPED
            .iter()
            .map(|(digits, lot, units)| Shipped { gtin: gtin(digits), lot, units: *units })
            .collect()
    }

    fn check(lines: &[Line], expected: &[&str]) {
        let found = against_advice(&advice(lines), &shipped(), &Known::NOTHING);
        compare(&found, expected);
    }

    fn compare(found: &[Finding], expected: &[&str]) {
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (finding, expected) in found.iter().zip(expected) {
            let said = format!("{}: {}", finding.rule.id, finding.message);
            assert!(said.contains(expected), "{said}\n{expected}");
        }
    }

    #[test]
    fn equal_quantities_are_no_finding() {
        let other = line(OTHER, "C", 5, None);
        check(&[line(UNIT, "A", 12, None), line(UNIT, "B", 24, None), other.clone()], &[]);
        check(&[line(UNIT, "", 36, None), other.clone()], &[]);
        check(&[line(UNIT, "A", 12, None), line(UNIT, "", 24, None), other.clone()], &[]);
        check(&[line(UNIT, "A", 1, Some(12)), line(CASE, "B", 2, Some(12)), other.clone()], &[]);
        check(&[line("52999-101-01", "A", 12, None), line("5299910101", "B", 24, None), other.clone()], &[]);
    }

    #[test]
    fn each_difference_is_said_once() {
        let other = line(OTHER, "C", 5, None);
        check(
            &[line(UNIT, "A", 13, None), line(UNIT, "B", 23, None), other.clone()],
            &[
                "quantity-differs-from-advice: despatch advice DA1 says 13 units of lot A of GTIN 00352999101016, and the data have 12: 1 short",
                "have 24: 1 over",
            ],
        );
        check(&[line(UNIT, "A", 12, None), other.clone()], &["says 0 units of lot B"]);
        check(
            &[line(UNIT, "", 36, None)],
            &["says 0 units of GTIN 00352999101023, and the data have 5: 5 over"],
        );
        check(&[line(UNIT, "", 35, None), other.clone()], &["have 36: 1 over"]);
    }

    #[test]
    fn lines_that_do_not_tell_are_not_guessed_at() {
        let unclear = Line { number: "2".into(), unit: UnitOfMeasure::Case, ..line(OTHER, "", 1, None) };
        check(
            &[line(UNIT, "", 36, None), unclear],
            &["line-not-comparable: of DA1 these lines cannot be compared: 2"],
        );
        check(&[line(CASE, "", 3, None)], &["these lines cannot be compared: 1"]);
    }

    #[test]
    fn units_are_named_where_they_explain_the_shortage() {
        let absent = |_: Gtin, lot: &str| match lot {
            "A" => Absent { units: vec!["urn:u:1".into()], cases: vec!["urn:c:1".into()] },
            _ => Absent::default(),
        };
        let known = Known { gtin_of_ndc: &|_| None, absent: &absent };
        let lines = [line(UNIT, "B", 24, None), line(OTHER, "C", 5, None), line(UNIT, "A", 13, None)];
        let found = against_advice(&advice(&lines), &shipped(), &known);
        compare(&found, &["1 short; commissioned and not packed: urn:u:1"]);
        assert_eq!(found[0].objects, [Object::Epc("urn:u:1".into()), Object::Epc("urn:c:1".into())]);
        let lines = [line(UNIT, "B", 24, None), line(OTHER, "C", 5, None), line(UNIT, "A", 14, None)];
        let found = against_advice(&advice(&lines), &shipped(), &known);
        let expected = [Object::Lot(UNIT.into(), "A".into()), Object::BizTransaction("DA1".into())];
        assert_eq!(found[0].objects, expected);
    }

    #[test]
    fn orders_bound_what_is_shipped() {
        let check = |lines: &[Line], before: u64, expected: &[&str]| {
            let found = against_orders(&[order(lines)], &shipped(), &|_| before, &Known::NOTHING);
            compare(&found, expected);
        };
        let other = line(OTHER, "", 100, None);
        check(&[line(UNIT, "", 36, None), other.clone()], 0, &[]);
        check(&[line(UNIT, "X", 20, None), line(UNIT, "Y", 16, None), other.clone()], 0, &[]);
        check(
            &[line(UNIT, "", 35, None), other.clone()],
            0,
            &["over-order: order PO1 has 35 units of GTIN 00352999101016, and 36 were shipped: 1 over"],
        );
        check(
            &[line(UNIT, "", 45, None), other.clone()],
            10,
            &["and 46 were shipped, 10 of them before: 1 over"],
        );
        check(
            &[line(UNIT, "", 36, None)],
            0,
            &["not-ordered: 5 units of GTIN 00352999101023 were shipped that order PO1 does not have"],
        );
        check(&[line(UNIT, "", 36, None), line("x", "", 1, None)], 0, &["line-not-comparable"]);
        assert_eq!(against_orders(&[], &shipped(), &|_| 0, &Known::NOTHING), []);
    }
}
