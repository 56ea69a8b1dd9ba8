//! What other namespaces add: element trees, and what our own namespace carries for them.

use std::sync::Arc;

use crate::epcis::Attribute;
use crate::epcis::Element;
use crate::epcis::Hint;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::formats::xml::names::RDF;
use crate::formats::xml::names::XSI;
use crate::formats::xml::writer::Pen;
use crate::formats::xml::writer::scope::ScopeMark;
use crate::formats::xml::writer::scope::is_writable;

const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";
const RDF_JSON: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON";

/// A qualified start tag that waits for its end.
#[derive(Debug)]
pub(in crate::formats::xml) struct Opened {
    tag: String,
    scope: ScopeMark,
}

/// True for an element that XML can write in no namespace; every other one is foreign or carried.
pub(in crate::formats::xml) fn is_local(element: &Element) -> bool {
    is_local_name(&element.name)
}

/// True for a name that XML can write in no namespace.
pub(in crate::formats::xml) fn is_local_name(name: &Name) -> bool {
    name.is_local() && is_writable("", &name.local)
}

impl Pen {
    /// Writes `<extension>` around the elements in no namespace, if there are any, then the foreign ones.
    pub(in crate::formats::xml) fn extensions(&mut self, elements: &[Element]) {
        if elements.iter().any(is_local) {
            self.open("extension");
            self.locals(elements);
            self.close("extension");
        }
        self.foreign(elements);
    }

    /// Writes the elements in no namespace.
    pub(in crate::formats::xml) fn locals(&mut self, elements: &[Element]) {
        elements.iter().filter(|element| is_local(element)).for_each(|element| self.element(element));
    }

    /// Writes the elements of other namespaces.
    pub(in crate::formats::xml) fn foreign(&mut self, elements: &[Element]) {
        elements.iter().filter(|element| !is_local(element)).for_each(|element| self.element(element));
    }

    /// Opens an element of our own namespace.
    pub(in crate::formats::xml) fn open_carried(&mut self, local: &str) -> Opened {
        let opened = self.carried_tag(local);
        self.output.tag_end();
        opened
    }

    /// Writes an element of our own namespace that holds text.
    pub(in crate::formats::xml) fn carried_leaf(&mut self, local: &str, text: &str) {
        let opened = self.carried_tag(local);
        self.output.tag_text(&opened.tag, text);
        self.scope.go_back(opened.scope);
    }

    /// Closes an element opened by a qualified name.
    pub(in crate::formats::xml) fn close_opened(&mut self, opened: Opened) {
        self.output.close(&opened.tag);
        self.scope.go_back(opened.scope);
    }

    /// Begins the start tag of a name in any namespace, and declares its prefix where it must.
    fn qualified_tag(&mut self, name: &Name, sent: &Arc<str>) -> Opened {
        let scope = self.scope.mark();
        if name.is_local() {
            self.output.tag(&name.local);
            return Opened { tag: name.local.to_string(), scope };
        }
        let prefix = self.scope.of_element(&name.namespace, sent);
        let mut tag = String::with_capacity(prefix.text.len() + 1 + name.local.len());
        tag.extend([&*prefix.text, ":", &*name.local]);
        self.output.tag(&tag);
        if prefix.is_new {
            self.declare(&prefix.text, &name.namespace);
        }
        Opened { tag, scope }
    }

    /// Adds attributes, one of each name, without those that `taken` says the element already has.
    pub(super) fn attributes(&mut self, attributes: &[Attribute], taken: impl Fn(&Name) -> bool) {
        for (index, Attribute { name, value }) in attributes.iter().enumerate() {
            let earlier = attributes.get(..index).unwrap_or_default();
            if taken(name) || earlier.iter().any(|earlier| earlier.name == *name) {
                self.lose(format!("@{}", name.local), "an attribute of this name is already there");
            } else {
                self.declare_schema_prefix(name, value);
                self.qualified_attribute(name, value);
            }
        }
    }

