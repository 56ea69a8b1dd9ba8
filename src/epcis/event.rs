//! The event: what happened to which objects, when, where and why (EPCIS 2.0 §7.4).

use crate::epcis::BizTransaction;
use crate::epcis::Element;
use crate::epcis::ErrorDeclaration;
use crate::epcis::EventTime;
use crate::epcis::Location;
use crate::epcis::Name;
use crate::epcis::PersistentDisposition;
use crate::epcis::Quantity;
use crate::epcis::SensorElement;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::ZoneOffset;
use crate::gs1::Epc;

/// One EPCIS event with every field of EPCIS 2.0 (§7.4.1 to §7.4.6).
///
/// An absent list and an empty one are the same. Equality is equality of meaning: identifiers compare by their keys,
/// vocabulary words by what they stand for, whatever their spelling.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `eventTime`: when it happened.
    pub time: EventTime,
    /// `recordTime` as the sender wrote it; a repository gives its own.
    pub record_time: Option<EventTime>,
    /// `eventTimeZoneOffset`: the local offset at the place of the event, independent of the offset inside `time`.
    pub time_zone_offset: ZoneOffset,
    /// `eventID`: a URI.
    pub id: Option<Box<str>>,
    /// `errorDeclaration`: says that the otherwise equal event was wrong (EPCIS 2.0 §7.4.1.2).
    pub error_declaration: Option<Box<ErrorDeclaration>>,
    /// `certificationInfo`: URIs of certificates.
    pub certification_info: Vec<Box<str>>,
    /// The objects concerned, by type of event.
    pub what: What,
    /// `bizStep`.
    pub biz_step: Option<Term>,
    /// `disposition`.
    pub disposition: Option<Term>,
    /// `persistentDisposition`.
    pub persistent_disposition: Option<Box<PersistentDisposition>>,
    /// `readPoint`.
    pub read_point: Option<Location>,
    /// `bizLocation`.
    pub biz_location: Option<Location>,
    /// `bizTransactionList`.
    pub biz_transactions: Vec<BizTransaction>,
    /// `sourceList`.
    pub sources: Vec<SourceDest>,
    /// `destinationList`.
    pub destinations: Vec<SourceDest>,
    /// `sensorElementList`.
    pub sensor_elements: Vec<SensorElement>,
    /// `ilmd`: instance and lot master data, all of it elements of other namespaces. `None` where there was no `ilmd`.
    pub ilmd: Option<Vec<Element>>,
    /// What other namespaces add to the event. Elements in no namespace come from a 1.x `extension`.
    pub extensions: Vec<Element>,
}

/// What the event is about, by type of event.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// `ObjectEvent` (§7.4.2); also a `QuantityEvent` of 1.x, read as OBSERVE of one quantity.
    Object {
        /// `action`.
        action: Action,
        /// `epcList`.
        epcs: Vec<Epc>,
        /// `quantityList`.
        quantities: Vec<Quantity>,
    },
    /// `AggregationEvent` (§7.4.3).
    Aggregation {
        /// `action`.
        action: Action,
        /// `parentID`.
        parent: Option<Epc>,
        /// `childEPCs`.
        children: Vec<Epc>,
        /// `childQuantityList`.
        quantities: Vec<Quantity>,
    },
    /// `TransactionEvent` (§7.4.4).
    Transaction {
        /// `action`.
        action: Action,
        /// `parentID`.
        parent: Option<Epc>,
        /// `epcList`.
        epcs: Vec<Epc>,
        /// `quantityList`.
        quantities: Vec<Quantity>,
    },
    /// `TransformationEvent` (§7.4.5).
    Transformation {
        /// `transformationID`.
        id: Option<Box<str>>,
        /// `inputEPCList`.
        input_epcs: Vec<Epc>,
        /// `inputQuantityList`.
        input_quantities: Vec<Quantity>,
        /// `outputEPCList`.
        output_epcs: Vec<Epc>,
        /// `outputQuantityList`.
        output_quantities: Vec<Quantity>,
    },
    /// `AssociationEvent` (§7.4.6).
    Association {
        /// `action`.
        action: Action,
        /// `parentID`: an object or a location.
        parent: Option<Epc>,
        /// `childEPCs`.
        children: Vec<Epc>,
        /// `childQuantityList`.
        quantities: Vec<Quantity>,
    },
    /// An event type of another namespace; its own fields stand in [`Event::extensions`].
    Other(Name),
}

