//! Master data that travels in a header or a document of its own (EPCIS 1.2 §9.5.1, 2.0 §9.5).

use crate::epcis::Attribute;
use crate::epcis::Element;
use crate::epcis::Node;

/// One `Vocabulary`: the elements of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct Vocabulary {
    /// `type`, such as `urn:epcglobal:epcis:vtype:EPCClass`.
    pub kind: Box<str>,
    /// `VocabularyElementList`.
    pub elements: Vec<VocabularyElement>,
    /// What others add; elements in no namespace come from its `extension`.
    pub extensions: Vec<Element>,
}

/// One `VocabularyElement`: what is known of one identifier.
#[derive(Clone, Debug, PartialEq)]
pub struct VocabularyElement {
    /// `id`: the identifier described.
    pub id: Box<str>,
    /// `attribute`s in order; an id may repeat.
    pub attributes: Vec<MasterDataAttribute>,
    /// `children`: identifiers below this one.
    pub children: Vec<Box<str>>,
    /// What others add; elements in no namespace come from its `extension`.
    pub extensions: Vec<Element>,
}

/// One `attribute`: a name and mixed content of any kind.
#[derive(Clone, Debug, PartialEq)]
pub struct MasterDataAttribute {
    /// `id`, such as `urn:epcglobal:cbv:mda#name`.
    pub id: Box<str>,
    /// Attributes besides `id`.
    pub attributes: Vec<Attribute>,
    /// Text and elements in order.
    pub content: Vec<Node>,
}

impl MasterDataAttribute {
    /// The value, if it is text alone.
    pub fn text(&self) -> Option<&str> {
        match self.content.as_slice() {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }
}
