//! Where an event happened (EPCIS 2.0 §7.3.5.4 and §7.3.5.5).

use crate::epcis::Element;
use crate::gs1::Epc;

/// A `readPoint` or `bizLocation`: an identifier, usually an SGLN, and what other namespaces add.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    /// `id`.
    pub id: Epc,
    /// What other namespaces add; elements in no namespace come from its `extension`.
    pub extensions: Vec<Element>,
}
