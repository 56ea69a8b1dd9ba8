//! The envelope of events: header, Standard Business Document Header, master data.

use crate::epcis::Attribute;
use crate::epcis::Element;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::epcis::Vocabulary;

/// Namespace of the Standard Business Document Header, the same in all EPCIS versions.
pub const SBDH_NAMESPACE: &str = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader";

/// Which kind of document it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// `EPCISDocument`: events for capture.
    #[default]
    Document,
    /// `EPCISQueryDocument` with `QueryResults`: events (or master data) as an answer.
    QueryDocument,
    /// `EPCISMasterDataDocument`: master data alone; XML only.
    MasterData,
    /// One event with no envelope.
    Event,
    /// A list of events with no envelope: a JSON array, or an XML `EventList`.
    EventList,
}

/// Everything of a document but its events. What XML writes behind the events is complete only at the end of reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// Kind of document.
    pub kind: DocumentKind,
    /// `schemaVersion` as sent; empty where there is none.
    pub schema_version: Box<str>,
    /// `creationDate` as sent; empty where there is none.
    pub creation_date: Box<str>,
    /// `id` of a JSON document.
    pub id: Option<Box<str>>,
    /// The SBDH. A JSON document's `sender`, `receiver` and `instanceIdentifier` are read into one.
    pub sbdh: Option<Sbdh>,
    /// Header master data, or the content of a master data document or of `QueryResults`.
    pub master_data: Vec<Vocabulary>,
    /// Other header elements, such as `gs1ushc:dscsaTransactionStatement`; those in no namespace come from `extension`.
    pub elements: Vec<Element>,
    /// Elements of others beside the body (and, in no namespace, from the document's `extension`).
    pub document_elements: Vec<Element>,
    /// Elements of others inside the body, beside the events.
    pub body_elements: Vec<Element>,
    /// Attributes of others on the root element.
    pub attributes: Vec<Attribute>,
    /// The head of `QueryResults` in a query document.
    pub query_results: Option<QueryResultsHead>,
    /// Prefixes the root declares, as (prefix, namespace), to be used again; no part of equality.
    pub namespaces: Declared,
}

/// Prefix declarations as (prefix, namespace) in order; two of them always compare equal.
#[derive(Clone, Debug, Default)]
pub struct Declared(pub Vec<(Box<str>, Box<str>)>);

impl PartialEq for Declared {
    fn eq(&self, _other: &Declared) -> bool {
        true
    }
}

/// What `QueryResults` says besides its events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryResultsHead {
    /// `queryName`.
    pub query_name: Box<str>,
    /// `subscriptionID`.
    pub subscription_id: Option<Box<str>>,
}

/// A Standard Business Document Header, kept whole as a tree and read through these functions (GS1 SBDH 1.3).
#[derive(Clone, Debug, PartialEq)]
pub struct Sbdh(pub Element);

impl Sbdh {
    /// The SBDH that says no more than a JSON document's `sender`, `receiver` and `instanceIdentifier` say.
    ///
    /// A missing part is an empty text, as the schema asks for the element.
    pub fn from_parts(sender: &str, receiver: &str, instance_identifier: &str, creation_date: &str) -> Sbdh {
        let mut root = element("StandardBusinessDocumentHeader");
        push(&mut root, text_element("HeaderVersion", "1.0"));
        for (role, id) in [("Sender", sender), ("Receiver", receiver)] {
            let mut identifier = text_element("Identifier", id);
            identifier.attributes.push(Attribute { name: Name::new("", "Authority"), value: "GS1".into() });
            let mut party = element(role);
            push(&mut party, identifier);
            push(&mut root, party);
        }
        let mut identification = element("DocumentIdentification");
        for (name, text) in [
            ("Standard", "EPCglobal"),
            ("TypeVersion", "1.0"),
            ("InstanceIdentifier", instance_identifier),
            ("Type", "Events"),
            ("CreationDateAndTime", creation_date),
        ] {
            push(&mut identification, text_element(name, text));
        }
        push(&mut root, identification);
        Sbdh(root)
    }

    /// The first sender's identifier as sent, trimmed; `None` where it is missing or blank.
    pub fn sender(&self) -> Option<&str> {
        self.party("Sender")
    }

    /// The first receiver's identifier as sent, trimmed; `None` where it is missing or blank.
    pub fn receiver(&self) -> Option<&str> {
        self.party("Receiver")
    }

    /// `InstanceIdentifier`: the sender's name for this transmission; `None` where it is missing or blank.
    pub fn instance_identifier(&self) -> Option<&str> {
        filled(self.0.child("DocumentIdentification")?.child("InstanceIdentifier")?)
    }

    /// `CreationDateAndTime` as sent.
    pub fn creation_date(&self) -> Option<&str> {
        filled(self.0.child("DocumentIdentification")?.child("CreationDateAndTime")?)
    }

    /// True where it names nobody and no transmission: a placeholder that the 1.2 schema made necessary.
    pub fn is_placeholder(&self) -> bool {
        let date = self.creation_date().unwrap_or_default();
        *self == Sbdh::from_parts("", "", "", date)
    }

    /// True where `sender`, `receiver` and `instanceIdentifier` of JSON, with this creation date, say all of it.
    pub fn is_plain(&self, creation_date: &str) -> bool {
        let text = Option::unwrap_or_default;
        *self
            == Sbdh::from_parts(
                text(self.sender()),
                text(self.receiver()),
                text(self.instance_identifier()),
                creation_date,
            )
    }

    /// Every sender and receiver, as sent, trimmed, of those that are not blank.
    pub fn parties(&self) -> impl Iterator<Item = &str> {
        let party = |element: &&Element| matches!(&*element.name.local, "Sender" | "Receiver");
        let elements = self.0.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Json(_) => None,
        });
        elements.filter(party).filter_map(|party| filled(party.child("Identifier")?))
    }

    fn party(&self, role: &str) -> Option<&str> {
        filled(self.0.child(role)?.child("Identifier")?)
    }
}

fn element(local: &str) -> Element {
    Element::new(Name::new(SBDH_NAMESPACE, local), "sbdh")
}

fn text_element(local: &str, text: &str) -> Element {
    let mut element = element(local);
    if !text.is_empty() {
        element.children.push(Node::Text(text.into()));
    }
    element
}

fn push(parent: &mut Element, child: Element) {
    parent.children.push(Node::Element(child));
}

fn filled(element: &Element) -> Option<&str> {
    element.text().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_sbdh_says_what_json_says() {
        let sbdh = Sbdh::from_parts("urn:epc:id:sgln:030001.111111.0", "", "42", "2023-04-01T08:45:16Z");
        assert_eq!(sbdh.sender(), Some("urn:epc:id:sgln:030001.111111.0"));
        assert_eq!(sbdh.receiver(), None);
        assert_eq!(sbdh.instance_identifier(), Some("42"));
        assert!(sbdh.is_plain("2023-04-01T08:45:16Z"));
        assert!(!sbdh.is_plain("2024-04-01T08:45:16Z"));
        assert!(!sbdh.is_placeholder());
        assert!(Sbdh::from_parts("", "", "", "x").is_placeholder());
    }
}
