//! Master data read (EPCIS 2.0 §9.5): an attribute's value is a string, a number or an object.

use crate::epcis::MasterDataAttribute;
use crate::epcis::Vocabulary;
use crate::epcis::VocabularyElement;
use crate::formats::jsonld::extension;
use crate::formats::jsonld::extension::Elements;
use crate::formats::jsonld::fields;
use crate::formats::jsonld::frame::Frame;
use crate::formats::jsonld::frame::Path;
use crate::formats::jsonld::value::Data;
use crate::formats::jsonld::value::Member;
use crate::formats::jsonld::value::Value;

/// Reads `epcisMasterData`.
pub(super) fn read(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Vec<Vocabulary> {
    let mut found = Vec::new();
    for member in fields::object(frame, value, path).unwrap_or_default() {
        let path = path.member(&member.key);
        if member.key == "vocabularyList" {
            found = vocabularies(frame, &member.value, &path);
        } else {
            frame.unknown_member(&member.key, member.at, &path);
        }
    }
    found
}

/// Reads `vocabularyList`.
pub(super) fn vocabularies(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Vec<Vocabulary> {
    fields::each(frame, value, path, |frame, members, path| {
        let mut kind = None;
        let mut elements = Vec::new();
        let mut extensions = Elements::default();
        for member in members {
            let inner = path.member(&member.key);
            match &*member.key {
                "type" => kind = fields::uri(frame, &member.value, &inner),
                "vocabularyElementList" => elements = vocabulary_elements(frame, &member.value, &inner),
                _ => extensions.take(frame, member, path),
            }
        }
        let kind = kind.or_else(|| fields::missing(frame, members, "type", path))?;
        Some(Vocabulary { kind, elements, extensions: extensions.finish() })
    })
}

fn vocabulary_elements(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Vec<VocabularyElement> {
    fields::each(frame, value, path, |frame, members, path| {
        let mut id = None;
        let mut attributes = Vec::new();
        let mut children = Vec::new();
        let mut extensions = Elements::default();
        for member in members {
            let inner = path.member(&member.key);
            match &*member.key {
                "id" => id = frame.text(&member.value, &inner).map(Box::from),
                "attributes" => attributes = self::attributes(frame, &member.value, &inner),
                "children" => {
                    let items = frame.items(&member.value, &inner).iter().enumerate();
                    let read = |(index, item)| frame.text(item, &inner.item(index)).map(Box::from);
                    children = items.filter_map(read).collect();
                }
                _ => extensions.take(frame, member, path),
            }
        }
        let id = id.or_else(|| fields::missing(frame, members, "id", path))?;
        Some(VocabularyElement { id, attributes, children, extensions: extensions.finish() })
    })
}

/// Reads `attributes`; an array in place of a value is as many attributes.
fn attributes(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Vec<MasterDataAttribute> {
    let lists = fields::each(frame, value, path, |frame, members, path| {
        let mut id = None;
        let mut values: &[Value<'_>] = &[];
        for Member { key, value, at } in members {
            let path = path.member(key);
            match (&**key, &value.data) {
                ("id", _) => id = frame.text(value, &path),
                ("attribute", Data::Array(items)) => values = items,
                ("attribute", _) => values = std::slice::from_ref(value),
                _ => frame.unknown_member(key, *at, &path),
            }
        }
        let id: Box<str> = id.or_else(|| fields::missing(frame, members, "id", path))?.into();
        if values.is_empty() {
            return Some(vec![MasterDataAttribute { id, attributes: Vec::new(), content: Vec::new() }]);
        }
        let read = |value| {
            let (attributes, content) = extension::content(frame.context, value);
            MasterDataAttribute { id: id.clone(), attributes, content }
        };
        Some(values.iter().map(read).collect())
    });
    lists.into_iter().flatten().collect()
}
