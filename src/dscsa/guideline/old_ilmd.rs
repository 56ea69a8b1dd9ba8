//! Lot and expiry are written in CBV's namespace.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<gs1ushc:lotNumber>A1</gs1ushc:lotNumber>",
    good: "<cbvmda:lotNumber>A1</cbvmda:lotNumber>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "old-ilmd",
    title: "Lot and expiry are written in the namespace of CBV",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline R1.2, commissioning; CBV 1.2 §9",
    why: "This was the form of the first releases; receivers that know only today's find neither lot nor expiry.",
    mender: Mender::Sender,
    fix: "write cbvmda:lotNumber and cbvmda:itemExpirationDate, and describe the product in the header's master data",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    if scene.ilmd.old {
        notes.add(
            "",
            scene.finding(&RULE, "the ilmd is written in the namespace of the US healthcare extension"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;
    use crate::dscsa::survey::USHC_NAMESPACE;
    use crate::epcis::Name;

    #[test]
    fn the_older_namespace_is_read_and_told() {
        let rename = |sample: &mut super::super::samples::Sample| {
            for element in sample.events[0].ilmd.as_mut().unwrap() {
                element.name = Name::new(USHC_NAMESPACE, &*element.name.local);
            }
        };
        assert_eq!(found(RULE.id, rename), [""]);
        assert!(found("lot-missing", rename).is_empty());
    }
}
