//! Findings in the making: what has one cause is one finding, however many events show it.

use std::collections::BTreeMap;

use crate::dscsa::Finding;
use crate::dscsa::Object;

/// Findings kept of one rule; the others are counted.
const MOST_OF_A_RULE: usize = 200;

/// Objects named in one finding; the others are counted.
const MOST_OBJECTS: usize = 100;

/// Findings by their causes.
#[derive(Debug, Default)]
pub struct Notes {
    notes: Vec<Note>,
    by_cause: BTreeMap<(&'static str, Box<str>), usize>,
    of_rule: BTreeMap<&'static str, usize>,
    left_out: u64,
}

#[derive(Debug)]
struct Note {
    finding: Finding,
    events: u64,
    more_objects: u64,
}

impl Notes {
    /// Adds a finding, or joins it to the one of the same rule and cause.
    pub fn add(&mut self, cause: &str, finding: Finding) {
        let key = (finding.rule.id, Box::from(cause));
        if let Some(note) = self.by_cause.get(&key).and_then(|at| self.notes.get_mut(*at)) {
            note.join(finding);
            return;
        }
        let count = self.of_rule.entry(finding.rule.id).or_default();
        if *count >= MOST_OF_A_RULE {
            self.left_out += 1;
            return;
        }
        *count += 1;
        self.by_cause.insert(key, self.notes.len());
        self.notes.push(Note { finding, events: 1, more_objects: 0 });
    }

    /// The findings, and how many were left out.
    pub fn finish(self) -> (Vec<Finding>, u64) {
        (self.notes.into_iter().map(Note::finish).collect(), self.left_out)
    }
}

impl Note {
    fn join(&mut self, other: Finding) {
        if other.event != self.finding.event {
            self.events += 1;
        }
        for object in other.objects {
            if self.finding.objects.contains(&object) || self.lowers(&object) {
                continue;
            }
            if self.finding.objects.len() < MOST_OBJECTS {
                self.finding.objects.push(object);
            } else {
                self.more_objects += 1;
            }
        }
    }

    /// Takes another packaging level of a lot that is named already: the lower one stands for both.
    fn lowers(&mut self, object: &Object) -> bool {
        let Object::Lot(gtin, lot) = object else { return false };
        let product = |gtin: &str| gtin.get(1..13).map(str::to_owned);
        self.finding.objects.iter_mut().any(|named| match named {
            Object::Lot(level, same) if same == lot && product(level) == product(gtin) => {
                if gtin < level {
                    *level = gtin.clone();
                }
                true
            }
            _ => false,
        })
    }

    fn finish(self) -> Finding {
        let Note { mut finding, events, more_objects } = self;
        if events > 1 {
            finding.message += &format!(", in {events} events");
        }
        if more_objects > 0 {
            let kind = finding.objects.last().map_or("object", Object::kind);
            finding.message += &format!(", and {more_objects} more of this kind ({kind})");
        }
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Mender;
    use crate::dscsa::Rule;
    use crate::dscsa::Severity;

    static RULE: Rule = Rule {
        id: "example",
        title: "examples are right",
        severity: Severity::Note,
        clause: "none",
        why: "It is read.",
        mender: Mender::Sender,
        fix: "send it again",
    };

    #[test]
    fn one_cause_is_one_finding() {
        let mut notes = Notes::default();
        for event in 0..300 {
            let object = Object::Epc(format!("urn:x:{event}").into());
            notes.add("cause", Finding::new(&RULE, "it is wrong").in_event(event).about(object));
        }
        let (findings, left_out) = notes.finish();
        assert_eq!((findings.len(), left_out), (1, 0));
        assert_eq!((findings[0].event, findings[0].objects.len()), (Some(0), 100));
        assert_eq!(findings[0].message, "it is wrong, in 300 events, and 200 more of this kind (epc)");
    }

    #[test]
    fn the_unit_stands_for_its_case() {
        let mut notes = Notes::default();
        for gtin in ["50300010123450", "00300010123455", "10300010123452"] {
            notes.add("", Finding::new(&RULE, "it is wrong").about(Object::Lot(gtin.into(), "A1".into())));
        }
        let (findings, _) = notes.finish();
        assert_eq!(findings[0].objects, [Object::Lot("00300010123455".into(), "A1".into())]);
    }

    #[test]
    fn causes_without_end_are_counted() {
        let mut notes = Notes::default();
        (0..1_000).for_each(|cause| notes.add(&format!("{cause}"), Finding::new(&RULE, "it is wrong")));
        let (findings, left_out) = notes.finish();
        assert_eq!((findings.len(), left_out), (200, 800));
    }
}
