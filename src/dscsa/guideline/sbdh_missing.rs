//! Documents between companies name sender and receiver.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Document(check) };

static RULE: Rule = Rule {
    id: "sbdh-missing",
    title: "The header names sender, receiver and transmission",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, Standard Business Document Header",
    why: "Without them a file sent twice cannot be told from a second delivery, and nobody knows whom to answer.",
    mender: Mender::Sender,
    fix: "send the file with a Standard Business Document Header that names sender, receiver and InstanceIdentifier",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    if whole.survey.first_transfer.is_none() {
        return;
    }
    let sbdh = whole.header.sbdh.as_ref();
    let parts = [
        ("sender", sbdh.and_then(|sbdh| sbdh.sender())),
        ("receiver", sbdh.and_then(|sbdh| sbdh.receiver())),
        ("InstanceIdentifier", sbdh.and_then(|sbdh| sbdh.instance_identifier())),
    ];
    let missing: Vec<&str> = parts.iter().filter(|(_, part)| part.is_none()).map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        notes.add("", Finding::new(&RULE, format!("the header does not say {}", missing.join(", "))));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn shipments_need_it() {
        assert_eq!(found(RULE.id, |sample| sample.header.sbdh = None), [""]);
    }
}
