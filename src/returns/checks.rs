//! What the evidence says of a unit: check by check, without any store.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use crate::dscsa::CheckKind;
use crate::dscsa::CheckOutcome;
use crate::dscsa::HoldKind;
use crate::dscsa::ReturnCheck;
use crate::gs1::Gtin;
use crate::returns::evidence::Evidence;
use crate::returns::evidence::Known;
use crate::returns::information::Information;
use crate::store::Deed;

use CheckOutcome::Failed;
use CheckOutcome::Passed;
use CheckOutcome::Unknown;

/// Dispositions (CBV) with which nothing is sold.
const UNSELLABLE: [&str; 13] = [
    "damaged",
    "destroyed",
    "dispensed",
    "disposed",
    "expired",
    "inactive",
    "non_sellable_other",
    "partially_dispensed",
    "recalled",
    "retail_sold",
    "stolen",
    "mismatch_instance",
    "non_conformant",
];

/// Rules whose breach puts the identity of goods in doubt. What else is wrong with a file of ours says nothing of them.
const IDENTITY_RULES: [&str; 7] = [
    "duplicate-serial",
    "commissioned-differently",
    "lot-overfilled",
    "received-twice",
    "seen-after-end",
    "shipped-after-end",
    "shipped-not-commissioned",
];

/// How a check came out, in words, and the document that says so.
type Finding = (CheckOutcome, String, Option<i64>);

/// A package, alone or in a case: what it is called in words, and what is known of it.
type Named<'a> = (String, &'a Known);

/// Checks everything that we can tell ourselves.
pub(super) fn local(evidence: &Evidence, now: DateTime<Utc>) -> Vec<ReturnCheck> {
    let today = now.date_naive();
    let mut packages: Vec<Named<'_>> = vec![("it".to_owned(), &evidence.itself)];
    if let Some((_, inside)) = &evidence.content {
        packages.extend(inside.iter().map(|known| (format!("package {} in it", known.serial), known)));
    }
    let mut found = vec![(CheckKind::Scan, scan(evidence))];
    found.extend(evidence.content.as_ref().map(|_| (CheckKind::Case, case(evidence))));
    found.extend([
        (CheckKind::Standing, first(&packages, standing, "it is under no recall and no hold")),
        (
            CheckKind::Life,
            first(
                &packages,
                |package| life(package, evidence),
                "nothing says that it was dispensed, destroyed or damaged",
            ),
        ),
        (
            CheckKind::FirstReturn,
            first(&packages, |package| first_return(package, evidence), "it did not come back before"),
        ),
        (CheckKind::InDate, in_date(evidence, today)),
        (CheckKind::Sold, sold(evidence)),
        (CheckKind::Label, label(evidence, today)),
        (CheckKind::Information, information(evidence)),
    ]);
    let check = |(kind, (outcome, words, document)): (CheckKind, Finding)| ReturnCheck {
        kind,
        outcome,
        words,
        document,
        at: now,
        verification: None,
    };
    found.into_iter().map(check).collect()
}

/// True where the maker's answer can still change what becomes of the unit. An expiry that has passed may have been extended.
pub(super) fn is_worth_asking(checks: &[ReturnCheck]) -> bool {
    checks
        .iter()
        .all(|check| check.outcome == Passed || (check.kind == CheckKind::InDate && check.outcome == Failed))
}

/// The worst of what is found of packages, or that nothing is.
fn first<'a>(packages: &[Named<'a>], check: impl Fn(&Named<'a>) -> Option<Finding>, passed: &str) -> Finding {
    let mut unknown = None;
    for package in packages {
        match check(package) {
            Some(found) if found.0 == Failed => return found,
            found => unknown = unknown.or(found),
        }
    }
    unknown.unwrap_or_else(|| (Passed, passed.to_owned(), None))
}

fn scan(evidence: &Evidence) -> Finding {
    let question = &evidence.candidate.question;
    if let Some(line) = evidence.itself.same {
        return (Failed, format!("scan {line} of this return has it already"), None);
    }
    let (gtin, serial, lot, expiry) =
        (question.gtin, &question.serial, &question.lot, question.expiry.as_str());
    let mut words = format!("GTIN {gtin}, serial number {serial}, lot {lot}, expiry {expiry}");
    evidence.candidate.notices.iter().for_each(|notice| {
        words.push_str("; ");
        words.push_str(notice);
    });
    (Passed, words, None)
}

