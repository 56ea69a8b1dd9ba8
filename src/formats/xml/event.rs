//! One event: its fields in any order and in any wrapper, judged against what the schemas want.

use crate::epcis::Action;
use crate::epcis::Decimal;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::Quantity;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::draft::Draft;
use crate::formats::values;
use crate::formats::values::shown;
use crate::formats::xml::Version;
use crate::formats::xml::extension;
use crate::formats::xml::fields;
use crate::formats::xml::names;
use crate::formats::xml::names::Tag;
use crate::formats::xml::order;
use crate::formats::xml::order::Wrapper;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;
use crate::formats::xml::sensor;
use crate::gs1::Epc;

/// Reads events one after the other; its room is used again for each.
#[derive(Debug, Default)]
pub struct EventReader {
    draft: Draft,
    tag: Option<Tag>,
    version: Option<Version>,
    seen: u128,
    /// The wrappers met, a bit each.
    wrapped: u8,
    rank: usize,
    out_of_order: bool,
    places: Vec<(Tag, Wrapper, Place)>,
    /// What a QuantityEvent counts.
    class: Option<Epc>,
    quantity: Option<Decimal>,
}

impl EventReader {
    /// Reads the event that the scanner began; `None` where it is refused. Without a version (an event with no
    /// envelope) wrappers and order are not judged.
    pub fn read(&mut self, scan: &mut Scanner, tag: Tag, version: Option<Version>) -> Scan<Option<Event>> {
        self.tag = Some(tag);
        self.version = version;
        self.seen = 0;
        self.wrapped = 0;
        self.rank = 0;
        self.out_of_order = false;
        self.places.clear();
        (self.class, self.quantity) = (None, None);
        self.draft = Draft { kind: kind(tag), trusted: scan.trusted, ..Draft::default() };
        let place = scan.place();
        if tag == Tag::Other {
            self.draft.foreign = Some(extension::event_name(scan)?);
        } else {
            scan.judge_attributes(&[])?;
        }
        if tag == Tag::QuantityEvent {
            scan.tell(Fault::warning(
                "quantity-event",
                "the QuantityEvent was read as an ObjectEvent with action OBSERVE",
                "send an ObjectEvent with a quantityList",
            ));
            self.draft.action = Some(Action::Observe);
        }
        self.children(scan, Wrapper::Event)?;
        Ok(self.finish(scan, place))
    }

    /// Puts the event together. The scanner has just ended it, so that its path is still known.
    fn finish(&mut self, scan: &mut Scanner, place: Place) -> Option<Event> {
        if self.tag == Some(Tag::QuantityEvent) {
            match self.class.take() {
                Some(epc_class) => {
                    let quantity = self.quantity.take();
                    self.draft.quantities = Some(vec![Quantity { epc_class, quantity, uom: None }]);
                }
                None => {
                    scan.tell_at(fields::required("epcClass"), place, scan.path.text());
                }
            }
        }
        self.judge_required_list(scan, place);
        self.draft.refused = scan.refused;
        let places = &self.places;
        self.draft.finish(&mut |breach| {
            let tag = Tag::parse(breach.field.as_bytes());
            let mut path = scan.path.text();
            match places.iter().find(|(field, _, _)| *field == tag && tag != Tag::Other) {
                // What is wrong with the value was told where it was read.
                Some(_) if breach.fault.rule == "required-field" && scan.refused => true,
                Some((_, wrapper, place)) => {
                    path.extend([wrapper.path(), "/", breach.field]);
                    scan.tell_at(breach.fault, *place, path)
                }
                None => scan.tell_at(breach.fault, place, path),
            }
        })
    }

    /// 1.x requires the lists of EPCs, which may be empty.
    fn judge_required_list(&self, scan: &mut Scanner, place: Place) {
        let (name, list) = match self.tag {
            Some(tag @ (Tag::ObjectEvent | Tag::TransactionEvent)) => (tag.name(), Tag::EpcList),
            Some(tag @ Tag::AggregationEvent) => (tag.name(), Tag::ChildEpcs),
            _ => return,
        };
        if self.version == Some(Version::V1_2) && self.seen & list.bit() == 0 {
            let message = format!("the {name} has no {}, which EPCIS 1.x requires", list.name());
            let fix = format!("add {}, empty where there is nothing to list", list.name());
            scan.tell_at(Fault::warning("missing-list", message, fix), place, scan.path.text());
        }
    }

    fn children(&mut self, scan: &mut Scanner, wrapper: Wrapper) -> Scan<()> {
        let custom = self.tag == Some(Tag::Other);
        while let Some(tag) = scan.child()? {
            match (tag, wrapper) {
                (Tag::BaseExtension, Wrapper::Event) => self.wrapped(scan, tag, Wrapper::Base)?,
                (Tag::Extension, Wrapper::Event) if !custom => self.wrapped(scan, tag, Wrapper::Extension)?,
                (Tag::Extension, Wrapper::Base) => self.wrapped(scan, tag, Wrapper::BaseInner)?,
                (Tag::Extension, Wrapper::Extension) => self.wrapped(scan, tag, Wrapper::Inner)?,
                (Tag::EpcClass | Tag::Quantity, _) if self.tag == Some(Tag::QuantityEvent) => {
                    self.field(scan, tag, wrapper)?;
                }
                (tag, _) if is_head(tag) || (is_field(tag) && (!custom || is_shared(tag))) => {
                    self.field(scan, tag, wrapper)?;
                }
                _ => self.other(scan, tag, wrapper)?,
            }
        }
        Ok(())
    }

