//! Rules of the objects that an event is about, by type of event (EPCIS 2.0 §7.4.2 to §7.4.6).

use super::Finding;
use super::finding;
use crate::epcis::Action;
use crate::epcis::Event;
use crate::epcis::What;
use crate::gs1::Scheme;

/// An ObjectEvent names objects, or carries sensor data (§7.4.2).
pub(super) fn object_event(event: &Event) -> Option<Finding> {
    let What::Object { epcs, quantities, .. } = &event.what else { return None };
    if epcs.is_empty() && quantities.is_empty() && event.sensor_elements.is_empty() {
        return finding("epcList", "the ObjectEvent names no objects and carries no sensor data");
    }
    None
}

/// Sensor data without objects is about a place, which must be named (§7.4.2).
pub(super) fn sensor_event(event: &Event) -> Option<Finding> {
    let What::Object { epcs, quantities, .. } = &event.what else { return None };
    let of_nothing = epcs.is_empty() && quantities.is_empty() && !event.sensor_elements.is_empty();
    if of_nothing && event.read_point.is_none() && event.biz_location.is_none() {
        return finding("readPoint", "the sensor data is about no object and no place");
    }
    None
}

/// Only DELETE may leave the children out, which then means all of them (§7.4.3, §7.4.6).
pub(super) fn children(event: &Event) -> Option<Finding> {
    let (What::Aggregation { action, children, quantities, .. }
    | What::Association { action, children, quantities, .. }) = &event.what
    else {
        return None;
    };
    if *action != Action::Delete && children.is_empty() && quantities.is_empty() {
        let name = event.what.kind().name();
        return finding("childEPCs", format!("the {name} with action {} has no children", action.as_str()));
    }
    None
}

/// An AssociationEvent has a parent; an AggregationEvent too, unless its action is OBSERVE (§7.4.3, §7.4.6).
pub(super) fn parent(event: &Event) -> Option<Finding> {
    match &event.what {
        What::Association { parent: None, .. } => finding("parentID", "the AssociationEvent has no parent"),
        What::Aggregation { action, parent: None, .. } if *action != Action::Observe => {
            finding("parentID", format!("the AggregationEvent with action {} has no parent", action.as_str()))
        }
        _ => None,
    }
}

/// Only an AssociationEvent may have a place as parent (§7.4.6).
pub(super) fn parent_location(event: &Event) -> Option<Finding> {
    if matches!(event.what, What::Association { .. }) {
        return None;
    }
    let parent = event.what.parent().filter(|parent| parent.scheme() == Some(Scheme::Sgln))?;
    finding("parentID", format!("the parent {parent} is a location"))
}

/// Only DELETE may leave the objects of a TransactionEvent out, which then means all of them (§7.4.4).
pub(super) fn transaction_event(event: &Event) -> Option<Finding> {
    let What::Transaction { action, epcs, quantities, .. } = &event.what else { return None };
    if *action != Action::Delete && epcs.is_empty() && quantities.is_empty() {
        let message = format!("the TransactionEvent with action {} names no objects", action.as_str());
        return finding("epcList", message);
    }
    None
}

/// A TransformationEvent has inputs and outputs; with a transformationID, one of both is enough (§7.4.5).
pub(super) fn transformation(event: &Event) -> Option<Finding> {
    let What::Transformation { id, input_epcs, input_quantities, output_epcs, output_quantities } =
        &event.what
    else {
        return None;
    };
    let no_input = input_epcs.is_empty() && input_quantities.is_empty();
    let no_output = output_epcs.is_empty() && output_quantities.is_empty();
    match (no_input, no_output, id.is_some()) {
        (true, true, _) => finding("inputEPCList", "the TransformationEvent has neither inputs nor outputs"),
        (true, false, false) => {
            finding("inputEPCList", "the TransformationEvent has no inputs and no transformationID")
        }
        (false, true, false) => {
            finding("outputEPCList", "the TransformationEvent has no outputs and no transformationID")
        }
        _ => None,
    }
}

/// Instance and lot master data goes with the event that creates the objects (§7.4.2).
pub(super) fn ilmd(event: &Event) -> Option<Finding> {
    let action = event.what.action().filter(|action| *action != Action::Add)?;
    event.ilmd.as_ref().filter(|elements| !elements.is_empty())?;
    finding("ilmd", format!("the event has instance or lot master data with action {}", action.as_str()))
}
