//! What other namespaces add, read: JSON members into elements. [`super::writer_extension`] writes them so.
//!
//! A string, number, boolean or null is the element's text; an object holds child elements and, under keys with `@`,
//! attributes; an array repeats the element. `#text` is text beside attributes, `#content` an array of text and elements
//! in order, `#attributes` an object of attributes whose names JSON-LD reserves, and `urn:epcgate:carried:order` gives the
//! order of elements whose names take turns. What is none of this is kept as JSON.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::epcis::Attribute;
use crate::epcis::Element;
use crate::epcis::Hint;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::formats::CARRIER_NAMESPACE;
use crate::formats::Fault;
use crate::formats::jsonld::context::Context;
use crate::formats::jsonld::context::Expanded;
use crate::formats::jsonld::frame::Frame;
use crate::formats::jsonld::frame::Path;
use crate::formats::jsonld::names;
use crate::formats::jsonld::names::carried;
use crate::formats::jsonld::sink;
use crate::formats::jsonld::value::Data;
use crate::formats::jsonld::value::Member;
use crate::formats::jsonld::value::Value;
use crate::formats::values::shown;

/// Elements being read from the members of an object, and the order that they shall have.
#[derive(Default)]
pub(super) struct Elements {
    found: Vec<Element>,
    order: Vec<usize>,
}

impl Elements {
    /// Takes a member of an event, or of another object that EPCIS defines; its key must name a namespace.
    pub(super) fn take(&mut self, frame: &mut Frame<'_>, member: &Member<'_>, parent: &Path<'_>) {
        let path = parent.member(&member.key);
        let Some(expanded) = expand(frame, member, &path) else {
            if member.key.contains(':') && !member.key.starts_with(['@', '#']) {
                self.found.push(keyless(frame.context, member));
            } else {
                frame.unknown_member(&member.key, member.at, &path);
            }
            return;
        };
        match names::carried_local(&expanded.name) {
            Some(carried::LOCAL) => self.take_local(frame, &member.value, &path),
            Some(carried::ORDER) if order(&member.value).is_some() => {
                self.order = order(&member.value).unwrap_or_default();
            }
            _ => self.add(frame.context, expanded, &member.value),
        }
    }

    /// Takes a member whose key is a word of EPCIS that means nothing here, as an element in no namespace.
    pub(super) fn take_word(&mut self, context: &Context, member: &Member<'_>) {
        self.add(context, local_name(&member.key), &member.value);
    }

    /// The elements in their order.
    pub(super) fn finish(self) -> Vec<Element> {
        if self.order.is_empty() { self.found } else { in_order(self.found, &self.order) }
    }

    /// Elements in no namespace.
    fn take_local(&mut self, frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) {
        let Some(members) = value.members() else {
            frame.wrong_type::<()>("an object", value, path);
            return;
        };
        for member in members {
            if names::is_xml_name(&member.key) {
                let expanded = local_name(&member.key);
                self.add(frame.context, expanded, &member.value);
            } else {
                frame.unknown_member(&member.key, member.at, &path.member(&member.key));
            }
        }
    }

    fn add(&mut self, context: &Context, expanded: Expanded, value: &Value<'_>) {
        let Data::Array(items) = &value.data else {
            self.found.push(element(context, expanded, value));
            return;
        };
        let nested = items.iter().any(|item| matches!(item.data, Data::Array(_)));
        match items.as_slice() {
            [] => {
                let mut element = Element::new(expanded.name, expanded.prefix);
                element.hint = Hint::EmptyArray;
                self.found.push(element);
            }
            _ if nested => {
                let mut element = Element::new(expanded.name, expanded.prefix);
                element.children.push(json(context, value));
                self.found.push(element);
            }
            [only] => {
                let mut element = element(context, expanded, only);
                if element.hint == Hint::Plain {
                    element.hint = Hint::OnlyInArray;
                }
                self.found.push(element);
            }
            items => {
                for item in items {
                    let expanded = Expanded {
                        name: expanded.name.clone(),
                        prefix: expanded.prefix.clone(),
                        undeclared: false,
                    };
                    self.found.push(element(context, expanded, item));
                }
            }
        }
    }
}

/// The content of a master data attribute: attributes and nodes of a value.
pub(super) fn content(context: &Context, value: &Value<'_>) -> (Vec<Attribute>, Vec<Node>) {
    if matches!(value.data, Data::Array(_)) {
        return (Vec::new(), vec![json(context, value)]);
    }
    let element = element(context, local_name(""), value);
    (element.attributes, element.children)
}