    /// The value of `xsi:type` has a prefix too; the usual ones of XML Schema are declared where nobody did.
    fn declare_schema_prefix(&mut self, name: &Name, value: &str) {
        let Some((prefix @ ("xsd" | "xs"), _)) = value.trim().split_once(':') else { return };
        if &*name.local == "type" && *name.namespace == *XSI && self.scope.bind(prefix, SCHEMA) {
            self.declare(prefix, SCHEMA);
        }
    }

    /// Adds an attribute of any namespace, and declares its prefix where it must.
    pub(super) fn qualified_attribute(&mut self, name: &Name, value: &str) {
        if !is_writable(&name.namespace, &name.local) {
            self.lose(format!("@{}", name.local), "an attribute cannot have this name in XML");
        } else if name.is_local() {
            self.output.attribute(&name.local, value);
        } else {
            self.prefixed_attribute(&name.namespace, &name.local, value);
        }
    }

    /// Writes content of any kind as that of the element whose start tag stands open.
    pub(super) fn content(&mut self, tag: &str, content: &[Node]) {
        if let [Node::Json(json)] = content {
            self.prefixed_attribute(RDF, "datatype", RDF_JSON);
            return self.output.tag_text(tag, json);
        }
        if let [Node::Text(text)] = content {
            return self.output.tag_text(tag, text);
        }
        if content.is_empty() {
            return self.output.tag_end_empty();
        }
        self.output.tag_end();
        let mixed = content.iter().any(|node| !matches!(node, Node::Element(_)));
        if mixed {
            self.output.begin_inline();
        }
        for node in content {
            match node {
                Node::Element(element) => self.element(element),
                Node::Text(text) => self.output.text(tag, text),
                Node::Json(_) => self.lose(tag, "JSON beside other content has no form in XML"),
            }
        }
        if mixed {
            self.output.close_inline(tag);
        } else {
            self.output.close(tag);
        }
    }

    /// Writes an element with all that is in it; one whose name XML does not allow as `carried:member`.
    pub(in crate::formats::xml) fn element(&mut self, element: &Element) {
        let is_carried = !is_writable(&element.name.namespace, &element.name.local);
        let opened = self.any_tag(&element.name, &element.prefix);
        self.attributes(&element.attributes, |name| is_carried && name.is_local() && &*name.local == "name");
        let is_nil =
            |attribute: &Attribute| *attribute.name.namespace == *XSI && &*attribute.name.local == "nil";
        if element.hint == Hint::Null && element.children.is_empty() && !element.attributes.iter().any(is_nil)
        {
            self.prefixed_attribute(XSI, "nil", "true");
        }
        self.content(&opened.tag, &element.children);
        self.scope.go_back(opened.scope);
    }

    /// Begins the start tag of any name; one that XML does not allow stands in an attribute of `carried:member`.
    pub(super) fn any_tag(&mut self, name: &Name, sent: &Arc<str>) -> Opened {
        if is_writable(&name.namespace, &name.local) {
            return self.qualified_tag(name, sent);
        }
        let opened = self.carried_tag("member");
        self.output.attribute("name", &format!("{{{}}}{}", name.namespace, name.local));
        opened
    }

    /// Writes an element without content that says it is nil.
    pub(super) fn nil(&mut self, name: &str) {
        let scope = self.scope.mark();
        self.output.tag(name);
        self.prefixed_attribute(XSI, "nil", "true");
        self.output.tag_end_empty();
        self.scope.go_back(scope);
    }

    fn carried_tag(&mut self, local: &str) -> Opened {
        let name = Name::new(Arc::clone(&self.carrier), local);
        self.qualified_tag(&name, &"carried".into())
    }

    fn prefixed_attribute(&mut self, namespace: &str, local: &str, value: &str) {
        let prefix = self.scope.of_attribute(namespace);
        if prefix.is_new {
            self.declare(&prefix.text, namespace);
        }
        let mut name = String::with_capacity(prefix.text.len() + 1 + local.len());
        name.extend([&*prefix.text, ":", local]);
        self.output.attribute(&name, value);
    }

    pub(super) fn declare(&mut self, prefix: &str, namespace: &str) {
        let mut name = String::with_capacity(6 + prefix.len());
        name.extend(["xmlns:", prefix]);
        self.output.attribute(&name, namespace);
    }
}
