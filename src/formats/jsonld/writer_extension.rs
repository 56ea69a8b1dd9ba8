//! What other namespaces add, written: elements into JSON members, so that [`super::extension`] reads the same tree.

use std::collections::HashMap;

use crate::epcis::Attribute;
use crate::epcis::Element;
use crate::epcis::Hint;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::formats::jsonld::context::Context;
use crate::formats::jsonld::extension;
use crate::formats::jsonld::names;
use crate::formats::jsonld::names::carried;
use crate::formats::jsonld::parser;
use crate::formats::jsonld::prefixes::Prefixes;
use crate::formats::jsonld::sink::Sink;
use crate::formats::jsonld::value::Data;

/// How deep JSON within an element may nest; the reader that made it allowed no more.
const DEPTH: usize = 1_000;

/// Writes elements.
pub(super) struct ExtensionWriter<'a> {
    pub(super) out: &'a mut Sink,
    pub(super) prefixes: &'a Prefixes,
}

impl ExtensionWriter<'_> {
    /// Writes elements as members of an event, or of another object that EPCIS defines.
    pub(super) fn members(&mut self, elements: &[Element]) {
        if !elements.is_empty() {
            self.groups(&Groups::of(elements, true), true);
        }
    }

    /// Writes a value of master data, which is a string or an object.
    pub(super) fn master_data(&mut self, attributes: &[Attribute], nodes: &[Node]) {
        match nodes {
            [Node::Json(json)] if attributes.is_empty() => self.wrapped(json),
            _ => self.content(attributes, nodes, Hint::Plain),
        }
    }

    /// Writes attributes as members of an object.
    pub(super) fn attributes(&mut self, attributes: &[Attribute], mark: &str) {
        for attribute in attributes {
            self.prefixes.write_key(self.out, mark, &attribute.name);
            self.out.string(&attribute.value);
        }
    }

    fn groups(&mut self, groups: &Groups<'_>, top: bool) {
        let mut local = groups.iter().filter(|group| top && group.is_local()).peekable();
        for group in groups.iter() {
            if !(top && group.is_local()) {
                self.group(group);
            } else if local.peek().is_some() {
                self.out.key(&names::carrier_key(carried::LOCAL));
                self.out.open(b'{');
                for group in local.by_ref() {
                    self.group(group);
                }
                self.out.close(b'}');
            }
        }
        if let Some(order) = groups.order() {
            self.out.key(&names::carrier_key(carried::ORDER));
            self.out.open(b'[');
            for place in order {
                self.out.item();
                self.out.raw(&place.to_string());
            }
            self.out.close(b']');
        }
    }

    fn group(&mut self, group: &Group<'_>) {
        self.prefixes.write_key(self.out, "", group.name);
        match group.elements.as_slice() {
            [only] => self.alone(only),
            elements => {
                self.out.open(b'[');
                for element in elements {
                    self.out.item();
                    self.item(element);
                }
                self.out.close(b']');
            }
        }
    }

    /// Writes the value of an element that is the only one of its name.
    fn alone(&mut self, element: &Element) {
        let bare = element.attributes.is_empty() && element.children.is_empty();
        match element.hint {
            Hint::EmptyArray if bare => {
                self.out.open(b'[');
                self.out.close(b']');
            }
            Hint::OnlyInArray => {
                self.out.open(b'[');
                self.out.item();
                self.item(element);
                self.out.close(b']');
            }
            _ => match element.children.as_slice() {
                [Node::Json(json)] if element.attributes.is_empty() => self.json(json, false),
                children => self.content(&element.attributes, children, element.hint),
            },
        }
    }

    /// Writes the value of an element that stands in an array, where arrays cannot stand.
    fn item(&mut self, element: &Element) {
        match element.children.as_slice() {
            [Node::Json(json)] if element.attributes.is_empty() => self.json(json, true),
            children => self.content(&element.attributes, children, element.hint),
        }
    }

    fn content(&mut self, attributes: &[Attribute], nodes: &[Node], hint: Hint) {
        if attributes.is_empty() {
            match (nodes, hint) {
                ([], Hint::Null) => return self.out.raw("null"),
                ([], Hint::EmptyObject) => return self.out.raw("{}"),
                ([], _) => return self.out.raw("\"\""),
                ([Node::Text(text)], _) if !text.is_empty() => return self.text(text, hint),
                _ => {}
            }
        }
        self.out.open(b'{');
        self.attribute_members(attributes);
        match nodes {
            [] => {}
            [Node::Text(text)] => {
                self.out.key(names::TEXT);
                self.text(text, hint);
            }
            nodes => match nodes.iter().map(element_of).collect::<Option<Vec<_>>>() {
                Some(elements) => self.groups(&Groups::of(elements, false), false),
                None => self.nodes(nodes),
            },
        }
        self.out.close(b'}');
    }

    fn attribute_members(&mut self, attributes: &[Attribute]) {
        let reserved = |name: &Name| name.is_local() && names::is_keyword(&name.local);
        if attributes.iter().any(|attribute| reserved(&attribute.name)) {
            self.out.key(names::ATTRIBUTES);
            self.out.open(b'{');
            self.attributes(attributes, "");
            self.out.close(b'}');
        } else {
            self.attributes(attributes, "@");
        }
    }

    /// Writes text and elements in their order.
    fn nodes(&mut self, nodes: &[Node]) {
        self.out.key(names::CONTENT);
        self.out.open(b'[');
        for node in nodes {
            self.out.item();
            match node {
                Node::Text(text) => {
                    self.out.string(text);
                }
                Node::Json(json) => self.wrapped(json),
                Node::Element(element) => {
                    self.out.open(b'{');
                    self.prefixes.write_key(self.out, "", &element.name);
                    self.alone(element);
                    self.out.close(b'}');
                }
            }
        }
        self.out.close(b']');
    }

    fn text(&mut self, text: &str, hint: Hint) {
        let is = |wanted: fn(&Data<'_>) -> bool| {
            parser::parse(text.as_bytes(), 0, 1).is_ok_and(|parsed| wanted(&parsed.value.data))
        };
        let trimmed = text.trim().len() == text.len();
        let raw = match hint {
            Hint::Number => trimmed && is(|data| matches!(data, Data::Number(_))),
            Hint::Boolean => trimmed && is(|data| matches!(data, Data::Boolean(_))),
            _ => false,
        };
        if raw {
            self.out.raw(text);
        } else {
            self.out.string(text);
        }
    }

    /// Writes JSON as it is where it cannot be taken for elements, else in JSON-LD's form of a JSON value.
    fn json(&mut self, json: &str, in_array: bool) {
        let parsed = parser::parse(json.as_bytes(), DEPTH, usize::MAX);
        let clear = parsed.is_ok_and(|parsed| {
            let array = matches!(parsed.value.data, Data::Array(_));
            !(in_array && array || extension::reads_as_elements(&Context::new(), &parsed.value))
        });
        if clear { self.out.raw(json) } else { self.wrapped(json) }
    }

    fn wrapped(&mut self, json: &str) {
        self.out.open(b'{');
        self.out.member("@type", "@json");
        self.out.key("@value");
        if parser::parse(json.as_bytes(), DEPTH, usize::MAX).is_ok() {
            self.out.raw(json);
        } else {
            self.out.string(json);
        }
        self.out.close(b'}');
    }
}

