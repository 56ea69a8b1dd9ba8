//! The transaction statement is affirmed.

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

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<gs1ushc:affirmTransactionStatement>false</gs1ushc:affirmTransactionStatement>",
    good: "<gs1ushc:affirmTransactionStatement>true</gs1ushc:affirmTransactionStatement>",
    judge: Judge::Document(check),
};

static RULE: Rule = Rule {
    id: "statement-false",
    title: "The transaction statement is affirmed",
    severity: Severity::Hard,
    clause: "21 U.S.C. 360eee(27); GS1 US DSCSA guideline, transaction statement",
    why: "The seller does not say that the law was kept, and without that nobody may accept ownership.",
    mender: Mender::Sender,
    fix: "send the file again with affirmTransactionStatement true, if that is so",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    let Some(statement) = header_element(whole.header, "dscsaTransactionStatement") else { return };
    let affirmed = statement.child("affirmTransactionStatement").and_then(|element| element.text());
    let affirmed = affirmed.map(str::trim).unwrap_or_default();
    if !matches!(affirmed, "true" | "1") {
        let said = if affirmed.is_empty() { "nothing".to_owned() } else { shown(affirmed) };
        notes.add("", Finding::new(&RULE, format!("affirmTransactionStatement says {said}, not true")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn no_other_word_affirms() {
        assert_eq!(
            found(RULE.id, |sample| sample.set_statement("affirmTransactionStatement", "false")),
            [""]
        );
        assert!(found(RULE.id, |sample| sample.set_statement("affirmTransactionStatement", "1")).is_empty());
    }
}
