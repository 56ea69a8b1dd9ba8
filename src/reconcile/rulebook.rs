//! Every rule that documents and goods are checked by, in one list for all who show it.

use crate::dscsa::Rule;
use crate::dscsa::guideline;
use crate::formats::rules as form;
use crate::reconcile::rules as items;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The form of a document: EPCIS and CBV.
    Form,
    /// What the law and the GS1 US guideline ask of one document.
    Guideline,
    /// What must hold of each item, across events and documents.
    Items,
}

impl Subject {
    /// `form`, `guideline` or `items`.
    pub fn as_str(self) -> &'static str {
        match self {
            Subject::Form => "form",
            Subject::Guideline => "guideline",
            Subject::Items => "items",
        }
    }
}

/// One rule as it is explained; what a rule of form does not say is empty.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its identifier, the last part of its page's address.
    pub id: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// What it asks, in a few words.
    pub title: &'static str,
    /// How bad a breach is: `hard`, `business`, `warning` or `note`; `error` or `warning` for a rule of form.
    pub severity: &'static str,
    /// The clause of the law, the guideline or the standard.
    pub clause: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// Who mends it: `sender`, `receiver` or `nobody`.
    pub mender: &'static str,
    /// How it is mended.
    pub fix: &'static str,
    /// A piece of a document that breaks it.
    pub bad: &'static str,
    /// The same piece as it should be.
    pub good: &'static str,
}

impl Entry {
    /// What it asks, or how it is mended where it has no title.
    pub fn words(&self) -> &'static str {
        if self.title.is_empty() { self.fix } else { self.title }
    }

    /// The address of its page for people.
    pub fn page(&self) -> String {
        format!("/rules/{}", self.id)
    }

    /// True for a rule of form, whose severity nobody can set.
    pub fn is_of_form(&self) -> bool {
        self.subject == Subject::Form
    }
}

/// Every rule, by subject.
pub fn rules() -> impl Iterator<Item = Entry> {
    let of_document =
        guideline::ALL.iter().map(|check| of_rule(Subject::Guideline, check.rule, check.bad, check.good));
    let of_items = items::ALL.iter().map(|rule| of_rule(Subject::Items, rule, "", ""));
    of_document.chain(of_items).chain(form::ALL.iter().map(of_form))
}

/// The rule of this identifier.
pub fn rule(id: &str) -> Option<Entry> {
    rules().find(|entry| entry.id == id)
}

fn of_rule(subject: Subject, rule: &'static Rule, bad: &'static str, good: &'static str) -> Entry {
    Entry {
        id: rule.id,
        subject,
        title: rule.title,
        severity: rule.severity.as_str(),
        clause: rule.clause,
        why: rule.why,
        mender: rule.mender.as_str(),
        fix: rule.fix,
        bad,
        good,
    }
}

fn of_form(rule: &'static form::Rule) -> Entry {
    Entry {
        id: rule.name,
        subject: Subject::Form,
        title: "",
        severity: rule.severity.as_str(),
        clause: "EPCIS 2.0 §7.3, §7.4",
        why: "",
        mender: "sender",
        fix: rule.fix,
        bad: "",
        good: "",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_rule_has_a_name_of_its_own() {
        let mut seen = BTreeSet::new();
        for entry in rules() {
            assert!(seen.insert(entry.id), "{} is named twice", entry.id);
            assert!(rule(entry.id).is_some_and(|found| found.fix == entry.fix));
        }
        assert!(rule("no-such-rule").is_none());
    }
}
