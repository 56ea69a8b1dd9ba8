//! Why an event happened: business transactions, sources, destinations, lasting dispositions (EPCIS 2.0 §7.3.6).

use crate::epcis::Term;
use crate::gs1::Epc;

/// One `bizTransaction`: a document such as a purchase order (§7.3.6.3).
#[derive(Clone, Debug, PartialEq)]
pub struct BizTransaction {
    /// The type, such as `po`; optional in the standard.
    pub kind: Option<Term>,
    /// The identifier as sent, such as `urn:epcglobal:cbv:bt:0399999999991:1234`.
    pub id: Box<str>,
}

/// One `source` or `destination`: a party or place at either end of a transfer (§7.3.6.4).
#[derive(Clone, Debug, PartialEq)]
pub struct SourceDest {
    /// The type, such as `owning_party`.
    pub kind: Term,
    /// Who or where, usually an SGLN or PGLN.
    pub id: Epc,
}

/// `persistentDisposition`: dispositions that begin or end with the event and last beyond it (§7.3.5.7).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersistentDisposition {
    /// Dispositions that begin.
    pub set: Vec<Term>,
    /// Dispositions that end.
    pub unset: Vec<Term>,
}
