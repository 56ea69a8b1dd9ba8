//! The declaration that an event was wrong (EPCIS 2.0 §7.4.1.2).

use crate::epcis::Element;
use crate::epcis::EventTime;
use crate::epcis::Term;

/// `errorDeclaration`: the event that carries it repeats a wrong event and says since when and why it is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorDeclaration {
    /// `declarationTime`.
    pub declaration_time: EventTime,
    /// `reason`, such as `incorrect_data`.
    pub reason: Option<Term>,
    /// `correctiveEventIDs`: URIs of the events that say it right.
    pub corrective_event_ids: Vec<Box<str>>,
    /// What other namespaces add.
    pub extensions: Vec<Element>,
}
