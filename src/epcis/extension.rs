//! What other namespaces add to EPCIS: a small tree that keeps order, attributes, namespaces and repeats.

use std::sync::Arc;

/// Namespace of CBV's master data as XML declares it; JSON-LD declares it with a colon behind (CBV 2.0 §9).
pub const MASTER_DATA_NAMESPACE: &str = "urn:epcglobal:cbv:mda";

/// An expanded name: a namespace URI (empty for none) and a local name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// Namespace URI; empty where the name is in none.
    pub namespace: Arc<str>,
    /// Local name.
    pub local: Box<str>,
}

impl Name {
    /// A name in a namespace; the namespace of CBV's master data gets its one spelling.
    pub fn new(namespace: impl Into<Arc<str>>, local: impl Into<Box<str>>) -> Name {
        let namespace = namespace.into();
        let namespace = match one_spelling(&namespace) {
            same if same.len() == namespace.len() => namespace,
            spelling => spelling.into(),
        };
        Name { namespace, local: local.into() }
    }

    /// True where the name is in no namespace.
    pub fn is_local(&self) -> bool {
        self.namespace.is_empty()
    }
}

/// The namespace of CBV's master data as XML spells it, where senders or JSON-LD end it with `:` or `#`; any other as it
/// is. Lot and expiry so have one name, whichever form they came in.
pub fn one_spelling(namespace: &str) -> &str {
    match namespace.strip_prefix(MASTER_DATA_NAMESPACE) {
        Some(":" | "#") => MASTER_DATA_NAMESPACE,
        _ => namespace,
    }
}

/// One attribute of a foreign element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Expanded name.
    pub name: Name,
    /// Value after XML unescaping.
    pub value: Box<str>,
}

/// One element that EPCIS does not define; in JSON, one member.
///
/// `prefix` and `hint` say how it was written and take no part in equality.
#[derive(Clone, Debug)]
pub struct Element {
    /// Expanded name.
    pub name: Name,
    /// The namespace prefix as sent, to be used again where it is free; empty for none.
    pub prefix: Arc<str>,
    /// Attributes in order; namespace declarations are not among them.
    pub attributes: Vec<Attribute>,
    /// Content in order.
    pub children: Vec<Node>,
    /// How JSON wrote the value.
    pub hint: Hint,
}

/// One piece of an element's content.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Text after unescaping.
    Text(Box<str>),
    /// A JSON value that no XML element can say (an array in an array, a member name that is no XML name), as compact
    /// JSON text; in XML an element content marked with the datatype `rdf:JSON`.
    Json(Box<str>),
}

/// How a value was written in JSON, kept so that it is written so again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hint {
    /// A string, an object, or XML.
    #[default]
    Plain,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
    /// An array of just this one value, itself plain.
    OnlyInArray,
    /// An empty array.
    EmptyArray,
    /// An empty object.
    EmptyObject,
}

impl PartialEq for Element {
    fn eq(&self, other: &Element) -> bool {
        self.name == other.name && self.attributes == other.attributes && self.children == other.children
    }
}

impl Element {
    /// An element with nothing in it.
    pub fn new(name: Name, prefix: impl Into<Arc<str>>) -> Element {
        Element {
            name,
            prefix: prefix.into(),
            attributes: Vec::new(),
            children: Vec::new(),
            hint: Hint::Plain,
        }
    }

    /// An element that holds only text.
    pub fn with_text(name: Name, prefix: impl Into<Arc<str>>, text: impl Into<Box<str>>) -> Element {
        let mut element = Element::new(name, prefix);
        element.children.push(Node::Text(text.into()));
        element
    }

    /// The text, if it holds text alone; an empty element holds the empty text.
    pub fn text(&self) -> Option<&str> {
        match self.children.as_slice() {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Its child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Json(_) => None,
        })
    }

    /// The first child element of this local name, whatever its namespace.
    pub fn child(&self, local: &str) -> Option<&Element> {
        self.elements().find(|element| &*element.name.local == local)
    }

    /// The value of the attribute of this name in no namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name.is_local() && &*attribute.name.local == local)
            .map(|attribute| &*attribute.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn master_data_of_cbv_has_one_name() {
        for namespace in ["urn:epcglobal:cbv:mda", "urn:epcglobal:cbv:mda:", "urn:epcglobal:cbv:mda#"] {
            assert_eq!(Name::new(namespace, "lotNumber"), Name::new(MASTER_DATA_NAMESPACE, "lotNumber"));
        }
        assert_eq!(&*Name::new("urn:epcglobal:cbv:mda:x", "y").namespace, "urn:epcglobal:cbv:mda:x");
    }
}
