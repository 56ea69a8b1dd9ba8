//! Elements of other namespaces, each with all it holds (CBV 2.0 §8.9.2).

use crate::epcis::Element;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::epcis::event_id::assembly::Assembly;
use crate::epcis::event_id::values;

const COMMENTS: &str = "http://www.w3.org/2000/01/rdf-schema#";
const XML_SCHEMA: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Writes elements sorted, each with what it holds.
pub(super) fn write_sorted(elements: &[Element], out: &mut Assembly) {
    let level = out.open();
    write_parts(elements, out);
    out.close(level);
}

/// Writes elements as parts of the level that is open.
pub(super) fn write_parts(elements: &[Element], out: &mut Assembly) {
    for element in elements {
        out.part(|out| write(element, out));
    }
}

/// Writes `{namespace}local`; a name in no namespace stands alone.
pub(super) fn name(name: &Name, out: &mut Assembly) {
    if !name.is_local() {
        for text in ["{", &name.namespace, "}"] {
            out.push(text);
        }
    }
    out.push(&name.local);
}

fn write(element: &Element, out: &mut Assembly) {
    if is_comment(&element.name) {
        return;
    }
    name(&element.name, out);
    text(element, out);
    let level = out.open();
    for attribute in &element.attributes {
        if &*attribute.name.namespace == XML_SCHEMA {
            continue;
        }
        out.part(|out| {
            name(&attribute.name, out);
            valued(&attribute.value, out);
        });
    }
    for child in element.elements() {
        out.part(|out| write(child, out));
    }
    out.close(level);
}

fn is_comment(name: &Name) -> bool {
    &*name.local == "comment" && &*name.namespace == COMMENTS
}

/// Writes the text of an element, which in mixed content is all its pieces.
fn text(element: &Element, out: &mut Assembly) {
    if let [Node::Text(text)] = element.children.as_slice() {
        return valued(text, out);
    }
    let mut mark = "=";
    for node in &element.children {
        let (Node::Text(text) | Node::Json(text)) = node else { continue };
        let text = text.trim();
        if !text.is_empty() {
            out.push(mark);
            out.push(text);
            mark = "";
        }
    }
}

fn valued(text: &str, out: &mut Assembly) {
    let text = text.trim();
    if !text.is_empty() {
        out.push("=");
        values::text(text, &mut out.text);
    }
}
