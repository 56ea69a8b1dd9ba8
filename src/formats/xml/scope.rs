//! Which namespaces are bound to which prefixes, element by element.

use std::sync::Arc;

use crate::formats::xml::names::XML;

/// The bindings in force, the innermost last.
#[derive(Debug)]
pub struct Scope {
    bindings: Vec<Binding>,
    none: Arc<str>,
    xml: Arc<str>,
    xml_prefix: Arc<str>,
    plain: bool,
}

#[derive(Debug)]
struct Binding {
    prefix: Arc<str>,
    namespace: Arc<str>,
    depth: usize,
}

impl Scope {
    /// A scope with nothing bound but `xml`.
    pub fn new() -> Scope {
        Scope {
            bindings: Vec::new(),
            none: "".into(),
            xml: XML.into(),
            xml_prefix: "xml".into(),
            plain: true,
        }
    }

    /// Binds a prefix (empty for the default namespace) within the element at this depth.
    pub fn bind(&mut self, prefix: &str, namespace: &str, depth: usize) {
        let known = self.bindings.iter().find(|binding| &*binding.namespace == namespace);
        let namespace = known.map_or_else(|| Arc::from(namespace), |binding| binding.namespace.clone());
        self.bindings.push(Binding { prefix: prefix.into(), namespace, depth });
        self.judge_plain();
    }

    /// Ends the element at this depth.
    #[inline]
    pub fn close(&mut self, depth: usize) {
        let before = self.bindings.len();
        while self.bindings.last().is_some_and(|binding| binding.depth >= depth) {
            self.bindings.pop();
        }
        if self.bindings.len() != before {
            self.judge_plain();
        }
    }

    /// True where a name without a prefix is in no namespace.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    fn judge_plain(&mut self) {
        self.plain = self.resolve("").is_some_and(|(_, namespace)| namespace.is_empty());
    }

    /// The prefix and the namespace of a prefix; `None` where it is not bound. No prefix is bound to none by default.
    pub fn resolve(&self, prefix: &str) -> Option<(&Arc<str>, &Arc<str>)> {
        let found = self.bindings.iter().rev().find(|binding| &*binding.prefix == prefix);
        match found {
            Some(binding) => Some((&binding.prefix, &binding.namespace)),
            None if prefix.is_empty() => Some((&self.none, &self.none)),
            None if prefix == "xml" => Some((&self.xml_prefix, &self.xml)),
            None => None,
        }
    }

    /// The prefix that a namespace was last bound to.
    pub fn prefix_of(&self, namespace: &str) -> Option<&Arc<str>> {
        let found = self.bindings.iter().rev().find(|binding| &*binding.namespace == namespace);
        found.map(|binding| &binding.prefix)
    }

    /// How many prefixes are bound.
    pub fn len(&self) -> usize {
        self.bindings.len()
    }

    /// The empty text, to be shared.
    pub fn none(&self) -> &Arc<str> {
        &self.none
    }

    /// Every prefix bound, with its namespace.
    pub fn declared(&self) -> impl Iterator<Item = (&str, &str)> {
        self.bindings.iter().map(|binding| (&*binding.prefix, &*binding.namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_bindings_hide_outer_ones() {
        let mut scope = Scope::new();
        let namespace = |scope: &Scope, prefix: &str| scope.resolve(prefix).map(|(_, ns)| ns.to_string());
        scope.bind("a", "urn:1", 1);
        scope.bind("a", "urn:2", 2);
        scope.bind("", "urn:1", 2);
        assert_eq!(namespace(&scope, "a").as_deref(), Some("urn:2"));
        assert_eq!(namespace(&scope, "").as_deref(), Some("urn:1"));
        scope.close(2);
        assert_eq!(namespace(&scope, "a").as_deref(), Some("urn:1"));
        assert_eq!(namespace(&scope, "").as_deref(), Some(""));
        assert_eq!(namespace(&scope, "b"), None);
        assert_eq!(namespace(&scope, "xml").as_deref(), Some(XML));
    }
}