fn case(evidence: &Evidence) -> Finding {
    let Some((content, inside)) = &evidence.content else { return (Passed, String::new(), None) };
    if content.packages.is_empty() {
        return (Failed, "this is a case, and no data tell what is in it".to_owned(), None);
    }
    if content.changed {
        return (Failed, "the case was opened since it was sold: what is in it has changed".to_owned(), None);
    }
    if let Some((line, serial)) = inside.iter().find_map(|known| Some((known.same?, &known.serial))) {
        return (
            Failed,
            format!("scan {line} of this return has package {serial} of this case, so that it is open"),
            None,
        );
    }
    let gtins: Vec<Gtin> = gtins(evidence);
    let lots = || inside.iter().map(|known| known.facts.lot.as_ref().map(|lot| (&lot.lot, &lot.expiry)));
    let first = lots().next().flatten();
    let of_label = first.is_some_and(|(lot, _)| **lot == *evidence.candidate.question.lot);
    if gtins.len() > 1 || first.is_none() || lots().any(|lot| lot != first) || !of_label {
        let words = "the case does not hold one product of the one lot on its label, as a sealed homogeneous case does";
        return (Failed, words.to_owned(), None);
    }
    (Passed, format!("a sealed case with {} packages of one lot", content.packages.len()), None)
}

/// Trade items of what came back: of the package, or of the packages in the case.
fn gtins(evidence: &Evidence) -> Vec<Gtin> {
    let mut gtins: Vec<Gtin> = match &evidence.content {
        Some((content, _)) => content.packages.iter().filter_map(|epc| epc.gtin()).collect(),
        None => vec![evidence.candidate.question.gtin],
    };
    gtins.sort();
    gtins.dedup();
    gtins
}

fn standing((name, known): &Named<'_>) -> Option<Finding> {
    let mut worst = None;
    for hold in &known.facts.holds {
        let (scope, why) = (&hold.scope, &hold.opened.why);
        match hold.kind {
            HoldKind::Recall => return Some((Failed, format!("{name} is recalled: {scope} ({why})"), None)),
            HoldKind::Suspect | HoldKind::Illegitimate => {
                let state = hold.kind.state();
                return Some((Failed, format!("{name} is {state}: {scope} ({why})"), None));
            }
            HoldKind::Hold => worst = Some((Unknown, format!("{name} is on hold: {scope} ({why})"), None)),
        }
    }
    let finding = || {
        let concerns = |rule: &str| IDENTITY_RULES.contains(&rule);
        let found = known.facts.findings.iter().find(|found| concerns(&found.rule))?;
        Some((Unknown, format!("the data of {name} have a fault: {} ({})", found.message, found.rule), None))
    };
    worst.or_else(finding)
}

fn life((name, known): &Named<'_>, evidence: &Evidence) -> Option<Finding> {
    if let Some(deed) = &known.ended {
        return Some((Failed, format!("{name} has ended: {}", told(deed)), Some(deed.document)));
    }
    // What a return of ours made of it is told with that return.
    let returned =
        known.earlier.as_ref().is_some_and(|earlier| is_since_sale(earlier.at.timestamp_micros(), evidence));
    let deed = known.last.as_ref().filter(|deed| !returned && is_since_sale(deed.time, evidence))?;
    let odd = deed.disposition.as_deref().is_some_and(|word| UNSELLABLE.contains(&word));
    odd.then(|| (Failed, format!("{name} was seen unfit: {}", told(deed)), Some(deed.document)))
}

