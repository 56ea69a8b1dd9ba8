//! The NDC says which form it has.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use super::shown;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<attribute id=\"urn:epcglobal:cbv:mda#additionalTradeItemIdentificationTypeCode\">NDC</attribute>",
    good: "<attribute id=\"urn:epcglobal:cbv:mda#additionalTradeItemIdentificationTypeCode\">US_FDA_NDC</attribute>",
    judge: Judge::Document(check),
};

static RULE: Rule = Rule {
    id: "ndc-type",
    title: "The type code of an NDC is US_FDA_NDC or FDA_NDC_11",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, master data (additionalTradeItemIdentificationTypeCode)",
    why: "Receivers look for the NDC under these two codes, and find none.",
    mender: Mender::Sender,
    fix: "write US_FDA_NDC with hyphens (R1.3) or FDA_NDC_11 with eleven digits (R1.2)",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    for (gtin, entry) in whole.us_products() {
        if entry.attribute("additionalTradeItemIdentification").is_none() {
            continue;
        }
        let code = entry.attribute("additionalTradeItemIdentificationTypeCode").unwrap_or_default();
        if !matches!(code, "US_FDA_NDC" | "FDA_NDC_11") {
            let said = if code.is_empty() { "missing".to_owned() } else { shown(code) };
            let message = format!("the type code of the NDC of GTIN {gtin} is {said}");
            notes.add(code, Finding::new(&RULE, message).about(Object::TradeItem(gtin.as_str().into())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn other_codes_are_told() {
        let found = found(RULE.id, |sample| {
            sample.set_product(0, "additionalTradeItemIdentificationTypeCode", Some("NDC"));
        });
        assert_eq!(found, ["GTIN 00300010123455"]);
    }
}
