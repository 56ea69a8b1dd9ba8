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
    let mut seen = HashSet::with_capacity(epcs.len());
    epcs.iter().find(|epc| !seen.insert(epc.as_str()))
}