/// `action`: how the event relates to the life of the objects (§7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The objects are created or added.
    Add,
    /// The objects were seen.
    Observe,
    /// The objects are removed or end.
    Delete,
}

impl Action {
    /// The standard's word, `ADD`, `OBSERVE` or `DELETE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Add => "ADD",
            Action::Observe => "OBSERVE",
            Action::Delete => "DELETE",
        }
    }

    /// Reads the standard's word; `None` for any other.
    pub fn parse(word: &str) -> Option<Action> {
        match word {
            "ADD" => Some(Action::Add),
            "OBSERVE" => Some(Action::Observe),
            "DELETE" => Some(Action::Delete),
            _ => None,
        }
    }
}

/// The type of an event without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// `ObjectEvent`.
    Object,
    /// `AggregationEvent`.
    Aggregation,
    /// `TransactionEvent`.
    Transaction,
    /// `TransformationEvent`.
    Transformation,
    /// `AssociationEvent`.
    Association,
    /// A type of another namespace.
    Other,
}

impl EventKind {
    /// The five standard types.
    pub const STANDARD: [EventKind; 5] = [
        EventKind::Object,
        EventKind::Aggregation,
        EventKind::Transaction,
        EventKind::Transformation,
        EventKind::Association,
    ];

    /// The standard's name, such as `ObjectEvent`; empty for [`EventKind::Other`].
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Object => "ObjectEvent",
            EventKind::Aggregation => "AggregationEvent",
            EventKind::Transaction => "TransactionEvent",
            EventKind::Transformation => "TransformationEvent",
            EventKind::Association => "AssociationEvent",
            EventKind::Other => "",
        }
    }

    /// Reads a standard name.
    pub fn parse(name: &str) -> Option<EventKind> {
        EventKind::STANDARD.into_iter().find(|kind| kind.name() == name)
    }
}

impl What {
    /// The type of event.
    pub fn kind(&self) -> EventKind {
        match self {
            What::Object { .. } => EventKind::Object,
            What::Aggregation { .. } => EventKind::Aggregation,
            What::Transaction { .. } => EventKind::Transaction,
            What::Transformation { .. } => EventKind::Transformation,
            What::Association { .. } => EventKind::Association,
            What::Other(_) => EventKind::Other,
        }
    }

    /// `action`; a transformation and a foreign event have none.
    pub fn action(&self) -> Option<Action> {
        match self {
            What::Object { action, .. }
            | What::Aggregation { action, .. }
            | What::Transaction { action, .. }
            | What::Association { action, .. } => Some(*action),
            What::Transformation { .. } | What::Other(_) => None,
        }
    }

    /// `parentID`.
    pub fn parent(&self) -> Option<&Epc> {
        match self {
            What::Aggregation { parent, .. }
            | What::Transaction { parent, .. }
            | What::Association { parent, .. } => parent.as_ref(),
            What::Object { .. } | What::Transformation { .. } | What::Other(_) => None,
        }
    }

    /// `epcList` or `childEPCs`; empty for a transformation.
    pub fn epcs(&self) -> &[Epc] {
        match self {
            What::Object { epcs, .. } | What::Transaction { epcs, .. } => epcs,
            What::Aggregation { children, .. } | What::Association { children, .. } => children,
            What::Transformation { .. } | What::Other(_) => &[],
        }
    }

    /// `quantityList` or `childQuantityList`; empty for a transformation.
    pub fn quantities(&self) -> &[Quantity] {
        match self {
            What::Object { quantities, .. }
            | What::Aggregation { quantities, .. }
            | What::Transaction { quantities, .. }
            | What::Association { quantities, .. } => quantities,
            What::Transformation { .. } | What::Other(_) => &[],
        }
    }
}

impl Event {
    /// An event of this time and content with every other field empty.
    pub fn new(time: EventTime, time_zone_offset: ZoneOffset, what: What) -> Event {
        Event {
            time,
            record_time: None,
            time_zone_offset,
            id: None,
            error_declaration: None,
            certification_info: Vec::new(),
            what,
            biz_step: None,
            disposition: None,
            persistent_disposition: None,
            read_point: None,
            biz_location: None,
            biz_transactions: Vec::new(),
            sources: Vec::new(),
            destinations: Vec::new(),
            sensor_elements: Vec::new(),
            ilmd: None,
            extensions: Vec::new(),
        }
    }
}
