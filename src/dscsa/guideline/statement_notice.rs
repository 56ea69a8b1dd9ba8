//! The legal notice has the guideline's words.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use super::shown;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::header_element;

/// The guideline's words.
const NOTICE: &str = "Seller has complied with each applicable subsection of FDCA Sec. 581(27)(A)-(G).";

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<gs1ushc:legalNotice>We comply.</gs1ushc:legalNotice>",
    good: "<gs1ushc:legalNotice>Seller has complied with each applicable subsection of FDCA Sec. 581(27)(A)-(G).</gs1ushc:legalNotice>",
    judge: Judge::Document(check),
};

static RULE: Rule = Rule {
    id: "statement-notice",
    title: "The legal notice has the guideline's words",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, transaction statement",
    why: "Other words may say less than the law asks, and an inspector would have to be told why.",
    mender: Mender::Sender,
    fix: "write the notice as the guideline has it: “Seller has complied with each applicable subsection of FDCA Sec. \
          581(27)(A)-(G).”",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    let Some(statement) = header_element(whole.header, "dscsaTransactionStatement") else { return };
    let notice = statement.child("legalNotice").and_then(|element| element.text()).unwrap_or_default();
    // Where a line ends is the choice of whoever laid the document out.
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    if letters(notice) != letters(NOTICE) {
        let said = if notice.trim().is_empty() { "nothing".to_owned() } else { shown(notice.trim()) };
        notes.add("", Finding::new(&RULE, format!("the legal notice says {said}")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn other_words_are_told() {
        assert_eq!(found(RULE.id, |sample| sample.set_statement("legalNotice", "We comply.")), [""]);
        let broken = "Seller has complied with each applicable subsection of FDCA Sec. 581(27)(A)-\n  (G).";
        assert!(found(RULE.id, |sample| sample.set_statement("legalNotice", broken)).is_empty());
    }
}
