//! What an operator or a partner's profile says about rules: another severity, or none at all.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::dscsa::Finding;
use crate::dscsa::PartnerPolicy;
use crate::dscsa::Severity;
use crate::dscsa::Verdict;

/// Severities that stand over those of the rules, by rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleOverrides(BTreeMap<Box<str>, Option<Severity>>);

/// A word that is no severity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("“{word}” is no severity of the rule {rule}: write hard, business, warning, note or off")]
pub struct NoSeverity {
    /// The rule.
    pub rule: String,
    /// The word.
    pub word: String,
}

impl RuleOverrides {
    /// Says `hard`, `business`, `warning`, `note` or `off` of a rule; the last word stands.
    pub fn set(&mut self, rule: &str, word: &str) -> Result<(), NoSeverity> {
        let severity = match word {
            "off" => None,
            _ => Some(
                Severity::parse(word)
                    .ok_or_else(|| NoSeverity { rule: rule.to_owned(), word: word.to_owned() })?,
            ),
        };
        self.0.insert(rule.into(), severity);
        Ok(())
    }

    /// Takes what was agreed with a partner; it stands over what was said before.
    pub fn agree(&mut self, policy: &PartnerPolicy) {
        for (rule, verdict) in &policy.rules {
            let severity = match verdict {
                Verdict::Off => None,
                Verdict::As(severity) => Some(*severity),
            };
            self.0.insert(rule.clone(), severity);
        }
    }

    /// The rules spoken of.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|rule| &**rule)
    }

    /// The word for the severity of a rule whose own this is; `None` where the rule is off.
    pub fn severity_of<'a>(&self, rule: &str, own: &'a str) -> Option<&'a str> {
        match self.0.get(rule) {
            Some(severity) => severity.map(Severity::as_str),
            None => Some(own),
        }
    }

    /// The finding as it is to be told; `None` where its rule is off.
    pub fn apply(&self, mut finding: Finding) -> Option<Finding> {
        match self.0.get(finding.rule.id) {
            Some(None) => return None,
            Some(Some(severity)) => finding.severity = *severity,
            None => {}
        }
        Some(finding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Mender;
    use crate::dscsa::Rule;

    static RULE: Rule = Rule {
        id: "example",
        title: "examples are right",
        severity: Severity::Business,
        clause: "none",
        why: "It is read.",
        mender: Mender::Sender,
        fix: "send it again",
    };

    #[test]
    fn the_last_word_stands() {
        let mut overrides = RuleOverrides::default();
        let severity = |overrides: &RuleOverrides| {
            overrides.apply(Finding::new(&RULE, "x")).map(|finding| finding.severity)
        };
        assert_eq!(severity(&overrides), Some(Severity::Business));
        overrides.set("example", "note").unwrap();
        assert_eq!(severity(&overrides), Some(Severity::Note));
        overrides.set("example", "off").unwrap();
        assert_eq!(severity(&overrides), None);
        let mut policy = PartnerPolicy::default();
        policy.rules.insert("example".into(), Verdict::As(Severity::Hard));
        overrides.agree(&policy);
        assert_eq!(severity(&overrides), Some(Severity::Hard));
        assert!(overrides.set("example", "fatal").unwrap_err().to_string().contains("“fatal”"));
    }
}