/// Attributes from an object of strings; `None` where one is no string or has no XML name.
pub(super) fn attributes(context: &Context, members: &[Member<'_>]) -> Option<Vec<Attribute>> {
    members.iter().map(|member| attribute(context, &member.key, &member.value)).collect()
}

/// The name that a key stands for, with a warning where its prefix was not declared.
fn expand(frame: &mut Frame<'_>, member: &Member<'_>, path: &Path<'_>) -> Option<Expanded> {
    let expanded = frame.context.expand(&member.key)?;
    if expanded.undeclared {
        let message = format!("no @context declares the prefix of {}", shown(&member.key));
        let fix = "declare the prefix in the @context, or write the full URI";
        frame.tell(Fault::warning("undeclared-prefix", message, fix), member.at, path);
    }
    Some(expanded)
}

fn local_name(local: &str) -> Expanded {
    Expanded { name: Name::new("", local), prefix: Arc::default(), undeclared: false }
}

/// A member whose key is a URI that no XML name ends.
fn keyless(context: &Context, member: &Member<'_>) -> Element {
    let mut out = b"{".to_vec();
    sink::write_string(&context.absolute(&member.key), &mut out);
    out.push(b':');
    member.value.write_compact(&mut |key| full_key(context, key), &mut out);
    out.push(b'}');
    let mut element = Element::new(Name::new(CARRIER_NAMESPACE, carried::JSON), "");
    element.children.push(Node::Json(String::from_utf8_lossy(&out).into()));
    element
}

/// One value, which is no array, as an element.
fn element(context: &Context, expanded: Expanded, value: &Value<'_>) -> Element {
    let mut element = Element::new(expanded.name, expanded.prefix);
    match &value.data {
        Data::Null => element.hint = Hint::Null,
        Data::Boolean(flag) => {
            element.hint = Hint::Boolean;
            element.children.push(Node::Text(if *flag { "true" } else { "false" }.into()));
        }
        Data::Number(text) => {
            element.hint = Hint::Number;
            element.children.push(Node::Text((*text).into()));
        }
        Data::String(text) if text.is_empty() => {}
        Data::String(text) => element.children.push(Node::Text(text.as_ref().into())),
        Data::Object(members) if members.is_empty() => element.hint = Hint::EmptyObject,
        Data::Object(members) => match object(context, members) {
            Some((attributes, children, hint)) => {
                (element.attributes, element.children, element.hint) = (attributes, children, hint);
            }
            None => element.children.push(json(context, value)),
        },
        Data::Array(_) => element.children.push(json(context, value)),
    }
    element
}

/// True for JSON that reads as elements and not as a [`Node::Json`].
pub(super) fn reads_as_elements(context: &Context, value: &Value<'_>) -> bool {
    match &value.data {
        Data::Array(items) => !items.iter().any(|item| matches!(item.data, Data::Array(_))),
        Data::Object(members) => members.is_empty() || object(context, members).is_some(),
        _ => true,
    }
}

type Content = (Vec<Attribute>, Vec<Node>, Hint);

/// The content that an object says; `None` where it says something else.
fn object(context: &Context, members: &[Member<'_>]) -> Option<Content> {
    if let Some(value) = wrapped_json(members) {
        return Some((Vec::new(), vec![json(context, value)], Hint::Plain));
    }
    let mut attributes = Vec::new();
    let mut nodes = None;
    let mut hint = Hint::Plain;
    let mut elements = Elements::default();
    for Member { key, value, .. } in members {
        match &**key {
            names::TEXT => {
                let (text, as_written) = text(value)?;
                (nodes, hint) = (Some(vec![Node::Text(text.into())]), as_written);
            }
            names::CONTENT => nodes = Some(self::nodes(context, value)?),
            names::ATTRIBUTES => attributes.extend(self::attributes(context, value.members()?)?),
            key => match key.strip_prefix('@') {
                Some(word) if names::is_keyword(word) => return None,
                Some(name) => attributes.push(attribute(context, name, value)?),
                None => elements.take_child(context, key, value)?,
            },
        }
    }
    let mut seen = HashSet::new();
    if !attributes.iter().all(|attribute: &Attribute| seen.insert(&attribute.name)) {
        return None;
    }
    match nodes {
        Some(nodes) => elements.found.is_empty().then_some((attributes, nodes, hint)),
        None => {
            let children = elements.finish().into_iter().map(Node::Element).collect();
            Some((attributes, children, hint))
        }
    }
}

impl Elements {
    /// Takes a member of an element's object, where words without a prefix name elements in no namespace.
    fn take_child(&mut self, context: &Context, key: &str, value: &Value<'_>) -> Option<()> {
        let expanded = match context.expand(key) {
            Some(expanded) => expanded,
            None if names::is_xml_name(key) => local_name(key),
            None => return None,
        };
        if names::carried_local(&expanded.name) == Some(carried::ORDER)
            && let Some(order) = order(value)
        {
            self.order = order;
            return Some(());
        }
        self.add(context, expanded, value);
        Some(())
    }
}

/// `{"@type": "@json", "@value": …}`, JSON-LD's own form of a JSON value.
fn wrapped_json<'v, 'j>(members: &'v [Member<'j>]) -> Option<&'v Value<'j>> {
    match members {
        [kind, value] if kind.key == "@type" && value.key == "@value" => {
            (kind.value.string() == Some("@json")).then_some(&value.value)
        }
        _ => None,
    }
}

fn text<'v>(value: &'v Value<'_>) -> Option<(&'v str, Hint)> {
    match &value.data {
        Data::String(text) => Some((text, Hint::Plain)),
        Data::Number(text) => Some((text, Hint::Number)),
        Data::Boolean(true) => Some(("true", Hint::Boolean)),
        Data::Boolean(false) => Some(("false", Hint::Boolean)),
        Data::Null | Data::Array(_) | Data::Object(_) => None,
    }
}

