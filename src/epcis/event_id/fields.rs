//! The fields of an event in the order of the hash (CBV 2.0 §8.9.2).

use crate::epcis::BizTransaction;
use crate::epcis::Event;
use crate::epcis::Location;
use crate::epcis::PersistentDisposition;
use crate::epcis::Quantity;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::What;
use crate::epcis::event_id::assembly::Assembly;
use crate::epcis::event_id::elements;
use crate::epcis::event_id::sensors;
use crate::epcis::event_id::values;
use crate::gs1::Epc;

/// Writes the pre-hash string of an event.
pub(super) fn write(event: &Event, out: &mut Assembly) {
    out.push("eventType=");
    match &event.what {
        What::Other(name) => elements::name(name, out),
        standard => out.push(standard.kind().name()),
    }
    out.push("eventTime=");
    values::time(&event.time, &mut out.text);
    out.push("eventTimeZoneOffset=");
    out.push(event.time_zone_offset.as_str());
    uris("certificationInfo=", &event.certification_info, out);
    write_what(&event.what, out);
    word("bizStep=", event.biz_step.as_ref(), out);
    word("disposition=", event.disposition.as_ref(), out);
    if let Some(lasting) = &event.persistent_disposition {
        write_lasting(lasting, out);
    }
    place("readPoint", event.read_point.as_ref(), out);
    place("bizLocation", event.biz_location.as_ref(), out);
    sensors::write(&event.sensor_elements, out);
    write_rest(event, out);
}

/// Writes what the reference implementation sorts as wholes.
fn write_rest(event: &Event, out: &mut Assembly) {
    let level = out.open();
    out.part(|out| transactions(&event.biz_transactions, out));
    out.part(|out| ends("destinationList", "destination=", &event.destinations, out));
    out.part(|out| {
        if let Some(ilmd) = event.ilmd.as_ref().filter(|elements| !elements.is_empty()) {
            out.push("ilmd");
            elements::write_sorted(ilmd, out);
        }
    });
    out.part(|out| ends("sourceList", "source=", &event.sources, out));
    elements::write_parts(&event.extensions, out);
    out.close(level);
}

fn write_what(what: &What, out: &mut Assembly) {
    if let Some(parent) = what.parent() {
        identifier("parentID=", parent, out);
    }
    match what {
        What::Object { epcs: list, quantities, .. } | What::Transaction { epcs: list, quantities, .. } => {
            epcs("epcList", list, out);
            write_quantities("quantityList", quantities, out);
        }
        What::Aggregation { children, quantities, .. } | What::Association { children, quantities, .. } => {
            epcs("childEPCs", children, out);
            write_quantities("childQuantityList", quantities, out);
        }
        What::Transformation { input_epcs, input_quantities, output_epcs, output_quantities, .. } => {
            epcs("inputEPCList", input_epcs, out);
            write_quantities("inputQuantityList", input_quantities, out);
            epcs("outputEPCList", output_epcs, out);
            write_quantities("outputQuantityList", output_quantities, out);
        }
        What::Other(_) => {}
    }
    if let Some(action) = what.action() {
        out.push("action=");
        out.push(action.as_str());
    }
    if let What::Transformation { id: Some(id), .. } = what {
        out.push("transformationID=");
        values::uri(id, &mut out.text);
    }
}

fn identifier(key: &str, epc: &Epc, out: &mut Assembly) {
    out.push(key);
    values::identifier(epc.as_str(), &mut out.series, &mut out.text);
}

fn epcs(list: &str, epcs: &[Epc], out: &mut Assembly) {
    if epcs.is_empty() {
        return;
    }
    out.push(list);
    let level = out.open();
    for epc in epcs {
        out.part(|out| identifier("epc=", epc, out));
    }
    out.close(level);
}

fn write_quantities(list: &str, quantities: &[Quantity], out: &mut Assembly) {
    if quantities.is_empty() {
        return;
    }
    out.push(list);
    let level = out.open();
    for quantity in quantities {
        out.part(|out| write_quantity(quantity, out));
    }
    out.close(level);
}

fn write_quantity(quantity: &Quantity, out: &mut Assembly) {
    out.push("quantityElement");
    identifier("epcClass=", &quantity.epc_class, out);
    if let Some(number) = &quantity.quantity {
        out.push("quantity=");
        values::decimal(number, &mut out.text);
    }
    if let Some(unit) = &quantity.uom {
        out.push("uom=");
        out.push(unit.trim());
    }
}

fn uris(key: &str, uris: &[Box<str>], out: &mut Assembly) {
    let level = out.open();
    for uri in uris {
        out.part(|out| {
            out.push(key);
            values::uri(uri, &mut out.text);
        });
    }
    out.close(level);
}

fn word(key: &str, term: Option<&Term>, out: &mut Assembly) {
    if let Some(term) = term {
        out.push(key);
        values::term(term, &mut out.text);
    }
}

fn write_lasting(lasting: &PersistentDisposition, out: &mut Assembly) {
    if lasting.set.is_empty() && lasting.unset.is_empty() {
        return;
    }
    out.push("persistentDisposition");
    for (key, terms) in [("set=", &lasting.set), ("unset=", &lasting.unset)] {
        let level = out.open();
        for term in terms {
            out.part(|out| word(key, Some(term), out));
        }
        out.close(level);
    }
}

fn place(key: &str, place: Option<&Location>, out: &mut Assembly) {
    let Some(place) = place else { return };
    out.push(key);
    identifier("id=", &place.id, out);
    elements::write_sorted(&place.extensions, out);
}

fn transactions(transactions: &[BizTransaction], out: &mut Assembly) {
    if transactions.is_empty() {
        return;
    }
    out.push("bizTransactionList");
    let level = out.open();
    for transaction in transactions {
        out.part(|out| {
            word("type=", transaction.kind.as_ref(), out);
            out.push("bizTransaction=");
            values::uri(&transaction.id, &mut out.text);
        });
    }
    out.close(level);
}

fn ends(list: &str, key: &str, ends: &[SourceDest], out: &mut Assembly) {
    if ends.is_empty() {
        return;
    }
    out.push(list);
    let level = out.open();
    for end in ends {
        out.part(|out| {
            word("type=", Some(&end.kind), out);
            identifier(key, &end.id, out);
        });
    }
    out.close(level);
}
