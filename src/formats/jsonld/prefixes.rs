//! Prefixes: which prefix each namespace is written with, and how it is declared in a `@context`.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::epcis::Attribute;
use crate::epcis::Element;
use crate::epcis::MASTER_DATA_NAMESPACE;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::formats::CARRIER_NAMESPACE;
use crate::formats::jsonld::names;
use crate::formats::jsonld::sink::Sink;
use crate::formats::jsonld::uri;

/// Up to so many prefixes, numbers are given without gaps.
const FEW: usize = 64;

/// The prefixes in force.
#[derive(Default)]
pub(super) struct Prefixes {
    bound: Vec<Bound>,
    places: HashMap<Arc<str>, usize>,
    taken: HashSet<Box<str>>,
}

struct Bound {
    namespace: Arc<str>,
    prefix: Box<str>,
    /// False for a prefix that GS1's context binds, or that is a scheme.
    declared: bool,
}

impl Prefixes {
    /// How many prefixes are bound; to this length [`Prefixes::truncate`] goes back.
    pub(super) fn len(&self) -> usize {
        self.bound.len()
    }

    /// Forgets the prefixes bound since.
    pub(super) fn truncate(&mut self, length: usize) {
        for bound in self.bound.drain(length.min(self.bound.len())..) {
            self.places.remove(&bound.namespace);
            self.taken.remove(&bound.prefix);
        }
    }

    /// Binds a prefix to a namespace that has none, the wanted one where it is free.
    pub(super) fn bind(&mut self, namespace: &Arc<str>, wanted: &str) {
        if namespace.is_empty() || **namespace == *CARRIER_NAMESPACE || self.prefix(namespace).is_some() {
            return;
        }
        let (prefix, declared) = match undeclared(namespace).filter(|prefix| self.is_free(prefix)) {
            Some(prefix) => (prefix.into(), false),
            None => (self.choose(wanted), true),
        };
        self.places.insert(namespace.clone(), self.bound.len());
        self.taken.insert(prefix.clone());
        self.bound.push(Bound { namespace: namespace.clone(), prefix, declared });
    }

    /// Binds the namespaces of elements and of all within them.
    pub(super) fn bind_all(&mut self, elements: &[Element]) {
        for element in elements {
            self.bind(&element.name.namespace, &element.prefix);
            self.bind_attributes(&element.attributes);
            self.bind_nodes(&element.children);
        }
    }

    /// Binds the namespaces of elements among nodes.
    pub(super) fn bind_nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            if let Node::Element(element) = node {
                self.bind_all(std::slice::from_ref(element));
            }
        }
    }

    /// Binds the namespaces of attributes.
    pub(super) fn bind_attributes(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            self.bind(&attribute.name.namespace, "");
        }
    }

    /// Begins a member of this name, whose key `mark` goes before.
    pub(super) fn write_key(&self, out: &mut Sink, mark: &str, name: &Name) {
        if name.is_local() {
            out.key_in_parts(&[mark, &name.local]);
        } else if *name.namespace == *CARRIER_NAMESPACE {
            out.key_in_parts(&[mark, CARRIER_NAMESPACE, &name.local]);
        } else {
            let prefix = self.prefix(&name.namespace).unwrap_or("_");
            out.key_in_parts(&[mark, prefix, ":", &name.local]);
        }
    }

    /// True where a prefix bound since this length must be declared.
    pub(super) fn has_declarations(&self, from: usize) -> bool {
        self.declarations(from).next().is_some()
    }

    /// Writes the object that declares the prefixes bound since this length.
    pub(super) fn write_declarations(&self, out: &mut Sink, from: usize) {
        out.open(b'{');
        for bound in self.declarations(from) {
            out.key(&bound.prefix);
            if bound.namespace.ends_with([':', '/', '?', '#', '[', ']', '@']) {
                out.string(&bound.namespace);
            } else {
                out.open(b'{');
                out.member("@id", &bound.namespace);
                out.key("@prefix");
                out.raw("true");
                out.close(b'}');
            }
        }
        out.close(b'}');
    }

    fn declarations(&self, from: usize) -> impl Iterator<Item = &Bound> {
        self.bound.get(from..).unwrap_or_default().iter().filter(|bound| bound.declared)
    }

    pub(super) fn prefix(&self, namespace: &str) -> Option<&str> {
        self.bound.get(*self.places.get(namespace)?).map(|bound| &*bound.prefix)
    }

    fn is_free(&self, prefix: &str) -> bool {
        !self.taken.contains(prefix)
    }

    fn choose(&self, wanted: &str) -> Box<str> {
        let plain = wanted.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let base = if plain && wanted.starts_with(|c: char| c.is_ascii_alphabetic()) { wanted } else { "ns" };
        if !names::is_reserved_prefix(base) && self.is_free(base) {
            return base.into();
        }
        let first = if self.bound.len() < FEW { 2 } else { self.bound.len() };
        let mut numbered = (first..=first + self.bound.len() + 1).map(|number| format!("{base}{number}"));
        numbered.find(|prefix| self.is_free(prefix)).unwrap_or_else(|| base.to_owned()).into()
    }
}

/// The prefix of a namespace that needs no declaration: of GS1's context, `xml`, or a scheme and its colon.
fn undeclared(namespace: &str) -> Option<&str> {
    if namespace == names::XML_NAMESPACE {
        return Some("xml");
    }
    if namespace == MASTER_DATA_NAMESPACE {
        return Some("cbvmda");
    }
    if let Some((prefix, _)) = names::GS1_PREFIXES.iter().find(|(_, known)| *known == namespace) {
        return Some(prefix);
    }
    let scheme = namespace.strip_suffix(':').filter(|scheme| uri::is_scheme(scheme))?;
    (names::is_scheme(scheme) || !names::is_reserved_prefix(scheme)).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bindings: &[(&str, &str)], expected: &str) {
        let mut prefixes = Prefixes::default();
        for (wanted, namespace) in bindings {
            prefixes.bind(&Arc::from(*namespace), wanted);
        }
        let mut out = Sink::new(false);
        prefixes.write_declarations(&mut out, 0);
        assert_eq!(String::from_utf8(out.bytes).unwrap(), expected);
    }

    #[test]
    fn declares_prefixes() {
        check(&[("ex", "urn:x:"), ("ex", "urn:x:"), ("ex", "urn:y:")], r#"{"ex":"urn:x:","ex2":"urn:y:"}"#);
        check(&[("x", MASTER_DATA_NAMESPACE)], "{}");
        check(&[("", "http://a/"), ("1", "http://b/")], r#"{"ns":"http://a/","ns2":"http://b/"}"#);
        check(&[("", "hc:"), ("xml", names::XML_NAMESPACE), ("urn", "urn:z:")], r#"{"urn2":"urn:z:"}"#);
    }
}
