//! GLNs in the header, in order numbers and among parties are well formed.

use std::collections::BTreeSet;

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::Whole;
use super::shown;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::gs1::Malformed;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<sbdh:Identifier Authority=\"GLN\">0399999999992</sbdh:Identifier>",
    good: "<sbdh:Identifier Authority=\"GLN\">0399999999991</sbdh:Identifier>",
    judge: Judge::Both(check, check_header),
};

static RULE: Rule = Rule {
    id: "gln-form",
    title: "GLNs have 13 digits and the right check digit",
    severity: Severity::Business,
    clause: "GS1 General Specifications §7.9; GS1 US DSCSA guideline, business transactions and SBDH",
    why: "The company cannot be told from its number, so the file goes to nobody's inbox and matches no order.",
    mender: Mender::Sender,
    fix: "send the GLN as it stands in GS1's data hub or in the partner's master data",
};

/// Issuers of business transactions, and parties of source and destination lists.
fn check(scene: &Scene<'_>, notes: &mut Notes) {
    for transaction in &scene.event.biz_transactions {
        let Some((gln, number)) = issuer(&transaction.id) else { continue };
        if let Err(flaw) = Gln::parse(gln) {
            let message = format!("the GLN of {} is malformed: {flaw}", shown(number));
            notes.add(digits(gln), scene.finding(&RULE, message).about(party(gln)));
        }
    }
    let locations = scene.event.read_point.iter().chain(&scene.event.biz_location).map(|place| &place.id);
    let ends = scene.event.sources.iter().chain(&scene.event.destinations).map(|end| &end.id);
    // The same few places stand in event after event, so each is judged but once in one event.
    let mut seen = BTreeSet::new();
    for place in locations.chain(ends).filter(|place| seen.insert(place.as_str())) {
        if let Some(malformed) = place.fault() {
            notes.add(
                digits(place.as_str()),
                scene.finding(&RULE, said(&malformed)).about(party(place.as_str())),
            );
        }
    }
}

/// Sender and receiver of the SBDH.
fn check_header(whole: &Whole<'_>, notes: &mut Notes) {
    let Some(sbdh) = &whole.header.sbdh else { return };
    for (role, id) in [("sender", sbdh.sender()), ("receiver", sbdh.receiver())] {
        let Some(id) = id else { continue };
        let flaw = if id.contains(':') { Epc::parse(id).fault() } else { bare_fault(id) };
        if let Some(flaw) = flaw {
            let message = format!("the {role} in the SBDH is malformed: {}", said(&flaw));
            notes.add(digits(id), Finding::new(&RULE, message).about(party(id)));
        }
    }
}

/// What is wrong with bare digits; identifiers of other kinds, such as a DUNS number, are not judged.
fn bare_fault(id: &str) -> Option<Malformed> {
    let digits = id.len() == 13 && id.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Gln::parse(id).err())?
}

/// The GLN and the number of `urn:epcglobal:cbv:bt:GLN:number` (CBV 2.0 §8.5).
fn issuer(id: &str) -> Option<(&str, &str)> {
    id.strip_prefix("urn:epcglobal:cbv:bt:")?.split_once(':')
}

fn said(malformed: &Malformed) -> String {
    format!("{} {}", shown(malformed.value()), malformed.flaw())
}

fn party(text: &str) -> Object {
    Object::Party(super::cut(digits(text)).into())
}

/// The digits of a GLN in a Digital Link, so that it has one name wherever it stands; else the identifier as sent.
fn digits(text: &str) -> &str {
    let mut parts =
        text.split(['/', '?']).skip_while(|part| !matches!(*part, "414" | "417" | "gln" | "party"));
    let behind =
        parts.nth(1).filter(|part| part.len() == 13 && part.bytes().all(|byte| byte.is_ascii_digit()));
    behind.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::*;

    #[test]
    fn judges_orders_and_the_header() {
        let found = found(RULE.id, |sample| {
            sample.ship().biz_transactions[0].id = "urn:epcglobal:cbv:bt:0399999999992:PO1".into();
            sample.set_receiver("0399999999992");
        });
        assert_eq!(found, ["GLN 0399999999992"]);
    }

    #[test]
    fn one_gln_is_one_finding_however_it_is_spelt() {
        let found = found(RULE.id, |sample| {
            sample.ship().biz_transactions[0].id = "urn:epcglobal:cbv:bt:0399999999992:PO1".into();
            sample.set_receiver("https://id.gs1.org/417/0399999999992");
        });
        assert_eq!(found, ["GLN 0399999999992"]);
    }

    #[test]
    fn other_numbers_are_not_judged() {
        let found = found(RULE.id, |sample| {
            sample.ship().biz_transactions[0].id = "https://example.com/po/1".into();
            sample.set_receiver("123456789");
        });
        assert!(found.is_empty(), "{found:?}");
    }
}
