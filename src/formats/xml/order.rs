//! Where the schemas want each field of an event: in which wrapper, and in which order.

use crate::formats::xml::Version;
use crate::formats::xml::names::Tag;

/// Which wrapper a field of an event stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// None: directly in the event.
    Event,
    /// `baseExtension`.
    Base,
    /// `baseExtension/extension`.
    BaseInner,
    /// `extension`.
    Extension,
    /// `extension/extension`.
    Inner,
}

const HEAD: [Tag; 6] = [
    Tag::EventTime,
    Tag::RecordTime,
    Tag::EventTimeZoneOffset,
    Tag::EventId,
    Tag::ErrorDeclaration,
    Tag::CertificationInfo,
];

/// From `action` to the last field before the lists that 1.2 wraps.
const MIDDLE: [Tag; 6] =
    [Tag::Action, Tag::BizStep, Tag::Disposition, Tag::ReadPoint, Tag::BizLocation, Tag::BizTransactionList];

/// Which fields stand before those of [`MIDDLE`] in this type of event.
fn before(event: Tag) -> &'static [Tag] {
    match event {
        Tag::ObjectEvent => &[Tag::EpcList],
        Tag::AggregationEvent => &[Tag::ParentId, Tag::ChildEpcs],
        Tag::TransactionEvent => &[Tag::BizTransactionList, Tag::ParentId, Tag::EpcList],
        Tag::AssociationEvent => &[Tag::ParentId, Tag::ChildEpcs, Tag::ChildQuantityList],
        Tag::TransformationEvent => &[
            Tag::InputEpcList,
            Tag::InputQuantityList,
            Tag::OutputEpcList,
            Tag::OutputQuantityList,
            Tag::TransformationId,
        ],
        Tag::QuantityEvent => &[Tag::EpcClass, Tag::Quantity],
        _ => &[],
    }
}

const LISTS: [Tag; 4] = [Tag::QuantityList, Tag::ChildQuantityList, Tag::SourceList, Tag::DestinationList];

/// What stands at the end; 1.2 knows no sensors, and what it wraps of them comes last.
fn behind(version: Version) -> [Tag; 3] {
    match version {
        Version::V1_2 => [Tag::Ilmd, Tag::SensorElementList, Tag::PersistentDisposition],
        Version::V2_0 => [Tag::SensorElementList, Tag::PersistentDisposition, Tag::Ilmd],
    }
}

/// The place of a field in the order of its event, from 0; `None` for a field that the event does not have.
pub fn rank(field: Tag, event: Tag, version: Version) -> Option<usize> {
    let behind = behind(version);
    let order = HEAD.iter().chain(before(event)).chain(&MIDDLE).chain(&LISTS).chain(&behind);
    order.into_iter().position(|tag| *tag == field)
}

/// True where the schema allows a field in a wrapper, or where a 1.2 document can hold a field of 2.0 at all.
pub fn belongs(field: Tag, wrapper: Wrapper, event: Tag, version: Version) -> bool {
    if version == Version::V2_0 {
        return wrapper == Wrapper::Event;
    }
    if matches!(event, Tag::AssociationEvent | Tag::Other) {
        return true;
    }
    let wrapped = matches!(event, Tag::ObjectEvent | Tag::AggregationEvent | Tag::TransactionEvent);
    match field {
        Tag::EventId | Tag::ErrorDeclaration => wrapper == Wrapper::Base,
        Tag::CertificationInfo => matches!(wrapper, Wrapper::BaseInner | Wrapper::Inner),
        Tag::SensorElementList | Tag::PersistentDisposition if wrapped => wrapper == Wrapper::Inner,
        Tag::SensorElementList | Tag::PersistentDisposition => wrapper == Wrapper::Extension,
        Tag::QuantityList | Tag::ChildQuantityList | Tag::SourceList | Tag::DestinationList | Tag::Ilmd
            if wrapped =>
        {
            wrapper == Wrapper::Extension
        }
        _ => wrapper == Wrapper::Event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: [Tag; 2], event: Tag, version: Version) {
        let ranks = fields.map(|field| rank(field, event, version).unwrap());
        assert!(ranks[0] < ranks[1], "{fields:?} in {event:?}");
    }

    #[test]
    fn orders_the_odd_ones() {
        check([Tag::ChildQuantityList, Tag::Action], Tag::AssociationEvent, Version::V2_0);
        check([Tag::Action, Tag::ChildQuantityList], Tag::AggregationEvent, Version::V2_0);
        check([Tag::BizTransactionList, Tag::ParentId], Tag::TransactionEvent, Version::V1_2);
        check([Tag::SensorElementList, Tag::Ilmd], Tag::ObjectEvent, Version::V2_0);
        check([Tag::Ilmd, Tag::SensorElementList], Tag::ObjectEvent, Version::V1_2);
    }

    #[test]
    fn knows_the_wrappers() {
        let v1 = Version::V1_2;
        assert!(belongs(Tag::Ilmd, Wrapper::Extension, Tag::ObjectEvent, v1));
        assert!(!belongs(Tag::Ilmd, Wrapper::Event, Tag::ObjectEvent, v1));
        assert!(belongs(Tag::Ilmd, Wrapper::Event, Tag::TransformationEvent, v1));
        assert!(!belongs(Tag::EventId, Wrapper::Event, Tag::ObjectEvent, v1));
        assert!(belongs(Tag::EventId, Wrapper::Event, Tag::ObjectEvent, Version::V2_0));
    }
}