fn first_return((name, known): &Named<'_>, evidence: &Evidence) -> Option<Finding> {
    let earlier =
        known.earlier.as_ref().filter(|earlier| is_since_sale(earlier.at.timestamp_micros(), evidence));
    if let Some(earlier) = earlier {
        let words = format!("{name} came back already: scan {} of return {}", earlier.line, earlier.id);
        return Some((Failed, words, None));
    }
    if let Some(receipt) = &known.facts.before {
        return Some((Failed, format!("{name} came back already: receipt {receipt} has it"), None));
    }
    let deed = known.last.as_ref().filter(|deed| is_since_sale(deed.time, evidence))?;
    let back =
        deed.biz_step.as_deref() == Some("receiving") && deed.disposition.as_deref() == Some("returned");
    back.then(|| (Failed, format!("{name} came back already: {}", told(deed)), Some(deed.document)))
}

/// True for what happened after the sale; without a sale for everything.
fn is_since_sale(time: i64, evidence: &Evidence) -> bool {
    evidence.sale.as_ref().is_none_or(|sale| time > sale.at.timestamp_micros())
}

fn told(deed: &Deed) -> String {
    let day = DateTime::from_timestamp_micros(deed.time).unwrap_or_default().date_naive();
    let words: Vec<&str> =
        [&deed.biz_step, &deed.disposition].into_iter().filter_map(|word| word.as_deref()).collect();
    format!("{} on {day}", words.join(", "))
}

fn in_date(evidence: &Evidence, today: NaiveDate) -> Finding {
    let of_label = evidence.candidate.question.expiry.date(today);
    match of_label {
        None => (Unknown, "the expiry on the label is no date".to_owned(), None),
        Some(date) if date < today => (Failed, format!("it expired on {date}"), None),
        Some(date) => (Passed, format!("it expires on {date}"), None),
    }
}

fn sold(evidence: &Evidence) -> Finding {
    let Some(sale) = &evidence.sale else {
        return (Failed, "no shipment of ours with it is known, to whomever".to_owned(), None);
    };
    let (day, shipment) = (sale.at.date_naive(), sale.shipment);
    let document = Some(sale.document);
    if sale.buyer.is_empty() {
        return (
            Unknown,
            format!("our shipment {shipment} of {day} has it, but does not say to whom it went"),
            document,
        );
    }
    if !sale.to_customer {
        let words =
            format!("our shipment {shipment} of {day} sold it to {}, not to this customer", sale.buyer);
        return (Failed, words, document);
    }
    (Passed, format!("our shipment {shipment} of {day} sold it to this customer ({})", sale.buyer), document)
}

fn label(evidence: &Evidence, today: NaiveDate) -> Finding {
    let question = &evidence.candidate.question;
    let Some(lot) = &evidence.itself.facts.lot else {
        return (Unknown, "no data of ours tell its lot and expiry".to_owned(), None);
    };
    if *lot.lot != *question.lot {
        return (Failed, format!("its label says lot {}, its data say lot {}", question.lot, lot.lot), None);
    }
    let of_data = lot.expiry.get(..10).and_then(|date| date.parse::<NaiveDate>().ok());
    let of_label = question.expiry.date(today);
    match (of_label, of_data) {
        (Some(of_label), Some(of_data)) if of_label != of_data => {
            (Failed, format!("its label says that it expires on {of_label}, its data say on {of_data}"), None)
        }
        (_, None) => (Unknown, "no data of ours tell its expiry".to_owned(), None),
        _ => (Passed, "label and data say the same lot and expiry".to_owned(), None),
    }
}

fn information(evidence: &Evidence) -> Finding {
    match &evidence.information {
        None => (Unknown, "without a sale there is no transaction information".to_owned(), None),
        Some(Information::NotTold(why)) => {
            (Unknown, format!("transaction information cannot be put together: {why}"), None)
        }
        Some(found @ Information::Found { document, affirmed, .. }) => {
            let missing = found.missing_of(&gtins(evidence));
            let document = Some(*document);
            if let Some(first) = missing.first() {
                let words = match missing.len() {
                    1 => format!("transaction information lacks the {first}"),
                    count => format!("transaction information lacks {count} elements, first the {first}"),
                };
                return (Unknown, words, document);
            }
            if !affirmed {
                let words = "the file of the sale affirms no transaction statement";
                return (Unknown, words.to_owned(), document);
            }
            (
                Passed,
                "transaction information is complete, and the statement is affirmed".to_owned(),
                document,
            )
        }
    }
}
