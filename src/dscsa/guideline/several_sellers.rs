//! A document with a transaction statement has one seller.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::header_element;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Document(check) };

static RULE: Rule = Rule {
    id: "several-sellers",
    title: "A document with a transaction statement has one seller",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, transaction statement (it stands for the whole document)",
    why: "The statement holds for the whole document, and nobody can tell which seller makes it.",
    mender: Mender::Sender,
    fix: "send one document for each seller",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    let sellers = &whole.survey.sellers;
    if sellers.len() < 2 || header_element(whole.header, "dscsaTransactionStatement").is_none() {
        return;
    }
    let finding = Finding::new(&RULE, format!("{} sellers share one transaction statement", sellers.len()));
    let named = sellers.iter().take(20).map(|seller| Object::Party(seller.clone()));
    notes.add("", named.fold(finding, Finding::about));
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;
    use crate::gs1::Epc;

    #[test]
    fn two_sellers_are_named() {
        let found = found(RULE.id, |sample| {
            let mut other = sample.ship().clone();
            other.sources[0].id = Epc::parse("urn:epc:id:sgln:030001.111121.0");
            sample.events.push(other);
        });
        assert_eq!(found, ["GLN 0300011111116 GLN 0300011111215"]);
    }
}
