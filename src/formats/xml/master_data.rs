//! Vocabularies: master data in a header, in a document of its own or in the results of a query.

use crate::epcis::MasterDataAttribute;
use crate::epcis::Node;
use crate::epcis::Vocabulary;
use crate::epcis::VocabularyElement;
use crate::formats::xml::extension;
use crate::formats::xml::fields;
use crate::formats::xml::names::Tag;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;

/// Reads a `VocabularyList` and adds its vocabularies.
pub fn read_list(scan: &mut Scanner, vocabularies: &mut Vec<Vocabulary>) -> Scan<()> {
    vocabularies.extend(fields::list(scan, Tag::Vocabulary, |scan| vocabulary(scan).map(Some))?);
    Ok(())
}

fn vocabulary(scan: &mut Scanner) -> Scan<Vocabulary> {
    scan.judge_attributes(&["type"])?;
    let kind = required_attribute(scan, "type");
    let mut vocabulary = Vocabulary { kind, elements: Vec::new(), extensions: Vec::new() };
    while let Some(tag) = scan.child()? {
        match tag {
            Tag::VocabularyElementList => {
                let elements = fields::list(scan, Tag::VocabularyElement, |scan| element(scan).map(Some))?;
                vocabulary.elements.extend(elements);
            }
            Tag::Extension => extension::push_children(scan, &mut vocabulary.extensions)?,
            _ => extension::push(scan, &mut vocabulary.extensions)?,
        }
    }
    Ok(vocabulary)
}

fn element(scan: &mut Scanner) -> Scan<VocabularyElement> {
    scan.judge_attributes(&["id"])?;
    let id = required_attribute(scan, "id");
    let (attributes, children) = (Vec::new(), Vec::new());
    let mut element = VocabularyElement { id, attributes, children, extensions: Vec::new() };
    while let Some(tag) = scan.child()? {
        match tag {
            Tag::Attribute => element.attributes.push(attribute(scan)?),
            Tag::Children => element.children.extend(fields::list(scan, Tag::Id, fields::uri)?),
            Tag::Extension => extension::push_children(scan, &mut element.extensions)?,
            _ => extension::push(scan, &mut element.extensions)?,
        }
    }
    Ok(element)
}

fn attribute(scan: &mut Scanner) -> Scan<MasterDataAttribute> {
    scan.count_node()?;
    let id = required_attribute(scan, "id");
    let mut attributes = scan.foreign_attributes()?;
    attributes.retain(|attribute| !(attribute.name.is_local() && &*attribute.name.local == "id"));
    if scan.is_leaf() {
        let text = scan.value()?.filter(|text| !text.is_empty());
        let content = text.map(|text| Node::Text(text.into())).into_iter().collect();
        return Ok(MasterDataAttribute { id, attributes, content });
    }
    let content = extension::content(scan)?;
    Ok(MasterDataAttribute { id, attributes, content })
}

/// An attribute's value; where it is missing, that is told and the value is empty.
fn required_attribute(scan: &mut Scanner, name: &str) -> Box<str> {
    match scan.attribute(name) {
        Some(value) => value.trim().into(),
        None => {
            scan.tell(fields::required(name));
            "".into()
        }
    }
}
