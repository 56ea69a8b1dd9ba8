//! GTINs in Digital Links have 14 digits.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::epc;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "https://id.gs1.org/01/0300010123455/21/11",
    good: "https://id.gs1.org/01/00300010123455/21/11",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "gtin-length",
    title: "GTINs are written with 14 digits",
    severity: Severity::Business,
    clause: "GS1 Digital Link URI Syntax §5; CBV 2.0 §8.2.1",
    why: "Receivers that compare identifiers as text find no match, and good product is held.",
    mender: Mender::Sender,
    fix: "fill the GTIN up with zeros in front, to 14 digits",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    for class in &scene.content.classes {
        let mut parts = class.prefix.trim_end_matches('/').rsplit('/').skip(1);
        let (Some(digits), Some("01" | "gtin")) = (parts.next(), parts.next()) else { continue };
        if digits.len() != 14 {
            let message = format!("the GTIN {digits} is written with {} digits, not 14", digits.len());
            let finding = scene.finding(&RULE, message).about(epc(class.first));
            let finding = match scene.event.what.parent().filter(|parent| *parent != class.first) {
                Some(parent) => finding.about(epc(parent)),
                None => finding,
            };
            notes.add(class.prefix, finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn zeros_in_front_belong_to_it() {
        let short = "https://id.gs1.org/01/0300010123455/21/1";
        let found = found(RULE.id, |sample| sample.respell_unit(short));
        assert_eq!(found, [format!("{short} urn:epc:id:sgtin:030001.1012345.9")]);
        let sound = "https://id.gs1.org/01/00300010123455/21/1";
        assert!(super::super::samples::found(RULE.id, |sample| sample.respell_unit(sound)).is_empty());
    }
}
