//! An event stands in a document once.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::reconcile::docket::Book;
use crate::reconcile::rules::Found;

pub(super) static RULE: Rule = Rule {
    id: "repeated-event",
    title: "no event stands in a document twice",
    severity: Severity::Warning,
    clause: "CBV 2.0 §8.9",
    why: "It is taken once, so that nothing is counted twice; the sender may want to know.",
    mender: Mender::Sender,
    fix: "look why your system writes an event twice",
};

/// Looks for events that stand in the document word for word again.
pub(super) fn check(book: &Book, found: &mut Found) {
    for repeated in &book.repeated {
        let finding =
            Finding::new(&RULE, "the event stands in the document before, word for word, and is taken once")
                .in_event(repeated.position);
        let object = repeated.epc.as_deref().map(|epc| Object::Epc(epc.into()));
        found.add(object.into_iter().fold(finding, Finding::about));
    }
}
