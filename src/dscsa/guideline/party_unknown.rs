//! Seller and buyer are known.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use super::is_malformed;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Document(check) };

static RULE: Rule = Rule {
    id: "party-unknown",
    title: "Seller and buyer are in the master data or among the partners",
    severity: Severity::Business,
    clause: "21 U.S.C. 360eee(26)(I), (J), 360eee-1(c)(3); GS1 US DSCSA guideline, master data (Location)",
    why: "One may deal with authorised partners only, and this number names nobody whose name and address are known.",
    mender: Mender::Sender,
    fix: "send the right GLN, or the master data of this party",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    if whole.catalogue.is_empty() {
        return;
    }
    for (owner, event) in &whole.survey.owners {
        let known = whole.catalogue.parties.contains_key(owner) || (whole.options.known_party)(owner);
        if !known && !is_malformed(owner) {
            let message = format!("the owning party {owner} is in no master data and no partner list");
            let finding = Finding::new(&RULE, message).in_event(*event);
            notes.add(owner, finding.about(Object::Party(owner.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;
    use crate::gs1::Epc;

    #[test]
    fn names_the_stranger_and_nobody_else() {
        let stranger = |sample: &mut super::super::samples::Sample| {
            sample.ship().sources[0].id = Epc::parse("urn:epc:id:sgln:0799999.00001.0");
        };
        assert_eq!(found(RULE.id, stranger), ["GLN 0799999000015"]);
        let partner = |sample: &mut super::super::samples::Sample| {
            stranger(sample);
            sample.options.known_party = Box::new(|gln| gln == "0799999000015");
        };
        assert!(found(RULE.id, partner).is_empty());
    }
}
