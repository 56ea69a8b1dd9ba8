//! No more serial numbers of a lot are seen than were commissioned in it.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::gs1::Gtin;

pub(super) static RULE: Rule = Rule {
    id: "lot-overfilled",
    title: "no more serial numbers of a lot are seen than were commissioned in it",
    severity: Severity::Warning,
    clause: "FD&C Act 581(8): suspect product",
    why: "Packages beyond those that the maker commissioned were made by nobody that we know.",
    mender: Mender::Sender,
    fix: "send the commissioning of the serial numbers that are missing, or say that you did not make them",
};

/// Compares how many serial numbers of a lot were commissioned with how many have been seen; a lot of which nothing was
/// commissioned waits for its data.
pub fn check((gtin, lot): (&Gtin, &str), commissioned: u64, seen: u64) -> Option<Finding> {
    (commissioned > 0 && seen > commissioned).then(|| {
        let message = format!(
            "{seen} serial numbers of lot {lot} of GTIN {gtin} have been seen, and {commissioned} were commissioned"
        );
        Finding::new(&RULE, message).about(Object::Lot(gtin.as_str().into(), lot.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_has_room_for_what_was_commissioned() {
        let gtin = Gtin::parse("00300010123455").unwrap();
        let found = |commissioned, seen| check((&gtin, "A1"), commissioned, seen).is_some();
        assert!(found(5, 6));
        assert!(!found(5, 5) && !found(0, 3));
    }
}
