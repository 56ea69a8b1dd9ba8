//! One GTIN is spelt with one company prefix.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::shown;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "urn:epc:id:sgtin:030001.0012345.11 and urn:epc:id:sgtin:0300010.012345.12",
    good: "urn:epc:id:sgtin:030001.0012345.11 and urn:epc:id:sgtin:030001.0012345.12",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "prefix-length",
    title: "The company prefix of a GTIN has one length",
    severity: Severity::Warning,
    clause: "GS1 EPC Tag Data Standard §6.3; GS1 US DSCSA guideline, identifiers",
    why: "Both spellings are the same product, but receivers that compare text take them for two, and find no match.",
    mender: Mender::Sender,
    fix: "set the length of the company prefix to what GS1 US assigned (for an NDC, two more than the labeler's digits)",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    for class in &scene.content.classes {
        let known = scene.survey.spellings.get(&class.gtin).map(|spelling| &**spelling);
        let in_event = scene.content.classes.iter().find(|other| other.gtin == class.gtin);
        let Some(first) = known.or(in_event.map(|other| other.prefix)) else { continue };
        let urns = first.starts_with("urn:") && class.prefix.starts_with("urn:");
        if urns && first != class.prefix {
            let message = format!("the GTIN is spelt {} and {}", shown(first), shown(class.prefix));
            let gtin = Object::TradeItem(class.gtin.as_str().into());
            notes.add(class.gtin.as_str(), scene.finding(&RULE, message).about(gtin));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn two_spellings_of_one_gtin_are_told() {
        let found = found(RULE.id, |sample| sample.respell_unit("urn:epc:id:sgtin:0300010.012345.1"));
        assert_eq!(found, ["GTIN 00300010123455"]);
    }
}