fn element_of(node: &Node) -> Option<&Element> {
    match node {
        Node::Element(element) => Some(element),
        Node::Text(_) | Node::Json(_) => None,
    }
}

/// Elements by their names: members of an object, which has each name once.
struct Groups<'a> {
    groups: Vec<Group<'a>>,
    /// The group of each element.
    places: Vec<usize>,
    /// True where elements in no namespace are written together.
    top: bool,
}

struct Group<'a> {
    name: &'a Name,
    elements: Vec<&'a Element>,
}

impl Group<'_> {
    fn is_local(&self) -> bool {
        self.name.is_local()
    }
}

impl<'a> Groups<'a> {
    fn of(elements: impl IntoIterator<Item = &'a Element>, top: bool) -> Groups<'a> {
        const FEW: usize = 8;
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut places = Vec::new();
        let mut known: HashMap<&Name, usize> = HashMap::new();
        for element in elements {
            let name = &element.name;
            let place = if known.is_empty() {
                groups.iter().position(|group| group.name == name)
            } else {
                known.get(name).copied()
            };
            let place = place.unwrap_or_else(|| {
                groups.push(Group { name, elements: Vec::new() });
                if groups.len() > FEW && known.is_empty() {
                    known.extend(groups.iter().enumerate().map(|(place, group)| (group.name, place)));
                } else if !known.is_empty() {
                    known.insert(name, groups.len() - 1);
                }
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(place) {
                group.elements.push(element);
            }
            places.push(place);
        }
        Groups { groups, places, top }
    }

    fn iter(&self) -> impl Iterator<Item = &Group<'a>> {
        self.groups.iter()
    }

    /// The place of each element's name among the names as they are written; `None` where this order is that of writing.
    fn order(&self) -> Option<Vec<usize>> {
        let together = |group: &Group<'_>| self.top && group.is_local();
        let mut written: Vec<usize> = Vec::with_capacity(self.groups.len());
        let first = self.groups.iter().position(together);
        for (place, group) in self.groups.iter().enumerate() {
            if !together(group) {
                written.push(place);
            } else if first == Some(place) {
                let locals = self.groups.iter().enumerate().filter(|(_, group)| together(group));
                written.extend(locals.map(|(place, _)| place));
            }
        }
        let mut rank = vec![0; written.len()];
        for (position, place) in written.iter().enumerate() {
            if let Some(rank) = rank.get_mut(*place) {
                *rank = position;
            }
        }
        let order: Vec<usize> = self.places.iter().filter_map(|place| rank.get(*place).copied()).collect();
        (!order.is_sorted()).then_some(order)
    }
}
