//! Places of a shipment are described.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use super::address_gaps;
use super::is_malformed;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Document(check) };

static RULE: Rule = Rule {
    id: "place-unknown",
    title: "Ship-from and ship-to location have name and address",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, master data (Location)",
    why: "The receiver cannot tell to which of its sites the goods are on their way.",
    mender: Mender::Sender,
    fix: "add a Location element with name and address for this place",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    if whole.catalogue.is_empty() {
        return;
    }
    let survey = whole.survey;
    for (place, event) in survey.places.iter().filter(|(place, _)| !survey.owners.contains_key(*place)) {
        if (whole.options.known_party)(place) || is_malformed(place) {
            continue;
        }
        let missing = match whole.catalogue.parties.get(place) {
            Some(entry) => address_gaps(entry),
            None => vec!["entry"],
        };
        if !missing.is_empty() {
            let message = format!("the master data of the location {place} has no {}", missing.join(", no "));
            let finding = Finding::new(&RULE, message).in_event(*event);
            notes.add(place, finding.about(Object::Party(place.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_place() {
        let found = found(RULE.id, |sample| sample.set_party(1, "streetAddressOne", None));
        assert_eq!(found, ["GLN 0300011111215"]);
    }
}
