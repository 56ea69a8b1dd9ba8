//! NDC and GTIN name one product.

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
    bad: "GTIN 00300010123455 with NDC 0001-0124-45",
    good: "GTIN 00300010123455 with NDC 0001-0123-45",
    judge: Judge::Document(check),
};

static RULE: Rule = Rule {
    id: "ndc-differs",
    title: "NDC and GTIN name one product",
    severity: Severity::Warning,
    clause: "21 CFR 207.33; GS1 US DSCSA guideline, identifiers (a GTIN on prefix 03 holds the ten digits of the NDC)",
    why: "One of the two names another product, and the receiver's catalogue will not match.",
    mender: Mender::Sender,
    fix: "correct the NDC or the GTIN in the master data",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    for (gtin, entry) in whole.us_products() {
        let Some(text) = entry.attribute("additionalTradeItemIdentification") else { continue };
        let Ok(ndc) = Ndc::parse(text) else { continue };
        let held = Ndc::in_gtin(*gtin, None);
        if !held.is_empty() && !held.contains(&ndc) {
            let message = format!("the NDC {} is not the one in GTIN {gtin}", shown(text));
            notes.add(
                super::cut(text),
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
    fn another_product_is_told() {
        let code = |text: &'static str| {
            move |sample: &mut super::super::samples::Sample| {
                sample.set_product(0, "additionalTradeItemIdentification", Some(text))
            }
        };
        assert_eq!(found(RULE.id, code("0001-0124-45")), ["GTIN 00300010123455"]);
        assert!(found(RULE.id, code("00001-0123-45")).is_empty());
    }
}
