//! One serial number is received once, unless it was shipped again in between.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::ReceiptVerdict;
use crate::dscsa::ReceivedUnit;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) static RULE: Rule = Rule {
    id: "received-twice",
    title: "a serial number is received once, unless it was shipped again in between",
    severity: Severity::Business,
    clause: "FD&C Act 582(c)(4), (d)(4); US guideline R1.2, receiving",
    why: "Two packages with one serial number cannot both be what their maker made.",
    mender: Mender::Receiver,
    fix: "look whether there are two such packages: if so quarantine both and ask the maker, else void one receipt",
};

/// Looks at a unit that a receipt has.
pub fn check(unit: &ReceivedUnit) -> Option<Finding> {
    let twice = unit.verdict == ReceiptVerdict::ReceivedBefore;
    twice.then(|| Finding::new(&RULE, unit.why.as_str()).about(Object::Epc(unit.epc.as_str().into())))
}
