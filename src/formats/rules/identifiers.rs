//! Rules of the identifiers of objects: what is one thing, and what is a kind of things (EPCIS 2.0 §7.3.3).

use std::collections::HashSet;

use super::Finding;
use super::epc_lists;
use super::finding;
use super::quantity_lists;
use crate::epcis::Event;
use crate::epcis::What;
use crate::formats::values;
use crate::gs1::Epc;
use crate::gs1::Scheme;

/// An object is named by a URI (§6.4).
pub(super) fn uri(event: &Event) -> Option<Finding> {
    let not_uri = |epc: &&Epc| epc.scheme().is_none() && !values::is_uri(epc.as_str());
    first(event, &not_uri, &not_uri, "is no URI")
}

/// An EPC names one thing, not a kind or lot of things (§7.3.3.1).
pub(super) fn instance(event: &Event) -> Option<Finding> {
    let names_many =
        |epc: &&Epc| epc.scheme().is_some_and(|scheme| scheme.is_class() || scheme == Scheme::Pattern);
    first(event, &names_many, &|_| false, "names a kind or lot of objects where one object is to be named")
}

/// An `epcClass` names a kind or lot of things, not one thing (§7.3.3.3).
pub(super) fn class(event: &Event) -> Option<Finding> {
    let names_one =
        |epc: &&Epc| epc.scheme().is_some_and(|scheme| !scheme.is_class() && scheme != Scheme::Pattern);
    first(event, &|_| false, &names_one, "names one object where a kind or lot of objects is to be named")
}

/// The first identifier of an object, then of a class, for which this is wrong.
fn first(
    event: &Event,
    wrong_object: &dyn Fn(&&Epc) -> bool,
    wrong_class: &dyn Fn(&&Epc) -> bool,
    wrong: &str,
) -> Option<Finding> {
    let message = |epc: &Epc| format!("{} {wrong}", values::shown(epc.as_str()));
    if let Some(parent) = event.what.parent().filter(wrong_object) {
        return finding("parentID", message(parent));
    }
    for (field, epcs) in epc_lists(&event.what) {
        if let Some(epc) = epcs.iter().find(wrong_object) {
            return finding(field, message(epc));
        }
    }
    for (field, quantities) in quantity_lists(&event.what) {
        if let Some(epc) = quantities.iter().map(|quantity| &quantity.epc_class).find(wrong_class) {
            return finding(field, message(epc));
        }
    }
    None
}

/// An `epcList` names each object once, as the JSON schema says.
pub(super) fn repeated(event: &Event) -> Option<Finding> {
    let (What::Object { epcs, .. } | What::Transaction { epcs, .. }) = &event.what else { return None };
    let epc = first_repeated(epcs)?;
    finding("epcList", format!("{} is named more than once", values::shown(epc.as_str())))
}

fn first_repeated(epcs: &[Epc]) -> Option<&Epc> {
    // Most senders list serial numbers in order, which shows without any table that none is repeated.
    if epcs.is_sorted_by(|a, b| a.as_str() < b.as_str()) {
        return None;
    }
    if let [a, b] = epcs {
        return (a.as_str() == b.as_str()).then_some(b);
    }
    if !may_repeat(epcs) {
        return None;
    }
    let mut seen = HashSet::with_capacity(epcs.len());
    epcs.iter().find(|epc| !seen.insert(epc.as_str()))
}

/// False where a table of hashes shows that none is repeated, which costs a fraction of a set of texts. A list whose
/// hashes crowd in the table, by chance or by design, ends the search early.
fn may_repeat(epcs: &[Epc]) -> bool {
    const MOST_STEPS: usize = 4;
    let size = (2 * epcs.len()).next_power_of_two();
    let mut table = vec![0_u64; size];
    let mut steps = MOST_STEPS * epcs.len();
    for epc in epcs {
        // Zero says that a slot is free.
        let hash = hash(epc.as_str().as_bytes()) | 1;
        let mut at = (hash >> 32) as usize & (size - 1);
        while let Some(slot) = table.get_mut(at) {
            if *slot == 0 {
                *slot = hash;
                break;
            }
            if *slot == hash || steps == 0 {
                return true;
            }
            steps -= 1;
            at = (at + 1) & (size - 1);
        }
    }
    false
}

/// A hash that is fast and no more: nothing may depend on two texts having two.
fn hash(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let rest = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let hash = mix(hash, rest);
    hash ^ hash >> 29
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(serials: impl IntoIterator<Item = u64>, expected: Option<u64>) {
        let uri = |serial| format!("urn:epc:id:sgtin:4012345.012345.{serial}");
        let epcs: Vec<_> = serials.into_iter().map(|serial| Epc::parse(&uri(serial))).collect();
        assert_eq!(first_repeated(&epcs).map(|epc| epc.as_str().to_owned()), expected.map(uri));
    }

    #[test]
    fn finds_what_is_repeated() {
        check([], None);
        check([1, 2, 3], None);
        check([2, 1], None);
        check([2, 2], Some(2));
        check([3, 1, 2], None);
        check([3, 1, 2, 1, 3], Some(1));
        check((0..5_000).rev(), None);
        check((0..5_000).rev().chain([4_000]), Some(4_000));
    }

    #[test]
    fn a_table_of_hashes_tells_sound_lists_apart() {
        let epcs = |count: u64| -> Vec<Epc> {
            (0..count).map(|serial| Epc::parse(&format!("urn:example:{}", serial * 7_919))).collect()
        };
        for count in [3, 10, 1_000, 20_000] {
            assert!(!may_repeat(&epcs(count)), "{count}");
        }
        assert!(may_repeat(&[epcs(9), epcs(1)].concat()));
    }
}
