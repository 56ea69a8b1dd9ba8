//! Elements of others: kept as trees, whatever they hold.

use crate::epcis::Attribute;
use crate::epcis::Element;
use crate::epcis::Hint;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::formats::xml::names::RDF;
use crate::formats::xml::names::XSI;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;
use crate::formats::xml::scanner::Token;

/// Reads the element that the scanner began and adds it. One that carries elements in no namespace is unwrapped.
pub fn push(scan: &mut Scanner, elements: &mut Vec<Element>) -> Scan<()> {
    if scan.carried() == Some("local") {
        return push_children(scan, elements);
    }
    elements.push(element(scan)?);
    Ok(())
}

/// Reads the children of the element that the scanner began, such as `extension`, and adds them.
pub fn push_children(scan: &mut Scanner, elements: &mut Vec<Element>) -> Scan<()> {
    scan.judge_attributes(&[])?;
    scan.free += 1;
    while scan.child()?.is_some() {
        elements.push(element(scan)?);
    }
    scan.free -= 1;
    Ok(())
}

/// Reads the element that the scanner began.
pub fn element(scan: &mut Scanner) -> Scan<Element> {
    scan.count_node()?;
    let (name, prefix) = scan.name();
    let mut element = Element::new(name, prefix);
    element.attributes = scan.foreign_attributes()?;
    if let Some(name) = member_name(scan) {
        element.name = name;
        element.attributes.retain(|attribute| !is(&attribute.name, "", "name"));
    }
    if scan.is_leaf() {
        if let Some(text) = scan.value()?.filter(|text| !text.is_empty()) {
            element.children.push(Node::Text(text.into()));
        }
    } else {
        element.children = content(scan)?;
    }
    if !element.attributes.is_empty() {
        judge_marks(&mut element);
    }
    Ok(element)
}

/// Reads the rest of the element that the scanner began. White space beside elements is dropped.
pub fn content(scan: &mut Scanner) -> Scan<Vec<Node>> {
    let mut nodes = Vec::new();
    let mut blank = false;
    loop {
        match scan.token()? {
            Token::Start(_) => nodes.push(Node::Element(element(scan)?)),
            Token::Text => {
                scan.count_node()?;
                blank |= scan.text().trim().is_empty();
                nodes.push(Node::Text(scan.text().into()));
            }
            Token::End => break,
            Token::Eof => return Err(scan.cut_off()),
        }
    }
    if blank {
        let lone = nodes.len() == 1;
        nodes.retain(|node| match node {
            Node::Text(text) => !text.trim().is_empty() || (lone && !text.contains('\n')),
            Node::Element(_) | Node::Json(_) => true,
        });
    }
    Ok(nodes)
}

/// The name of the event type of others that the scanner began. Its attributes have no room in the model.
pub fn event_name(scan: &mut Scanner) -> Scan<Name> {
    let Some(name) = member_name(scan) else {
        scan.judge_attributes(&[])?;
        return Ok(scan.name().0);
    };
    scan.judge_attributes(&["name"])?;
    Ok(name)
}

/// The name that the element carries in an attribute, as XML does not allow it.
fn member_name(scan: &Scanner) -> Option<Name> {
    if scan.carried()? != "member" {
        return None;
    }
    let text = scan.attribute("name")?;
    let (namespace, local) = text.strip_prefix('{')?.split_once('}')?;
    Some(Name::new(namespace, local))
}

/// Attributes that say how JSON wrote the value are taken off.
fn judge_marks(element: &mut Element) {
    let mut json = false;
    let Element { attributes, children, hint, .. } = element;
    attributes.retain(|Attribute { name, value }| {
        let nil = is(name, XSI, "nil") && matches!(&**value, "true" | "1") && children.is_empty();
        if nil {
            *hint = Hint::Null;
        }
        let datatype = is(name, RDF, "datatype") && value.ends_with("#JSON");
        json |= datatype;
        !nil && !datatype
    });
    if json && let [Node::Text(text)] = children.as_mut_slice() {
        let text = std::mem::take(text);
        *children = vec![Node::Json(text)];
    }
}

fn is(name: &Name, namespace: &str, local: &str) -> bool {
    &*name.namespace == namespace && &*name.local == local
}
