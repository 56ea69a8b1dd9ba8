//! An event in the making: fields in any order, as senders write them, put together and judged at its end.

use crate::epcis::Action;
use crate::epcis::BizTransaction;
use crate::epcis::Element;
use crate::epcis::ErrorDeclaration;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::EventTime;
use crate::epcis::Location;
use crate::epcis::Name;
use crate::epcis::PersistentDisposition;
use crate::epcis::Quantity;
use crate::epcis::SensorElement;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::What;
use crate::epcis::ZoneOffset;
use crate::formats::Fault;
use crate::formats::rules;
use crate::formats::rules::Breach;
use crate::gs1::Epc;

/// The fields read so far. Reset it and use it again for the next event.
#[derive(Debug, Default)]
pub struct Draft {
    /// The type of event; `None` for one of another namespace, named in `foreign`.
    pub kind: Option<EventKind>,
    /// The name of an event type of another namespace.
    pub foreign: Option<Name>,
    /// `eventTime`.
    pub time: Option<EventTime>,
    /// `recordTime`.
    pub record_time: Option<EventTime>,
    /// `eventTimeZoneOffset`.
    pub time_zone_offset: Option<ZoneOffset>,
    /// `eventID`.
    pub id: Option<Box<str>>,
    /// `errorDeclaration`.
    pub error_declaration: Option<Box<ErrorDeclaration>>,
    /// `certificationInfo`.
    pub certification_info: Vec<Box<str>>,
    /// `action`.
    pub action: Option<Action>,
    /// `parentID`.
    pub parent: Option<Epc>,
    /// `epcList`.
    pub epcs: Option<Vec<Epc>>,
    /// `childEPCs`.
    pub children: Option<Vec<Epc>>,
    /// `quantityList`.
    pub quantities: Option<Vec<Quantity>>,
    /// `childQuantityList`.
    pub child_quantities: Option<Vec<Quantity>>,
    /// `inputEPCList`.
    pub input_epcs: Option<Vec<Epc>>,
    /// `inputQuantityList`.
    pub input_quantities: Option<Vec<Quantity>>,
    /// `outputEPCList`.
    pub output_epcs: Option<Vec<Epc>>,
    /// `outputQuantityList`.
    pub output_quantities: Option<Vec<Quantity>>,
    /// `transformationID`.
    pub transformation_id: Option<Box<str>>,
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
    /// `ilmd`.
    pub ilmd: Option<Vec<Element>>,
    /// What other namespaces add.
    pub extensions: Vec<Element>,
    /// True where an error was found in a field, so that the event is refused whatever else it says.
    pub refused: bool,
    /// True where the conditional rules were checked before.
    pub trusted: bool,
}

impl Draft {
    /// Puts the event together and leaves the draft empty for the next.
    ///
    /// Reports what is missing, what the type does not have, and every conditional rule that is broken; `report` says
    /// whether the breach is an error. `None` where the event is refused.
    pub fn finish(&mut self, report: &mut dyn FnMut(Breach) -> bool) -> Option<Event> {
        let mut draft = std::mem::take(self);
        let mut refused = draft.refused;
        let mut tell = |breach: Breach| refused |= report(breach);
        draft.tell_misplaced(&mut tell);
        let what = draft.what(&mut tell);
        if draft.time.is_none() {
            tell(missing("eventTime"));
        }
        if draft.time_zone_offset.is_none() {
            tell(missing("eventTimeZoneOffset"));
        }
        let (Some(time), Some(offset), Some(what)) = (draft.time, draft.time_zone_offset, what) else {
            return None;
        };
        let event = Event {
            time,
            record_time: draft.record_time,
            time_zone_offset: offset,
            id: draft.id,
            error_declaration: draft.error_declaration,
            certification_info: draft.certification_info,
            what,
            biz_step: draft.biz_step,
            disposition: draft.disposition,
            persistent_disposition: draft.persistent_disposition,
            read_point: draft.read_point,
            biz_location: draft.biz_location,
            biz_transactions: draft.biz_transactions,
            sources: draft.sources,
            destinations: draft.destinations,
            sensor_elements: draft.sensor_elements,
            ilmd: draft.ilmd,
            extensions: draft.extensions,
        };
        if !draft.trusted {
            rules::check(&event, &mut tell);
        }
        (!refused).then_some(event)
    }

    /// Fields that the type of event does not have (EPCIS 2.0 §7.4): refused, as they would otherwise be lost.
    fn tell_misplaced(&self, tell: &mut dyn FnMut(Breach)) {
        let Some(kind) = self.kind else { return };
        let listed = matches!(kind, EventKind::Object | EventKind::Transaction);
        let parented = matches!(kind, EventKind::Aggregation | EventKind::Association);
        let transformation = kind == EventKind::Transformation;
        let fields = [
            ("action", self.action.is_some() && transformation),
            ("parentID", self.parent.is_some() && !parented && kind != EventKind::Transaction),
            ("epcList", self.epcs.is_some() && !listed),
            ("quantityList", self.quantities.is_some() && !listed),
            ("childEPCs", self.children.is_some() && !parented),
            ("childQuantityList", self.child_quantities.is_some() && !parented),
            ("inputEPCList", self.input_epcs.is_some() && !transformation),
            ("inputQuantityList", self.input_quantities.is_some() && !transformation),
            ("outputEPCList", self.output_epcs.is_some() && !transformation),
            ("outputQuantityList", self.output_quantities.is_some() && !transformation),
            ("transformationID", self.transformation_id.is_some() && !transformation),
            ("ilmd", self.ilmd.is_some() && kind != EventKind::Object && !transformation),
        ];
        for (field, misplaced) in fields {
            if misplaced {
                let message = format!("{} has no {field}", kind.name());
                tell(Breach {
                    fault: Fault::error(
                        "field-of-other-event",
                        message,
                        "remove it, or change the type of the event",
                    ),
                    field,
                });
            }
        }
    }

    /// The objects by type of event; `None` where the action is missing or the type is.
    fn what(&mut self, tell: &mut dyn FnMut(Breach)) -> Option<What> {
        let Some(kind) = self.kind else { return self.foreign.take().map(What::Other) };
        if kind == EventKind::Transformation {
            return Some(What::Transformation {
                id: self.transformation_id.take(),
                input_epcs: self.input_epcs.take().unwrap_or_default(),
                input_quantities: self.input_quantities.take().unwrap_or_default(),
                output_epcs: self.output_epcs.take().unwrap_or_default(),
                output_quantities: self.output_quantities.take().unwrap_or_default(),
            });
        }
        let Some(action) = self.action else {
            tell(missing("action"));
            return None;
        };
        let parent = self.parent.take();
        let epcs = self.epcs.take().unwrap_or_default();
        let children = self.children.take().unwrap_or_default();
        let quantities = self.quantities.take().unwrap_or_default();
        let child_quantities = self.child_quantities.take().unwrap_or_default();
        match kind {
            EventKind::Object => Some(What::Object { action, epcs, quantities }),
            EventKind::Transaction => Some(What::Transaction { action, parent, epcs, quantities }),
            EventKind::Aggregation => {
                Some(What::Aggregation { action, parent, children, quantities: child_quantities })
            }
            EventKind::Association => {
                Some(What::Association { action, parent, children, quantities: child_quantities })
            }
            EventKind::Transformation | EventKind::Other => None,
        }
    }
}

fn missing(field: &'static str) -> Breach {
    Breach {
        fault: Fault::error("required-field", format!("{field} is missing"), format!("add {field}")),
        field,
    }
}
