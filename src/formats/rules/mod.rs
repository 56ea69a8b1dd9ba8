//! The conditional rules that no schema states, once for all forms (EPCIS 2.0 §7.3 and §7.4).
//!
//! To add a rule, write a function in the file of its subject and one line in [`ALL`]. A rule is an error only where the
//! standard is unambiguous and no sound document of the field breaks it; any other is a warning.

mod how;
mod identifiers;
mod quantities;
mod what;
mod why;

use crate::epcis::Event;
use crate::epcis::Quantity;
use crate::epcis::What;
use crate::formats::Fault;
use crate::formats::Severity;
use crate::gs1::Epc;

/// A rule that an event breaks, and the field in which it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// What is wrong.
    pub fault: Fault,
    /// The standard's name of the field, such as `persistentDisposition`; empty for the event as a whole.
    pub field: &'static str,
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its identifier, such as `parent`.
    pub name: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// How to mend an event that breaks it, one imperative sentence without a full stop.
    pub fix: &'static str,
    check: fn(&Event) -> Option<Finding>,
}

/// The first place where an event breaks a rule: the field, and what is wrong there.
struct Finding {
    field: &'static str,
    message: String,
}

const fn error(name: &'static str, check: fn(&Event) -> Option<Finding>, fix: &'static str) -> Rule {
    Rule { name, severity: Severity::Error, fix, check }
}

const fn warning(name: &'static str, check: fn(&Event) -> Option<Finding>, fix: &'static str) -> Rule {
    Rule { name, severity: Severity::Warning, fix, check }
}

/// Every rule, in the order in which they are checked.
pub const ALL: &[Rule] = &[
    error("object-event-objects", what::object_event, "add an epcList or a quantityList"),
    error("sensor-event-place", what::sensor_event, "add a readPoint or bizLocation, or say which objects"),
    error("children", what::children, "add childEPCs or a childQuantityList"),
    error("parent", what::parent, "add the parentID"),
    warning("parent-location", what::parent_location, "name an object such as an SSCC as parentID"),
    error("transaction-event-objects", what::transaction_event, "add an epcList or a quantityList"),
    error(
        "transformation-inputs-outputs",
        what::transformation,
        "add what is missing, or a transformationID",
    ),
    error(
        "ilmd-action",
        what::ilmd,
        "move the ilmd to the event that creates the objects, or make the action ADD",
    ),
    error(
        "identifier-uri",
        identifiers::uri,
        "write a URI such as urn:epc:id:sgtin:… or https://id.gs1.org/01/…",
    ),
    warning(
        "instance-identifier",
        identifiers::instance,
        "move it to the quantity list, or name each object",
    ),
    error("class-identifier", identifiers::class, "move it to the list of EPCs, or name its class"),
    warning("repeated-epc", identifiers::repeated, "name each object once"),
    error("negative-quantity", quantities::negative, "write a quantity of zero or more"),
    error("fractional-count", quantities::fraction, "add the unit of measure, or count whole objects"),
    error("unit-without-quantity", quantities::unit_alone, "add the quantity, or remove the uom"),
    error("unit-form", quantities::unit_form, "write a code of UN/ECE Recommendation 20 such as KGM"),
    error("business-transaction", why::transaction, "add a bizTransactionList"),
    warning("persistent-disposition-event", why::persistent_event, "say it in an ObjectEvent"),
    error("persistent-disposition-empty", why::persistent_empty, "add set or unset, or remove it"),
    warning("persistent-disposition-repeated", why::persistent_repeated, "name each disposition once"),
    warning(
        "corrective-events",
        why::corrective,
        "remove correctiveEventIDs, or make the reason incorrect_data",
    ),
    error("sensor-report", how::report, "add a sensorReport, or remove the sensorElement"),
    warning("sensor-report-type", how::kind, "add the type, such as Temperature"),
    warning("sensor-substance", how::substance, "write a report for each"),
    warning("sensor-field-twice", how::twice, "say it in sensorMetadata alone"),
    warning("sensor-period", how::period, "correct startTime or endTime"),
    warning("sensor-after-event", how::after, "correct the time, or make eventTime later"),
];

/// Reports every conditional rule that the event breaks, each once.
pub fn check(event: &Event, report: &mut dyn FnMut(Breach)) {
    for rule in ALL {
        if let Some(Finding { field, message }) = (rule.check)(event) {
            let fault = Fault { rule: rule.name, severity: rule.severity, message, fix: rule.fix.into() };
            report(Breach { fault, field });
        }
    }
}

fn finding(field: &'static str, message: impl Into<String>) -> Option<Finding> {
    Some(Finding { field, message: message.into() })
}

/// The lists of EPCs with their names; a type of event with one list has an empty second.
fn epc_lists(what: &What) -> [(&'static str, &[Epc]); 2] {
    match what {
        What::Object { epcs, .. } | What::Transaction { epcs, .. } => [("epcList", epcs), ("", &[])],
        What::Aggregation { children, .. } | What::Association { children, .. } => {
            [("childEPCs", children), ("", &[])]
        }
        What::Transformation { input_epcs, output_epcs, .. } => {
            [("inputEPCList", input_epcs), ("outputEPCList", output_epcs)]
        }
        What::Other(_) => [("", &[]), ("", &[])],
    }
}

/// The lists of quantities with their names; a type of event with one list has an empty second.
fn quantity_lists(what: &What) -> [(&'static str, &[Quantity]); 2] {
    match what {
        What::Object { quantities, .. } | What::Transaction { quantities, .. } => {
            [("quantityList", quantities), ("", &[])]
        }
        What::Aggregation { quantities, .. } | What::Association { quantities, .. } => {
            [("childQuantityList", quantities), ("", &[])]
        }
        What::Transformation { input_quantities, output_quantities, .. } => {
            [("inputQuantityList", input_quantities), ("outputQuantityList", output_quantities)]
        }
        What::Other(_) => [("", &[]), ("", &[])],
    }
}

#[cfg(test)]
mod tests;
