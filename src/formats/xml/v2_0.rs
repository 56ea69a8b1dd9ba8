//! What is 2.0's own in writing: its namespaces, its flat events, and places for what it has none for.

use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::Name;
use crate::epcis::What;
use crate::formats::WriteError;
use crate::formats::xml::names;
use crate::formats::xml::writer::Names;
use crate::formats::xml::writer::Pen;
use crate::formats::xml::writer::is_local;
use crate::formats::xml::writer::is_local_name;

/// The namespaces of 2.0.
pub(super) const NAMES: Names = Names {
    schema_version: "2.0",
    epcis: names::EPCIS_2,
    query: names::QUERY_2,
    master_data: names::MASTER_DATA_2,
};

/// Writes an event with the wrapper that its type needs inside `EventList`.
pub(super) fn event(pen: &mut Pen, event: &Event) -> Result<(), WriteError> {
    match &event.what {
        What::Other(name) => {
            pen.open("extension");
            if is_local_name(name) {
                let carried = pen.open_carried("local");
                foreign_event(pen, event, name)?;
                pen.close_opened(carried);
            } else {
                foreign_event(pen, event, name)?;
            }
            pen.close("extension");
            Ok(())
        }
        _ => standard_event(pen, event),
    }
}

fn standard_event(pen: &mut Pen, event: &Event) -> Result<(), WriteError> {
    let kind = event.what.kind();
    pen.open_event(kind);
    head(pen, event);
    match &event.what {
        What::Object { epcs, quantities, .. } => {
            pen.any_epcs("epcList", epcs)?;
            pen.action(&event.what);
            pen.step_and_place(event)?;
            pen.business_transactions(&event.biz_transactions);
            pen.quantities("quantityList", quantities)?;
        }
        What::Aggregation { children, quantities, .. } => {
            pen.parent(&event.what)?;
            pen.any_epcs("childEPCs", children)?;
            pen.action(&event.what);
            pen.step_and_place(event)?;
            pen.business_transactions(&event.biz_transactions);
            pen.quantities("childQuantityList", quantities)?;
        }
        What::Transaction { epcs, quantities, .. } => {
            pen.required_business_transactions(&event.biz_transactions);
            pen.parent(&event.what)?;
            pen.any_epcs("epcList", epcs)?;
            pen.action(&event.what);
            pen.step_and_place(event)?;
            pen.quantities("quantityList", quantities)?;
        }
        What::Transformation { .. } => transformation(pen, event)?,
        What::Association { .. } | What::Other(_) => association(pen, event)?,
    }
    pen.sources_and_destinations(event)?;
    pen.senses(event);
    if matches!(kind, EventKind::Object | EventKind::Transformation) {
        pen.ilmd(event);
    } else {
        pen.misplaced_ilmd(event);
    }
    // Beside an event 2.0 takes elements of other namespaces alone.
    if event.extensions.iter().any(is_local) {
        let carried = pen.open_carried("local");
        pen.locals(&event.extensions);
        pen.close_opened(carried);
    }
    pen.foreign(&event.extensions);
    pen.close_event(kind);
    Ok(())
}

/// Writes the fields of a transformation from its inputs to `bizTransactionList`, the same in both versions.
pub(super) fn transformation(pen: &mut Pen, event: &Event) -> Result<(), WriteError> {
    let What::Transformation { id, input_epcs, input_quantities, output_epcs, output_quantities } =
        &event.what
    else {
        return Ok(());
    };
    pen.any_epcs("inputEPCList", input_epcs)?;
    pen.quantities("inputQuantityList", input_quantities)?;
    pen.any_epcs("outputEPCList", output_epcs)?;
    pen.quantities("outputQuantityList", output_quantities)?;
    if let Some(id) = id {
        pen.leaf("transformationID", id);
    }
    pen.step_and_place(event)?;
    pen.business_transactions(&event.biz_transactions);
    Ok(())
}

/// Writes the fields of an association from its parent to `bizTransactionList`.
pub(super) fn association(pen: &mut Pen, event: &Event) -> Result<(), WriteError> {
    pen.parent(&event.what)?;
    pen.any_epcs("childEPCs", event.what.epcs())?;
    pen.quantities("childQuantityList", event.what.quantities())?;
    pen.action(&event.what);
    pen.step_and_place(event)?;
    pen.business_transactions(&event.biz_transactions);
    Ok(())
}

/// Writes an event type of another namespace: the standard fields it has, then its own.
pub(super) fn foreign_event(pen: &mut Pen, event: &Event, name: &Name) -> Result<(), WriteError> {
    let opened = pen.open_foreign_event(name);
    head(pen, event);
    pen.step_and_place(event)?;
    pen.business_transactions(&event.biz_transactions);
    pen.sources_and_destinations(event)?;
    pen.senses(event);
    pen.ilmd(event);
    event.extensions.iter().for_each(|element| pen.element(element));
    pen.close_opened(opened);
    Ok(())
}

fn head(pen: &mut Pen, event: &Event) {
    pen.times(event);
    pen.identity(event);
    let Some((first, more)) = event.certification_info.split_first() else { return };
    pen.leaf("certificationInfo", first);
    // XML has room for one; a list comes from JSON.
    if !more.is_empty() {
        pen.open("baseExtension");
        more.iter().for_each(|uri| pen.carried_leaf("certificationInfo", uri));
        pen.close("baseExtension");
    }
}

/// Carries header elements of other namespaces, for which the header of 2.0 has no place.
pub(super) fn header_elements(pen: &mut Pen, elements: &[Element]) {
    pen.open("headerElements");
    pen.foreign(elements);
    pen.close("headerElements");
}
