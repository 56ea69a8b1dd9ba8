//! What the operator has agreed with a partner: how its goods are accepted, what is written for it, how rules are judged.

use std::collections::BTreeMap;

use crate::dscsa::DocumentForm;
use crate::dscsa::Finding;
use crate::dscsa::IdentifierForm;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::StatementPolicy;

/// How documents of a partner, and for it, are treated. The default is what holds for a partner nobody has described.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnerPolicy {
    /// What becomes of the good serial numbers of a file that has bad ones.
    pub acceptance: Acceptance,
    /// The release of the guideline it reads.
    pub guideline: GuidelineRelease,
    /// The form of documents it reads.
    pub form: DocumentForm,
    /// How identifiers are spelt in them.
    pub identifiers: IdentifierForm,
    /// When a transaction statement goes with them, and in which words.
    pub statement: StatementPolicy,
    /// Rules judged otherwise than usual, by their ids.
    pub rules: BTreeMap<Box<str>, Verdict>,
    /// True where it takes words of CBV 2.0 such as `completeness_verified`.
    pub takes_cbv_2: bool,
    /// What trading without a valid licence does.
    pub without_licence: WithoutLicence,
}

/// What becomes of the good serial numbers of a file that has bad ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acceptance {
    /// They are released, and the bad ones held.
    #[default]
    ReleaseGood,
    /// Everything of the file is held.
    HoldAll,
}

/// A release of the GS1 US guideline for DSCSA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuidelineRelease {
    /// R1.2, of November 2016: what every partner reads.
    #[default]
    R1_2,
    /// R1.3.
    R1_3,
}

/// How a rule is judged for one partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not at all.
    Off,
    /// With this severity.
    As(Severity),
}

/// What trading with a partner without a valid licence does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutLicence {
    /// It is a finding.
    #[default]
    Finding,
    /// Nothing of the shipment may be accepted.
    Block,
}

impl PartnerPolicy {
    /// How bad a finding of this severity is for this partner; `None` where the rule is off.
    pub fn severity(&self, rule: &Rule, severity: Severity) -> Option<Severity> {
        match self.rules.get(rule.id) {
            Some(Verdict::Off) => None,
            Some(Verdict::As(severity)) => Some(*severity),
            None => Some(severity),
        }
    }

    /// The findings as this partner's policy judges them; those of rules that are off are left out.
    pub fn judge(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let judged = findings.into_iter().filter_map(|mut finding| {
            finding.severity = self.severity(finding.rule, finding.severity)?;
            Some(finding)
        });
        judged.collect()
    }
}

impl Acceptance {
    /// Every word.
    pub const ALL: [Acceptance; 2] = [Acceptance::ReleaseGood, Acceptance::HoldAll];

    /// `release-good` or `hold-all`.
    pub fn as_str(self) -> &'static str {
        match self {
            Acceptance::ReleaseGood => "release-good",
            Acceptance::HoldAll => "hold-all",
        }
    }
}

impl GuidelineRelease {
    /// Every release, the oldest first.
    pub const ALL: [GuidelineRelease; 2] = [GuidelineRelease::R1_2, GuidelineRelease::R1_3];

    /// `R1.2` or `R1.3`.
    pub fn as_str(self) -> &'static str {
        match self {
            GuidelineRelease::R1_2 => "R1.2",
            GuidelineRelease::R1_3 => "R1.3",
        }
    }
}

impl WithoutLicence {
    /// Every word.
    pub const ALL: [WithoutLicence; 2] = [WithoutLicence::Finding, WithoutLicence::Block];

    /// `finding` or `block`.
    pub fn as_str(self) -> &'static str {
        match self {
            WithoutLicence::Finding => "finding",
            WithoutLicence::Block => "block",
        }
    }
}

impl Verdict {
    /// `off`, or the word of the severity.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Off => "off",
            Verdict::As(severity) => severity.as_str(),
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<Verdict> {
        if word == "off" { Some(Verdict::Off) } else { Severity::parse(word).map(Verdict::As) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Mender;

    static RULE: Rule = Rule {
        id: "example",
        title: "examples are right",
        severity: Severity::Business,
        clause: "none",
        why: "It is read.",
        mender: Mender::Sender,
        fix: "send it again",
    };

    fn check(verdict: Option<&str>, expected: Option<Severity>) {
        let mut policy = PartnerPolicy::default();
        let verdict = verdict.map(|word| ("example".into(), Verdict::parse(word).unwrap()));
        policy.rules.extend(verdict);
        let judged = policy.judge(vec![Finding::new(&RULE, "it is wrong")]);
        assert_eq!(judged.first().map(|finding| finding.severity), expected);
    }

    #[test]
    fn a_partner_can_have_rules_of_its_own() {
        check(None, Some(Severity::Business));
        check(Some("hard"), Some(Severity::Hard));
        check(Some("note"), Some(Severity::Note));
        check(Some("off"), None);
        assert_eq!(Verdict::parse("on"), None);
    }
}
