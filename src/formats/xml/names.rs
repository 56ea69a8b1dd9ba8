//! The names of EPCIS XML: its namespaces and its elements.

use crate::formats::xml::Version;

/// Events and documents, EPCIS 1.0 to 1.2.
pub const EPCIS_1: &str = "urn:epcglobal:epcis:xsd:1";
/// Events and documents, EPCIS 2.0.
pub const EPCIS_2: &str = "urn:epcglobal:epcis:xsd:2";
/// Query documents, EPCIS 1.0 to 1.2.
pub const QUERY_1: &str = "urn:epcglobal:epcis-query:xsd:1";
/// Query documents, EPCIS 2.0.
pub const QUERY_2: &str = "urn:epcglobal:epcis-query:xsd:2";
/// Master data documents, EPCIS 1.0 to 1.2.
pub const MASTER_DATA_1: &str = "urn:epcglobal:epcis-masterdata:xsd:1";
/// Master data documents, EPCIS 2.0.
pub const MASTER_DATA_2: &str = "urn:epcglobal:epcis-masterdata:xsd:2";
/// Attributes such as `xsi:nil` and `xsi:schemaLocation`.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Attributes such as `xml:lang`, bound in every document.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The attribute `rdf:datatype`, which marks JSON text.
pub const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// The version that a namespace of EPCIS itself belongs to; `None` for any other namespace.
pub fn version_of(namespace: &str) -> Option<Version> {
    match namespace {
        EPCIS_1 | QUERY_1 | MASTER_DATA_1 => Some(Version::V1_2),
        EPCIS_2 | QUERY_2 | MASTER_DATA_2 => Some(Version::V2_0),
        _ => None,
    }
}

macro_rules! tags {
    ($($tag:ident $name:literal;)*) => {
        /// An element that EPCIS defines, by its local name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Tag {
            $(#[doc = concat!("`", stringify!($tag), "`.")] $tag,)*
            /// Any other element.
            Other,
        }

        impl Tag {
            const ALL: &[Tag] = &[$(Tag::$tag,)*];

            /// The element of this local name; [`Tag::Other`] where EPCIS has none.
            #[inline]
            pub fn parse(name: &[u8]) -> Tag {
                match name { $($name => Tag::$tag,)* _ => Tag::Other }
            }

            /// The local name; empty for [`Tag::Other`].
            pub fn name(self) -> &'static str {
                match self {
                    $(Tag::$tag => const { text($name) },)*
                    Tag::Other => "",
                }
            }
        }
    };
}

const fn text(name: &'static [u8]) -> &'static str {
    match std::str::from_utf8(name) {
        Ok(name) => name,
        Err(_) => "",
    }
}

tags! {
    Epc b"epc";
    EpcisDocument b"EPCISDocument";
    EpcisQueryDocument b"EPCISQueryDocument";
    EpcisMasterDataDocument b"EPCISMasterDataDocument";
    EpcisHeader b"EPCISHeader";
    EpcisBody b"EPCISBody";
    EventList b"EventList";
    QueryResults b"QueryResults";
    QueryName b"queryName";
    SubscriptionId b"subscriptionID";
    ResultsBody b"resultsBody";
    EpcisMasterData b"EPCISMasterData";
    VocabularyList b"VocabularyList";
    Vocabulary b"Vocabulary";
    VocabularyElementList b"VocabularyElementList";
    VocabularyElement b"VocabularyElement";
    Attribute b"attribute";
    Children b"children";
    Id b"id";
    Extension b"extension";
    BaseExtension b"baseExtension";
    HeaderElements b"headerElements";
    ObjectEvent b"ObjectEvent";
    AggregationEvent b"AggregationEvent";
    TransactionEvent b"TransactionEvent";
    TransformationEvent b"TransformationEvent";
    AssociationEvent b"AssociationEvent";
    QuantityEvent b"QuantityEvent";
    EventTime b"eventTime";
    RecordTime b"recordTime";
    EventTimeZoneOffset b"eventTimeZoneOffset";
    EventId b"eventID";
    ErrorDeclaration b"errorDeclaration";
    CertificationInfo b"certificationInfo";
    Action b"action";
    ParentId b"parentID";
    EpcList b"epcList";
    ChildEpcs b"childEPCs";
    QuantityList b"quantityList";
    ChildQuantityList b"childQuantityList";
    InputEpcList b"inputEPCList";
    InputQuantityList b"inputQuantityList";
    OutputEpcList b"outputEPCList";
    OutputQuantityList b"outputQuantityList";
    TransformationId b"transformationID";
    BizStep b"bizStep";
    Disposition b"disposition";
    PersistentDisposition b"persistentDisposition";
    ReadPoint b"readPoint";
    BizLocation b"bizLocation";
    BizTransactionList b"bizTransactionList";
    SourceList b"sourceList";
    DestinationList b"destinationList";
    SensorElementList b"sensorElementList";
    Ilmd b"ilmd";
    QuantityElement b"quantityElement";
    EpcClass b"epcClass";
    Quantity b"quantity";
    Uom b"uom";
    BizTransaction b"bizTransaction";
    Source b"source";
    Destination b"destination";
    SensorElement b"sensorElement";
    SensorMetadata b"sensorMetadata";
    SensorReport b"sensorReport";
    Set b"set";
    Unset b"unset";
    DeclarationTime b"declarationTime";
    Reason b"reason";
    CorrectiveEventIds b"correctiveEventIDs";
    CorrectiveEventId b"correctiveEventID";
}

impl Tag {
    /// The element of this local name whatever its case.
    pub fn parse_any_case(name: &str) -> Tag {
        let same = |tag: &&Tag| tag.name().eq_ignore_ascii_case(name);
        Tag::ALL.iter().find(same).copied().unwrap_or(Tag::Other)
    }

    /// True for a type of event.
    pub fn is_event(self) -> bool {
        matches!(
            self,
            Tag::ObjectEvent
                | Tag::AggregationEvent
                | Tag::TransactionEvent
                | Tag::TransformationEvent
                | Tag::AssociationEvent
                | Tag::QuantityEvent
        )
    }

    /// True for an element that stands many times in its parent, so that paths number it.
    pub fn repeats(self) -> bool {
        self.is_event()
            || matches!(
                self,
                Tag::Epc
                    | Tag::QuantityElement
                    | Tag::BizTransaction
                    | Tag::Source
                    | Tag::Destination
                    | Tag::SensorElement
                    | Tag::SensorReport
                    | Tag::Vocabulary
                    | Tag::VocabularyElement
                    | Tag::Attribute
                    | Tag::CorrectiveEventId
                    | Tag::Set
                    | Tag::Unset
            )
    }

    /// This tag's bit in a set of tags.
    pub fn bit(self) -> u128 {
        1 << (self as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_tag() {
        for tag in Tag::ALL {
            assert_eq!(Tag::parse(tag.name().as_bytes()), *tag);
            assert_eq!(Tag::parse_any_case(&tag.name().to_uppercase()), *tag);
        }
        assert_eq!(Tag::parse(b"EPC"), Tag::Other);
        assert_eq!(Tag::parse_any_case("epcx"), Tag::Other);
        assert!(Tag::ALL.len() < 128);
    }

    #[test]
    fn namespaces_tell_the_version() {
        assert_eq!(version_of("urn:epcglobal:epcis-query:xsd:1"), Some(Version::V1_2));
        assert_eq!(version_of("urn:epcglobal:epcis:xsd:2"), Some(Version::V2_0));
        assert_eq!(version_of("urn:epcglobal:xsd:1"), None);
    }
}
