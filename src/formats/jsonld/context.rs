//! Context: what keys stand for. Contexts are never fetched; GS1's is known, of others the objects are read.

use std::collections::HashMap;
use std::sync::Arc;

use crate::epcis::Name;
use crate::formats::Fault;
use crate::formats::jsonld::names;
use crate::formats::jsonld::value::Data;
use crate::formats::jsonld::value::Member;
use crate::formats::jsonld::value::Value;
use crate::formats::values::shown;

/// The prefixes and terms of a document or an event.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// The document's context, in which the event's stands.
    base: Option<Arc<Context>>,
    standard: Arc<[Binding]>,
    declared: Vec<Binding>,
    /// Where in `declared` each prefix stands.
    places: HashMap<Arc<str>, usize>,
    vocabulary: Option<Arc<str>>,
    /// URLs of contexts of others, not read.
    pub(super) foreign_urls: Vec<Box<str>>,
    /// True where GS1's context is among them.
    pub(super) is_gs1: bool,
}

#[derive(Clone, Debug)]
struct Binding {
    prefix: Arc<str>,
    /// Empty where the context takes the prefix back.
    namespace: Arc<str>,
}

/// A key read: its name, and the prefix it was written with.
#[derive(Debug, PartialEq)]
pub(super) struct Expanded {
    pub(super) name: Name,
    pub(super) prefix: Arc<str>,
    /// True where the prefix was declared nowhere, so that the key was taken for a URI.
    pub(super) undeclared: bool,
}

impl Context {
    /// The context that knows only the prefixes of GS1's.
    pub(super) fn new() -> Context {
        let xml = ("xml", names::XML_NAMESPACE);
        let standard = names::GS1_PREFIXES.iter().chain([&xml]);
        let bind = |(prefix, namespace): &(&str, &str)| Binding {
            prefix: (*prefix).into(),
            namespace: (*namespace).into(),
        };
        Context {
            base: None,
            standard: standard.map(bind).collect(),
            declared: Vec::new(),
            places: HashMap::new(),
            vocabulary: None,
            foreign_urls: Vec::new(),
            is_gs1: false,
        }
    }

    /// A context within another, which it may extend.
    pub(super) fn within(base: &Arc<Context>) -> Context {
        Context {
            base: Some(base.clone()),
            standard: base.standard.clone(),
            declared: Vec::new(),
            places: HashMap::new(),
            vocabulary: base.vocabulary.clone(),
            foreign_urls: Vec::new(),
            is_gs1: base.is_gs1,
        }
    }

    /// Adds what a `@context` says, in any of its forms; `report` hears what is wrong in it and where.
    pub(super) fn extend(&mut self, context: &Value<'_>, report: &mut dyn FnMut(Fault, usize)) {
        match &context.data {
            Data::String(url) => self.extend_url(url),
            Data::Array(items) => {
                for item in items.iter().filter(|item| !matches!(item.data, Data::Array(_))) {
                    self.extend(item, report);
                }
            }
            Data::Object(members) => {
                for member in members {
                    self.declare(member, report);
                }
            }
            Data::Null => *self = Context::new(),
            Data::Boolean(_) | Data::Number(_) => {
                let message = format!("@context is {}", context.kind());
                let fix = "write a URL, an object of prefixes, or an array of these";
                report(Fault::error("member-type", message, fix), context.at);
            }
        }
    }

    fn extend_url(&mut self, url: &str) {
        if is_gs1_url(url) {
            self.is_gs1 = true;
        } else {
            self.foreign_urls.push(url.into());
        }
    }

    fn declare(&mut self, member: &Member<'_>, report: &mut dyn FnMut(Fault, usize)) {
        let target = match &member.value.data {
            Data::Object(_) => member.value.member("@id").and_then(Value::string),
            _ => member.value.string(),
        };
        if member.key == "@vocab" {
            self.vocabulary = target.filter(|target| !target.is_empty()).map(|target| self.absolute(target));
        }
        if member.key.starts_with('@') || member.key.contains(':') {
            return;
        }
        let namespace = target.map(|target| self.absolute(target)).unwrap_or_default();
        let standard = names::GS1_PREFIXES.iter().find(|(prefix, _)| *prefix == member.key);
        if standard.is_some_and(|(_, known)| *known != &*namespace) {
            let message = format!("the context binds {}, which GS1's context protects", shown(&member.key));
            report(Fault::warning("protected-prefix", message, "use another prefix"), member.at);
        }
        let prefix: Arc<str> = member.key.as_ref().into();
        let binding = Binding { prefix: prefix.clone(), namespace };
        match self.places.get(&prefix).and_then(|place| self.declared.get_mut(*place)) {
            Some(known) => *known = binding,
            None => {
                self.places.insert(prefix, self.declared.len());
                self.declared.push(binding);
            }
        }
    }

    /// A URI, where it is written with a prefix.
    pub(super) fn absolute(&self, text: &str) -> Arc<str> {
        match text.split_once(':') {
            Some((prefix, local)) if !local.starts_with("//") => match self.namespace(prefix) {
                Some(binding) => format!("{}{local}", binding.namespace).into(),
                None => text.into(),
            },
            _ => text.into(),
        }
    }

    /// The prefixes that the document declares, in order.
    pub(super) fn declarations(&self) -> impl Iterator<Item = (&str, &str)> {
        let bound = self.declared.iter().filter(|binding| !binding.namespace.is_empty());
        bound.map(|binding| (&*binding.prefix, &*binding.namespace))
    }