    fn wrapped(&mut self, scan: &mut Scanner, tag: Tag, wrapper: Wrapper) -> Scan<()> {
        scan.judge_attributes(&[])?;
        let bit = 1 << wrapper as u8;
        if self.wrapped & bit != 0 {
            let message = format!("{} stands more than once", tag.name());
            scan.tell(Fault::warning("duplicate-field", message, "put everything into the first"));
        }
        self.wrapped |= bit;
        // The innermost wrappers hold elements of others too, under any name.
        let free = u32::from(matches!(wrapper, Wrapper::BaseInner | Wrapper::Inner));
        scan.free += free;
        self.children(scan, wrapper)?;
        scan.free -= free;
        Ok(())
    }

    /// An element that is no field of any event.
    fn other(&mut self, scan: &mut Scanner, tag: Tag, wrapper: Wrapper) -> Scan<()> {
        if wrapper == Wrapper::Base && scan.carried() == Some("certificationInfo") {
            self.draft.certification_info.extend(fields::uri(scan)?);
            return Ok(());
        }
        let namespace = scan.namespace();
        let unbound = namespace.is_empty() && scan.qualified().contains(':');
        let own =
            scan.is_leaf() || (namespace.is_empty() && !unbound) || names::version_of(namespace).is_some();
        let free = match (self.version, wrapper) {
            (Some(Version::V2_0), _) => false,
            (_, Wrapper::Inner | Wrapper::BaseInner) => true,
            (_, Wrapper::Extension) => {
                matches!(
                    self.tag,
                    Some(Tag::TransformationEvent | Tag::AssociationEvent | Tag::QuantityEvent)
                )
            }
            (_, Wrapper::Event | Wrapper::Base) => false,
        };
        if (own || tag != Tag::Other) && !free && self.tag != Some(Tag::Other) {
            let message = format!("{} is no field of an event", shown(scan.qualified()));
            let fix = "put fields of your own in a namespace of your own";
            scan.tell(match self.version {
                Some(Version::V2_0) => Fault::error("unknown-element", message, fix),
                _ => Fault::warning("unknown-element", message, fix),
            });
        }
        if wrapper == Wrapper::Event {
            self.rank = usize::MAX;
        }
        extension::push(scan, &mut self.draft.extensions)
    }

    fn field(&mut self, scan: &mut Scanner, tag: Tag, wrapper: Wrapper) -> Scan<()> {
        if tag == Tag::CertificationInfo {
            self.judge_certificate(scan);
        } else if fields::repeated(scan, tag, &mut self.seen) {
            return scan.skip();
        }
        self.places.push((tag, wrapper, scan.place()));
        self.judge_position(scan, tag, wrapper);
        match tag {
            Tag::EpcList => self.draft.epcs = Some(fields::epcs(scan)?),
            Tag::ChildEpcs => self.draft.children = Some(fields::epcs(scan)?),
            Tag::InputEpcList => self.draft.input_epcs = Some(fields::epcs(scan)?),
            Tag::OutputEpcList => self.draft.output_epcs = Some(fields::epcs(scan)?),
            Tag::QuantityList => self.draft.quantities = Some(fields::quantities(scan)?),
            Tag::ChildQuantityList => self.draft.child_quantities = Some(fields::quantities(scan)?),
            Tag::InputQuantityList => self.draft.input_quantities = Some(fields::quantities(scan)?),
            Tag::OutputQuantityList => self.draft.output_quantities = Some(fields::quantities(scan)?),
            Tag::BizTransactionList => self.draft.biz_transactions = fields::biz_transactions(scan)?,
            Tag::SourceList => self.draft.sources = fields::source_dests(scan, Tag::Source)?,
            Tag::DestinationList => self.draft.destinations = fields::source_dests(scan, Tag::Destination)?,
            Tag::SensorElementList => self.draft.sensor_elements = sensor::elements(scan)?,
            Tag::Ilmd => self.draft.ilmd = Some(self.ilmd(scan)?),
            _ => self.plain_field(scan, tag)?,
        }
        Ok(())
    }

