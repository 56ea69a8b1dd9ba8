//! Seller and buyer have name and address.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use super::address_gaps;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Document(check) };

static RULE: Rule = Rule {
    id: "party-incomplete",
    title: "Seller and buyer have name and address",
    severity: Severity::Business,
    clause: "21 U.S.C. 360eee(26)(I), (J); GS1 US DSCSA guideline, master data (Location)",
    why: "Transaction information has business name and address of both owners.",
    mender: Mender::Sender,
    fix: "complete the Location element of this party, and send the file again",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    for (owner, event) in &whole.survey.owners {
        let Some(entry) = whole.catalogue.parties.get(owner) else { continue };
        let missing = address_gaps(entry);
        if !missing.is_empty() && !(whole.options.known_party)(owner) {
            let message =
                format!("the master data of the owning party {owner} has no {}", missing.join(", no "));
            let finding = Finding::new(&RULE, message).in_event(*event);
            notes.add(owner, finding.about(Object::Party(owner.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_party() {
        let found = found(RULE.id, |sample| sample.set_party(0, "city", None));
        assert_eq!(found, ["GLN 0300011111116"]);
    }
}
