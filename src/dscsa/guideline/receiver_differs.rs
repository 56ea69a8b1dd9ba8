//! The document is addressed to the buyer.

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
use crate::dscsa::survey::party_key;
use crate::gs1::Epc;
use crate::gs1::Gln;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Document(check) };

static RULE: Rule = Rule {
    id: "receiver-differs",
    title: "The document is addressed to the buyer",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, SBDH (receiver) and shipping (owning_party)",
    why: "The file may have been meant for somebody else; a service provider or 3PL may also receive it in the buyer's name.",
    mender: Mender::Sender,
    fix: "address the file to the buyer, or tell us that this receiver acts in the buyer's name",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    let survey = whole.survey;
    let Some(receiver) = whole.header.sbdh.as_ref().and_then(|sbdh| sbdh.receiver()).and_then(sound_key)
    else {
        return;
    };
    let Some(event) = survey.first_transfer.filter(|_| !survey.buyers.is_empty()) else { return };
    let unclear = survey.buyers.iter().any(|buyer| is_malformed(buyer));
    if unclear || survey.buyers.contains(&receiver) || survey.places.contains_key(&receiver) {
        return;
    }
    let message = format!("the SBDH names {receiver} as receiver, and no shipment goes to it");
    let finding = Finding::new(&RULE, message).in_event(event).about(Object::Party(receiver));
    let buyers = survey.buyers.iter().take(20).map(|buyer| Object::Party(buyer.clone()));
    notes.add("", buyers.fold(finding, Finding::about));
}

/// A receiver as findings name it; `None` where it is malformed or no GLN, so that it cannot be compared.
fn sound_key(id: &str) -> Option<Box<str>> {
    if !id.contains(':') {
        return Gln::parse(id).ok().map(|gln| gln.as_str().into());
    }
    let epc = Epc::parse(id);
    epc.gln().is_some().then(|| party_key(&epc))
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn both_are_named() {
        let found = found(RULE.id, |sample| sample.set_receiver("0799999000015"));
        assert_eq!(found, ["GLN 0799999000015 GLN 0399999999991"]);
    }

    #[test]
    fn what_cannot_be_compared_is_no_finding() {
        assert!(found(RULE.id, |sample| sample.set_receiver("0399999999992")).is_empty());
        assert!(found(RULE.id, |sample| sample.set_receiver("ACME-VAN")).is_empty());
    }
}