    fn plain_field(&mut self, scan: &mut Scanner, tag: Tag) -> Scan<()> {
        let draft = &mut self.draft;
        match tag {
            Tag::EventTime => draft.time = fields::value(scan, values::event_time)?,
            Tag::RecordTime => draft.record_time = fields::value(scan, values::event_time)?,
            Tag::EventTimeZoneOffset => draft.time_zone_offset = fields::value(scan, values::zone_offset)?,
            Tag::EventId => draft.id = fields::uri(scan)?,
            Tag::ErrorDeclaration => draft.error_declaration = fields::error_declaration(scan)?,
            Tag::CertificationInfo => draft.certification_info.extend(fields::uri(scan)?),
            Tag::Action => draft.action = fields::value(scan, |text| Ok((values::action(text)?, None)))?,
            Tag::ParentId => draft.parent = fields::epc(scan)?,
            Tag::TransformationId => draft.transformation_id = fields::uri(scan)?,
            Tag::BizStep => draft.biz_step = fields::term(scan, StandardVocabulary::BizStep)?,
            Tag::Disposition => draft.disposition = fields::term(scan, StandardVocabulary::Disposition)?,
            Tag::PersistentDisposition => {
                draft.persistent_disposition = Some(Box::new(fields::persistent_disposition(scan)?));
            }
            Tag::ReadPoint => draft.read_point = fields::location(scan)?,
            Tag::BizLocation => draft.biz_location = fields::location(scan)?,
            Tag::EpcClass => self.class = fields::epc(scan)?,
            Tag::Quantity => {
                self.quantity = fields::value(scan, |text| Ok((values::decimal(text)?, None)))?;
            }
            _ => fields::unexpected(scan)?,
        }
        Ok(())
    }

    /// The schema of 2.0 has room for one certificate, the JSON form for many.
    fn judge_certificate(&mut self, scan: &mut Scanner) {
        let bit = Tag::CertificationInfo.bit();
        if self.seen & bit != 0 && self.version == Some(Version::V2_0) {
            let message = "certificationInfo stands more than once, which the XML schema does not allow";
            scan.tell(Fault::warning("certification-info", message, "write one in XML, or send JSON"));
        }
        self.seen |= bit;
    }

    fn ilmd(&mut self, scan: &mut Scanner) -> Scan<Vec<Element>> {
        scan.judge_attributes(&[])?;
        let mut elements = Vec::new();
        while let Some(tag) = scan.child()? {
            if tag == Tag::Extension {
                extension::push_children(scan, &mut elements)?;
            } else {
                extension::push(scan, &mut elements)?;
            }
        }
        Ok(elements)
    }

    /// Warns of a field in the wrong wrapper, and once for an event of the order.
    fn judge_position(&mut self, scan: &mut Scanner, tag: Tag, wrapper: Wrapper) {
        let (Some(version), Some(event)) = (self.version, self.tag) else { return };
        if !order::belongs(tag, wrapper, event, version) {
            let message = format!("{} does not stand where the schema wants it", tag.name());
            let fix = match version {
                Version::V1_2 => "put it where EPCIS 1.2 has it, in or out of extension or baseExtension",
                Version::V2_0 => "put it directly in the event",
            };
            scan.tell(Fault::warning("misplaced-element", message, fix));
            return;
        }
        let Some(rank) = order::rank(tag, event, version) else { return };
        if rank < self.rank && !self.out_of_order {
            self.out_of_order = true;
            let message = format!("{} stands behind an element that it should precede", tag.name());
            scan.tell(Fault::warning("element-order", message, "write the elements in the schema's order"));
        }
        self.rank = self.rank.max(rank);
    }
}

impl Wrapper {
    /// Its part of the path of a field.
    fn path(self) -> &'static str {
        match self {
            Wrapper::Event => "",
            Wrapper::Base => "/baseExtension",
            Wrapper::BaseInner => "/baseExtension/extension",
            Wrapper::Extension => "/extension",
            Wrapper::Inner => "/extension/extension",
        }
    }
}

fn kind(tag: Tag) -> Option<EventKind> {
    match tag {
        Tag::ObjectEvent | Tag::QuantityEvent => Some(EventKind::Object),
        Tag::AggregationEvent => Some(EventKind::Aggregation),
        Tag::TransactionEvent => Some(EventKind::Transaction),
        Tag::TransformationEvent => Some(EventKind::Transformation),
        Tag::AssociationEvent => Some(EventKind::Association),
        _ => None,
    }
}

/// True for a field that every event has, one of another namespace too.
fn is_head(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::EventTime
            | Tag::RecordTime
            | Tag::EventTimeZoneOffset
            | Tag::EventId
            | Tag::ErrorDeclaration
            | Tag::CertificationInfo
    )
}

/// True for a field that an event of another namespace may have like any other.
fn is_shared(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::BizStep
            | Tag::Disposition
            | Tag::PersistentDisposition
            | Tag::ReadPoint
            | Tag::BizLocation
            | Tag::BizTransactionList
            | Tag::SourceList
            | Tag::DestinationList
            | Tag::SensorElementList
            | Tag::Ilmd
    )
}

/// True for a field of the standard types of event.
fn is_field(tag: Tag) -> bool {
    let first = Tag::Action as u8;
    let last = Tag::Ilmd as u8;
    (first..=last).contains(&(tag as u8))
}
