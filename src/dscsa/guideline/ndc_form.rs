//! The NDC has the form of its type code.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use super::shown;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Ndc;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "additionalTradeItemIdentification 00001012345 with type code US_FDA_NDC",
    good: "additionalTradeItemIdentification 0001-0123-45 with type code US_FDA_NDC",
    judge: Judge::Document(check),
};

static RULE: Rule = Rule {
    id: "ndc-form",
    title: "The NDC has the form of its type code",
    severity: Severity::Warning,
    clause: "21 CFR 207.33; GS1 US DSCSA guideline, master data (US_FDA_NDC with hyphens, FDA_NDC_11 with eleven digits)",
    why: "Without hyphens, or with zeros lost, nobody can tell which of several products the code names.",
    mender: Mender::Sender,
    fix: "write the NDC as FDA lists it, such as 0001-0123-45, with type code US_FDA_NDC",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    for (gtin, entry) in &whole.catalogue.products {
        let Some(ndc) = entry.attribute("additionalTradeItemIdentification") else { continue };
        let digits = ndc.bytes().filter(u8::is_ascii_digit).count();
        let sound = match entry.attribute("additionalTradeItemIdentificationTypeCode") {
            Some("US_FDA_NDC") => ndc.contains('-') && Ndc::parse(ndc).is_ok(),
            Some("FDA_NDC_11") => digits == 11 && ndc.len() == 11,
            _ => continue,
        };
        if !sound {
            let message = format!("the NDC {} of GTIN {gtin} has not the form of its type code", shown(ndc));
            notes.add(
                super::cut(ndc),
                Finding::new(&RULE, message).about(Object::TradeItem(gtin.as_str().into())),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn hyphens_are_missing() {
        let found = found(RULE.id, |sample| {
            sample.set_product(0, "additionalTradeItemIdentification", Some("0001012345"));
        });
        assert_eq!(found, ["GTIN 00300010123455"]);
    }
}
