//! Context: what keys stand for. Contexts are never fetched; GS1's is known, of others the objects are read.

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
    standard: Arc<[Binding]>,
    declared: Vec<Binding>,
    vocabulary: Option<Arc<str>>,
    /// URLs of contexts of others, not read.
    pub(super) foreign_urls: Vec<Box<str>>,
    /// True where GS1's context is among them.
    pub(super) is_gs1: bool,
}

#[derive(Clone, Debug)]
struct Binding {
    prefix: Arc<str>,
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
            standard: standard.map(bind).collect(),
            declared: Vec::new(),
            vocabulary: None,
            foreign_urls: Vec::new(),
            is_gs1: false,
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
        let Some(target) = target else {
            self.declared.retain(|binding| *binding.prefix != *member.key);
            return;
        };
        if member.key == "@vocab" {
            self.vocabulary = (!target.is_empty()).then(|| self.absolute(target));
        }
        if member.key.starts_with('@') || member.key.contains(':') {
            return;
        }
        let namespace = self.absolute(target);
        let standard = names::GS1_PREFIXES.iter().find(|(prefix, _)| *prefix == member.key);
        if standard.is_some_and(|(_, known)| *known != &*namespace) {
            let message = format!("the context binds {}, which GS1's context protects", shown(&member.key));
            report(Fault::warning("protected-prefix", message, "use another prefix"), member.at);
        }
        self.declared.retain(|binding| *binding.prefix != *member.key);
        self.declared.push(Binding { prefix: member.key.as_ref().into(), namespace });
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

    /// A value with a declared prefix as the URI it stands for; any other as it is.
    pub(super) fn expand_value(&self, text: &str) -> Option<Arc<str>> {
        let (prefix, local) = text.split_once(':')?;
        let declared = self.declared.iter().any(|binding| *binding.prefix == *prefix);
        (declared && !local.starts_with("//")).then(|| self.absolute(text))
    }

    /// The prefixes that the document declares, in order.
    pub(super) fn declarations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.declared.iter().map(|binding| (&*binding.prefix, &*binding.namespace))
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
        let term = self.declared.iter().find(|binding| *binding.prefix == *word);
        let name = match (term, &self.vocabulary) {
            (Some(term), _) => names::split_uri(&term.namespace)?,
            (None, Some(vocabulary)) if names::is_xml_name(word) => Name::new(vocabulary.clone(), word),
            _ => return None,
        };
        Some(Expanded { name, prefix: Arc::default(), undeclared: false })
    }

    fn namespace(&self, prefix: &str) -> Option<&Binding> {
        self.declared.iter().chain(self.standard.iter()).find(|binding| *binding.prefix == *prefix)
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
}
