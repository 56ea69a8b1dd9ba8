//! What was decommissioned, destroyed or dispensed is seen no more.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::ReceiptVerdict;
use crate::dscsa::ReceivedUnit;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) static RULE: Rule = Rule {
    id: "seen-after-end",
    title: "nothing arrives after it was decommissioned, destroyed or dispensed",
    severity: Severity::Hard,
    clause: "FD&C Act 581(8), 582(d)(4): suspect product",
    why: "A package that was used up or destroyed cannot arrive; what carries its serial number may be a copy.",
    mender: Mender::Receiver,
    fix: "quarantine the package, and ask the maker and whoever reported its end",
};

/// Looks at a unit that a receipt has.
pub fn check(unit: &ReceivedUnit) -> Option<Finding> {
    let ended = unit.verdict == ReceiptVerdict::Ended;
    ended.then(|| Finding::new(&RULE, unit.why.as_str()).about(Object::Epc(unit.epc.as_str().into())))
}
