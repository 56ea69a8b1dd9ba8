//! What is 1.2's own in writing: its namespaces, its wrappers, its order.

use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::What;
use crate::formats::WriteError;
use crate::formats::xml::names;
use crate::formats::xml::v2_0;
use crate::formats::xml::writer::Names;
use crate::formats::xml::writer::Pen;
use crate::formats::xml::writer::is_local;
use crate::formats::xml::writer::is_local_name;

/// The namespaces of 1.0 to 1.2.
pub(super) const NAMES: Names = Names {
    schema_version: "1.2",
    epcis: names::EPCIS_1,
    query: names::QUERY_1,
    master_data: names::MASTER_DATA_1,
};

/// Writes an event with the wrappers that its type needs inside `EventList`.
pub(super) fn event(pen: &mut Pen, event: &Event) -> Result<(), WriteError> {
    let wrappers = match event.what.kind() {
        _ if pen.is_bare() => 0,
        EventKind::Object | EventKind::Aggregation | EventKind::Transaction => 0,
        EventKind::Transformation => 1,
        EventKind::Association | EventKind::Other => 2,
    };
    (0..wrappers).for_each(|_| pen.open("extension"));
    match &event.what {
        What::Other(name) if is_local_name(name) => v2_0::foreign_event(pen, event, name)?,
        // The wildcard there takes elements in no namespace alone.
        What::Other(name) => {
            pen.open("foreignEvent");
            v2_0::foreign_event(pen, event, name)?;
            pen.close("foreignEvent");
        }
        _ => standard_event(pen, event)?,
    }
    (0..wrappers).for_each(|_| pen.close("extension"));
    Ok(())
}

fn standard_event(pen: &mut Pen, event: &Event) -> Result<(), WriteError> {
    let kind = event.what.kind();
    pen.open_event(kind);
    pen.times(event);
    base_extension(pen, event);
    match &event.what {
        What::Object { epcs, .. } => {
            pen.epcs("epcList", epcs)?;
            pen.action(&event.what);
            pen.step_and_place(event)?;
            pen.business_transactions(&event.biz_transactions);
            extension(pen, event, "quantityList")?;
        }
        What::Aggregation { children, .. } => {
            pen.parent(&event.what)?;
            pen.epcs("childEPCs", children)?;
            pen.action(&event.what);
            pen.step_and_place(event)?;
            pen.business_transactions(&event.biz_transactions);
            extension(pen, event, "childQuantityList")?;
        }
        What::Transaction { epcs, .. } => {
            pen.required_business_transactions(&event.biz_transactions);
            pen.parent(&event.what)?;
            pen.epcs("epcList", epcs)?;
            pen.action(&event.what);
            pen.step_and_place(event)?;
            extension(pen, event, "quantityList")?;
        }
        What::Transformation { .. } => {
            v2_0::transformation(pen, event)?;
            pen.sources_and_destinations(event)?;
            pen.ilmd(event);
            later_fields(pen, event);
        }
        // Unknown to 1.2, whose wildcard takes it in the form that 2.0 gives it.
        What::Association { .. } | What::Other(_) => {
            v2_0::association(pen, event)?;
            pen.sources_and_destinations(event)?;
            pen.senses(event);
            pen.misplaced_ilmd(event);
            if event.extensions.iter().any(is_local) {
                pen.open("extension");
                pen.locals(&event.extensions);
                pen.close("extension");
            }
        }
    }
    pen.foreign(&event.extensions);
    pen.close_event(kind);
    Ok(())
}

fn base_extension(pen: &mut Pen, event: &Event) {
    let certified = !event.certification_info.is_empty();
    if event.id.is_none() && event.error_declaration.is_none() && !certified {
        return;
    }
    pen.open("baseExtension");
    pen.identity(event);
    if certified {
        pen.open("extension");
        event.certification_info.iter().for_each(|uri| pen.leaf("certificationInfo", uri));
        pen.close("extension");
    }
    pen.close("baseExtension");
}

/// What 1.1 added to the events of 1.0, and in one more `extension` what 2.0 added.
fn extension(pen: &mut Pen, event: &Event, quantities: &str) -> Result<(), WriteError> {
    let has_ilmd = event.ilmd.is_some() && event.what.kind() == EventKind::Object;
    let needed = !event.what.quantities().is_empty()
        || !event.sources.is_empty()
        || !event.destinations.is_empty()
        || has_ilmd
        || has_later_fields(event);
    if needed {
        pen.open("extension");
        pen.quantities(quantities, event.what.quantities())?;
        pen.sources_and_destinations(event)?;
        if has_ilmd {
            pen.ilmd(event);
        }
        later_fields(pen, event);
        pen.close("extension");
    }
    if !has_ilmd {
        pen.misplaced_ilmd(event);
    }
    Ok(())
}

fn has_later_fields(event: &Event) -> bool {
    !event.sensor_elements.is_empty()
        || event.persistent_disposition.is_some()
        || event.extensions.iter().any(is_local)
}

/// What 2.0 added and elements in no namespace, where the wildcard of 1.2 takes them.
fn later_fields(pen: &mut Pen, event: &Event) {
    if has_later_fields(event) {
        pen.open("extension");
        pen.senses(event);
        pen.locals(&event.extensions);
        pen.close("extension");
    }
}