    /// The name that a key stands for; `None` for a word without a meaning, and for a URI that no XML name ends.
    pub(super) fn expand(&self, key: &str) -> Option<Expanded> {
        let Some((prefix, local)) = key.split_once(':') else { return self.expand_word(key) };
        if !local.starts_with("//")
            && let Some(binding) = self.namespace(prefix)
        {
            if names::is_xml_name(local) {
                let name = Name::new(binding.namespace.clone(), local);
                return Some(Expanded { name, prefix: binding.prefix.clone(), undeclared: false });
            }
            let name = names::split_uri(&format!("{}{local}", binding.namespace))?;
            return Some(Expanded { name, prefix: Arc::default(), undeclared: false });
        }
        let undeclared = !names::is_scheme(prefix) && !local.starts_with("//");
        Some(Expanded { name: names::split_uri(key)?, prefix: Arc::default(), undeclared })
    }

    fn expand_word(&self, word: &str) -> Option<Expanded> {
        let term = self.own_namespace(word);
        let name = match (term, &self.vocabulary) {
            (Some(term), _) => names::split_uri(&term.namespace)?,
            (None, Some(vocabulary)) if names::is_xml_name(word) => Name::new(vocabulary.clone(), word),
            _ => return None,
        };
        Some(Expanded { name, prefix: Arc::default(), undeclared: false })
    }

    fn namespace(&self, prefix: &str) -> Option<&Binding> {
        let standard = || self.standard.iter().find(|binding| *binding.prefix == *prefix);
        self.own_namespace(prefix).or_else(standard)
    }

    /// What the document or the event itself declares.
    fn own_namespace(&self, prefix: &str) -> Option<&Binding> {
        match self.places.get(prefix) {
            Some(place) => self.declared.get(*place).filter(|binding| !binding.namespace.is_empty()),
            None => self.base.as_ref()?.own_namespace(prefix),
        }
    }
}

/// True for any address at which GS1 publishes its EPCIS context.
fn is_gs1_url(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let file = rest.rsplit('/').next().unwrap_or_default();
    (rest.starts_with("ref.gs1.org/") || rest.starts_with("gs1.github.io/EPCIS/"))
        && matches!(
            file,
            "epcis-context.jsonld"
                | "epcis-context-simple.jsonld"
                | "query-schema.json"
                | "EPCIS-CBV-context.jsonld"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::jsonld::parser;

    fn context(json: &str) -> (Context, Vec<&'static str>) {
        let mut context = Context::new();
        let mut rules = Vec::new();
        let parsed = parser::parse(json.as_bytes(), 10, 100).unwrap();
        context.extend(&parsed.value, &mut |fault, _| rules.push(fault.rule));
        (context, rules)
    }

    fn check(json: &str, key: &str, expected: Option<(&str, &str)>) {
        let found = context(json).0.expand(key).map(|expanded| expanded.name);
        assert_eq!(found, expected.map(|(namespace, local)| Name::new(namespace, local)), "{key}");
    }

    #[test]
    fn expands_keys() {
        let json = r#"["https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
            {"ex": "http://ex.com/a", "e2": {"@id": "ex:b/", "@prefix": true}, "word": "http://ex.com/#term"}]"#;
        check(json, "ex:a", Some(("http://ex.com/a", "a")));
        check(json, "e2:c", Some(("http://ex.com/ab/", "c")));
        check(json, "ex:d:e", Some(("http://ex.com/ad:", "e")));
        check(json, "cbvmda:lotNumber", Some(("urn:epcglobal:cbv:mda:", "lotNumber")));
        check(json, "https://x.org/y#z", Some(("https://x.org/y#", "z")));
        check(json, "no:z", Some(("no:", "z")));
        check(json, "word", Some(("http://ex.com/#", "term")));
        check(json, "other", None);
        check(json, "ex:1/2", None);
        check(r#"{"@vocab": "urn:v:"}"#, "other", Some(("urn:v:", "other")));
    }

    #[test]
    fn knows_what_is_declared() {
        let (own, rules) = context(r#"[{"cbvmda": "urn:x:"}, "https://example.com/ctx.jsonld", null, 5]"#);
        assert_eq!(rules, ["protected-prefix", "member-type"]);
        assert!(!own.is_gs1 && own.foreign_urls.is_empty());
        let (own, _) = context(r#"["https://gs1.github.io/EPCIS/epcis-context.jsonld", "https://e.com/c"]"#);
        assert!(own.is_gs1 && own.expand("no:z").unwrap().undeclared);
        assert_eq!(own.foreign_urls, ["https://e.com/c".into()]);
    }

    #[test]
    fn an_events_context_stands_in_the_documents() {
        let (outer, _) = context(r#"{"a": "urn:a:", "b": "urn:b:"}"#);
        let mut inner = Context::within(&Arc::new(outer));
        let parsed = parser::parse(br#"{"b": null, "a": "urn:c:"}"#, 10, 100).unwrap();
        inner.extend(&parsed.value, &mut |fault, _| panic!("{fault:?}"));
        assert_eq!(inner.expand("a:x").unwrap().name, Name::new("urn:c:", "x"));
        assert!(inner.expand("b:x").unwrap().undeclared);
        assert_eq!(inner.declarations().collect::<Vec<_>>(), [("a", "urn:c:")]);
    }
}