/// Text and elements in order.
fn nodes(context: &Context, value: &Value<'_>) -> Option<Vec<Node>> {
    let Data::Array(items) = &value.data else { return None };
    let mut nodes = Vec::with_capacity(items.len());
    for item in items {
        match &item.data {
            Data::String(text) => nodes.push(Node::Text(text.as_ref().into())),
            Data::Object(members) => match (wrapped_json(members), members.as_slice()) {
                (Some(value), _) => nodes.push(json(context, value)),
                (None, [Member { key, value, .. }]) => {
                    let mut elements = Elements::default();
                    elements.take_child(context, key, value)?;
                    nodes.extend(elements.finish().into_iter().map(Node::Element));
                }
                _ => return None,
            },
            _ => return None,
        }
    }
    Some(nodes)
}

fn attribute(context: &Context, key: &str, value: &Value<'_>) -> Option<Attribute> {
    let name = if key.contains(':') {
        context.expand(key)?.name
    } else {
        names::is_xml_name(key).then(|| Name::new("", key))?
    };
    Some(Attribute { name, value: value.string()?.into() })
}

fn order(value: &Value<'_>) -> Option<Vec<usize>> {
    let Data::Array(items) = &value.data else { return None };
    items
        .iter()
        .map(|item| match item.data {
            Data::Number(text) => text.parse().ok(),
            _ => None,
        })
        .collect()
}

/// Puts elements in order: each number is a position in the list of names; `found` as it is where the numbers do not fit.
fn in_order(found: Vec<Element>, order: &[usize]) -> Vec<Element> {
    let mut counts: Vec<usize> = Vec::new();
    let mut places = HashMap::new();
    let mut group = Vec::with_capacity(found.len());
    for element in &found {
        let place = *places.entry(element.name.clone()).or_insert_with(|| {
            counts.push(0);
            counts.len() - 1
        });
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
        group.push(place);
    }
    let mut wanted = vec![0; counts.len()];
    for place in order {
        match wanted.get_mut(*place) {
            Some(count) => *count += 1,
            None => return found,
        }
    }
    if wanted != counts {
        return found;
    }
    let mut queues: Vec<VecDeque<Element>> = counts.iter().map(|_| VecDeque::new()).collect();
    for (element, place) in found.into_iter().zip(group) {
        if let Some(queue) = queues.get_mut(place) {
            queue.push_back(element);
        }
    }
    order.iter().filter_map(|place| queues.get_mut(*place)?.pop_front()).collect()
}

/// A value as JSON text, its keys with their namespaces in full.
fn json(context: &Context, value: &Value<'_>) -> Node {
    let mut out = Vec::new();
    value.write_compact(&mut |key| full_key(context, key), &mut out);
    Node::Json(String::from_utf8_lossy(&out).into())
}

fn full_key(context: &Context, key: &str) -> Option<String> {
    if key.starts_with(['@', '#']) || !key.contains(':') {
        return None;
    }
    Some(context.absolute(key).as_ref().to_owned())
}
