//! Which prefixes are bound to which namespaces at the place being written.

use std::sync::Arc;

use crate::formats::CARRIER_NAMESPACE;
use crate::formats::xml::names::RDF;
use crate::formats::xml::names::XML;
use crate::formats::xml::names::XSI;
use crate::formats::xml::writer::escape::is_ncname;

/// Namespace of the declarations themselves, in which no other name may be.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Prefixes by which well-known namespaces go.
const USUAL: [(&str, &str); 3] = [(XSI, "xsi"), (RDF, "rdf"), (CARRIER_NAMESPACE, "carried")];

/// The declarations in force, innermost last.
#[derive(Debug)]
pub(super) struct Scope {
    bound: Vec<(Arc<str>, Arc<str>)>,
    generated: u32,
}

/// A state of the scope to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScopeMark {
    bound: usize,
    generated: u32,
}

/// A prefix to write, and whether it must be declared here.
#[derive(Debug)]
pub(super) struct Prefix {
    pub(super) text: Arc<str>,
    pub(super) is_new: bool,
}

impl Scope {
    pub(super) fn new() -> Scope {
        Scope { bound: vec![("xml".into(), XML.into())], generated: 0 }
    }

    pub(super) fn mark(&self) -> ScopeMark {
        ScopeMark { bound: self.bound.len(), generated: self.generated }
    }

    /// Ends what was declared since the mark.
    pub(super) fn go_back(&mut self, mark: ScopeMark) {
        self.bound.truncate(mark.bound);
        self.generated = mark.generated;
    }

    /// Binds a prefix where it is a legal one and still free; true where it now is bound here.
    pub(super) fn bind(&mut self, prefix: &str, namespace: &str) -> bool {
        let free = is_bindable(prefix, namespace) && self.namespace_of(prefix).is_none();
        if free {
            self.bound.push((prefix.into(), namespace.into()));
        }
        free
    }

    /// The prefix for an element: the one it was sent with, even if another namespace has it further out.
    pub(super) fn of_element(&mut self, namespace: &Arc<str>, sent: &Arc<str>) -> Prefix {
        if self.namespace_of(sent) == Some(namespace) {
            return Prefix { text: Arc::clone(sent), is_new: false };
        }
        if is_bindable(sent, namespace) {
            self.bound.push((Arc::clone(sent), Arc::clone(namespace)));
            return Prefix { text: Arc::clone(sent), is_new: true };
        }
        self.of_attribute(namespace)
    }

    /// The prefix for an attribute: any one bound to its namespace, else a new one that nothing else uses.
    pub(super) fn of_attribute(&mut self, namespace: &str) -> Prefix {
        let bound =
            self.bound.iter().rev().find(|(prefix, bound)| {
                **bound == *namespace && self.namespace_of(prefix) == Some(namespace)
            });
        if let Some((prefix, _)) = bound {
            return Prefix { text: Arc::clone(prefix), is_new: false };
        }
        let usual = USUAL.iter().find(|(usual, _)| *usual == namespace).map(|(_, prefix)| *prefix);
        let text: Arc<str> = match usual.filter(|prefix| self.namespace_of(prefix).is_none()) {
            Some(prefix) => prefix.into(),
            None => self.generate(),
        };
        self.bound.push((Arc::clone(&text), namespace.into()));
        Prefix { text, is_new: true }
    }

    fn generate(&mut self) -> Arc<str> {
        loop {
            self.generated += 1;
            let prefix = format!("ns{}", self.generated);
            if self.namespace_of(&prefix).is_none() {
                return prefix.into();
            }
        }
    }

    fn namespace_of(&self, prefix: &str) -> Option<&str> {
        self.bound.iter().rev().find(|(bound, _)| **bound == *prefix).map(|(_, namespace)| &**namespace)
    }
}

/// True for a name that XML can write: a legal local name in a namespace that may have a prefix.
pub(super) fn is_writable(namespace: &str, local: &str) -> bool {
    is_ncname(local) && namespace != XMLNS
}

fn is_bindable(prefix: &str, namespace: &str) -> bool {
    !namespace.is_empty()
        && namespace != XML
        && namespace != XMLNS
        && is_ncname(prefix)
        && !prefix.eq_ignore_ascii_case("xml")
        && !prefix.eq_ignore_ascii_case("xmlns")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scope: &mut Scope, namespace: &str, sent: &str, expected: (&str, bool)) {
        let prefix = scope.of_element(&namespace.into(), &sent.into());
        assert_eq!((&*prefix.text, prefix.is_new), expected, "{namespace} {sent}");
    }

    #[test]
    fn keeps_prefixes_and_declares_what_is_missing() {
        let mut scope = Scope::new();
        assert!(scope.bind("ex", "urn:a"));
        assert!(!scope.bind("ex", "urn:b") && !scope.bind("xml", "urn:b") && !scope.bind("1", "urn:b"));
        check(&mut scope, "urn:a", "ex", ("ex", false));
        let mark = scope.mark();
        check(&mut scope, "urn:b", "ex", ("ex", true));
        check(&mut scope, "urn:b", "", ("ex", false));
        check(&mut scope, "urn:a", "", ("ns1", true));
        scope.go_back(mark);
        check(&mut scope, "urn:a", "", ("ex", false));
        check(&mut scope, "urn:c", "", ("ns1", true));
        check(&mut scope, "urn:d", "not a name", ("ns2", true));
        check(&mut scope, XML, "x", ("xml", false));
        check(&mut scope, XSI, "", ("xsi", true));
    }

    #[test]
    fn generated_prefixes_are_free() {
        let mut scope = Scope::new();
        scope.bind("ns1", "urn:a");
        check(&mut scope, "urn:b", "", ("ns2", true));
    }
}
