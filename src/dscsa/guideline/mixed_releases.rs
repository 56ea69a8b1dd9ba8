//! A document follows one release of the guideline.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::Release;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Document(check) };

static RULE: Rule = Rule {
    id: "mixed-releases",
    title: "A document follows one release of the guideline",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, R1.2 and R1.3",
    why: "Receivers set a reader for each partner by its release, and half of this document is foreign to either.",
    mender: Mender::Sender,
    fix: "use one NDC type code, and one form of directPurchase",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    if whole.release == Release::Mixed {
        notes.add("", Finding::new(&RULE, whole.release_by));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn two_type_codes_are_told() {
        let found = found(RULE.id, |sample| {
            sample.set_product(0, "additionalTradeItemIdentificationTypeCode", Some("FDA_NDC_11"));
        });
        assert_eq!(found, [""]);
    }
}
