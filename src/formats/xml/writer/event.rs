//! The parts of an event that both versions write alike; their order is the versions' own.

use crate::epcis::BizTransaction;
use crate::epcis::ErrorDeclaration;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::Location;
use crate::epcis::Name;
use crate::epcis::PersistentDisposition;
use crate::epcis::Quantity;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::What;
use crate::formats::WriteError;
use crate::formats::xml::writer::Pen;
use crate::formats::xml::writer::decimal::plain;
use crate::formats::xml::writer::extension::Opened;
use crate::gs1::Epc;

impl Pen {
    /// Opens the element of a standard event; a bare one is the root and has the root's declarations.
    pub(in crate::formats::xml) fn open_event(&mut self, kind: EventKind) {
        match &self.bare {
            Some(declarations) => {
                self.output.tag("epcis:");
                self.output.raw(kind.name().as_bytes());
                self.output.raw(declarations);
                self.output.tag_end();
            }
            None => self.output.open(kind.name()),
        }
    }

    /// Closes the element of a standard event.
    pub(in crate::formats::xml) fn close_event(&mut self, kind: EventKind) {
        if self.bare.is_some() {
            let mut name = String::from("epcis:");
            name.push_str(kind.name());
            self.output.close(&name);
        } else {
            self.output.close(kind.name());
        }
    }

    /// Opens the element of an event type of another namespace.
    pub(in crate::formats::xml) fn open_foreign_event(&mut self, name: &Name) -> Opened {
        let opened = self.any_tag(name, &"".into());
        self.output.tag_end();
        opened
    }

    /// True where the event is the whole document.
    pub(in crate::formats::xml) fn is_bare(&self) -> bool {
        self.bare.is_some()
    }

    /// Writes `eventTime`, `recordTime` and `eventTimeZoneOffset`.
    pub(in crate::formats::xml) fn times(&mut self, event: &Event) {
        self.leaf("eventTime", event.time.as_str());
        if let Some(time) = &event.record_time {
            self.leaf("recordTime", time.as_str());
        }
        self.leaf("eventTimeZoneOffset", event.time_zone_offset.as_str());
    }

    /// Writes `eventID` and `errorDeclaration`.
    pub(in crate::formats::xml) fn identity(&mut self, event: &Event) {
        if let Some(id) = &event.id {
            self.leaf("eventID", id);
        }
        if let Some(declaration) = &event.error_declaration {
            self.error_declaration(declaration);
        }
    }

    /// In the one order that 1.2 takes; 2.0 takes any.
    fn error_declaration(&mut self, declaration: &ErrorDeclaration) {
        self.open("errorDeclaration");
        self.leaf("declarationTime", declaration.declaration_time.as_str());
        if let Some(reason) = &declaration.reason {
            self.term("reason", reason);
        }
        if !declaration.corrective_event_ids.is_empty() {
            self.open("correctiveEventIDs");
            for id in &declaration.corrective_event_ids {
                self.leaf("correctiveEventID", id);
            }
            self.close("correctiveEventIDs");
        }
        self.extensions(&declaration.extensions);
        self.close("errorDeclaration");
    }

    /// Writes a list of identifiers, an empty one too.
    pub(in crate::formats::xml) fn epcs(&mut self, name: &str, epcs: &[Epc]) -> Result<(), WriteError> {
        if epcs.is_empty() {
            self.empty(name);
            return Ok(());
        }
        self.open(name);
        for epc in epcs {
            let text = self.options.epc(epc)?;
            self.output.epc(&text);
        }
        self.close(name);
        Ok(())
    }

    /// Writes a list of identifiers, unless it is empty.
    pub(in crate::formats::xml) fn any_epcs(&mut self, name: &str, epcs: &[Epc]) -> Result<(), WriteError> {
        if epcs.is_empty() { Ok(()) } else { self.epcs(name, epcs) }
    }

    /// Writes one identifier in the style asked for.
    fn epc(&mut self, name: &str, epc: &Epc) -> Result<(), WriteError> {
        let text = self.options.epc(epc)?;
        self.output.leaf(name, &text);
        Ok(())
    }

    /// Writes `parentID`.
    pub(in crate::formats::xml) fn parent(&mut self, what: &What) -> Result<(), WriteError> {
        what.parent().map_or(Ok(()), |parent| self.epc("parentID", parent))
    }

    /// Writes `action`.
    pub(in crate::formats::xml) fn action(&mut self, what: &What) {
        if let Some(action) = what.action() {
            self.leaf("action", action.as_str());
        }
    }

    /// Writes a list of quantities, unless it is empty.
    pub(in crate::formats::xml) fn quantities(
        &mut self,
        name: &str,
        quantities: &[Quantity],
    ) -> Result<(), WriteError> {
        if quantities.is_empty() {
            return Ok(());
        }
        self.open(name);
        for Quantity { epc_class, quantity, uom } in quantities {
            self.open("quantityElement");
            self.epc("epcClass", epc_class)?;
            match (quantity, uom) {
                (Some(quantity), _) => self.leaf("quantity", &plain(quantity)),
                // The schema takes a unit only behind a quantity, which may be nil.
                (None, Some(_)) => self.nil("quantity"),
                (None, None) => {}
            }
            if let Some(uom) = uom {
                self.leaf("uom", uom);
            }
            self.close("quantityElement");
        }
        self.close(name);
        Ok(())
    }

    /// Writes `bizStep`, `disposition`, `readPoint` and `bizLocation`.
    pub(in crate::formats::xml) fn step_and_place(&mut self, event: &Event) -> Result<(), WriteError> {
        if let Some(step) = &event.biz_step {
            self.term("bizStep", step);
        }
        if let Some(disposition) = &event.disposition {
            self.term("disposition", disposition);
        }
        for (name, location) in [("readPoint", &event.read_point), ("bizLocation", &event.biz_location)] {
            if let Some(Location { id, extensions }) = location {
                self.open(name);
                self.epc("id", id)?;
                self.extensions(extensions);
                self.close(name);
            }
        }
        Ok(())
    }

    /// Writes `bizTransactionList`, unless it is empty.
    pub(in crate::formats::xml) fn business_transactions(&mut self, transactions: &[BizTransaction]) {
        if transactions.is_empty() {
            return;
        }
        self.open("bizTransactionList");
        for BizTransaction { kind, id } in transactions {
            let kind = kind.as_ref().map(|kind| self.options.word(kind, self.version));
            self.output.leaf_of_kind("bizTransaction", kind.as_deref(), id);
        }
        self.close("bizTransactionList");
    }

    /// Writes `bizTransactionList` where the schema requires it.
    pub(in crate::formats::xml) fn required_business_transactions(
        &mut self,
        transactions: &[BizTransaction],
    ) {
        if transactions.is_empty() {
            self.empty("bizTransactionList");
        }
        self.business_transactions(transactions);
    }

    /// Writes `sourceList` and `destinationList`, where they are not empty.
    pub(in crate::formats::xml) fn sources_and_destinations(
        &mut self,
        event: &Event,
    ) -> Result<(), WriteError> {
        let lists = [
            ("sourceList", "source", &event.sources),
            ("destinationList", "destination", &event.destinations),
        ];
        for (list, name, members) in lists {
            if members.is_empty() {
                continue;
            }
            self.open(list);
            for SourceDest { kind, id } in members {
                let kind = self.options.word(kind, self.version);
                let id = self.options.epc(id)?;
                self.output.leaf_of_kind(name, Some(&kind), &id);
            }
            self.close(list);
        }
        Ok(())
    }

    /// Writes `sensorElementList` and `persistentDisposition`, the fields that 2.0 brought.
    pub(in crate::formats::xml) fn senses(&mut self, event: &Event) {
        self.sensor_elements(&event.sensor_elements);
        if let Some(PersistentDisposition { set, unset }) = event.persistent_disposition.as_deref() {
            self.open("persistentDisposition");
            unset.iter().for_each(|disposition| self.term("unset", disposition));
            set.iter().for_each(|disposition| self.term("set", disposition));
            self.close("persistentDisposition");
        }
    }

    /// Writes `ilmd`.
    pub(in crate::formats::xml) fn ilmd(&mut self, event: &Event) {
        match event.ilmd.as_deref() {
            None => {}
            Some([]) => self.empty("ilmd"),
            Some(elements) => {
                self.open("ilmd");
                self.extensions(elements);
                self.close("ilmd");
            }
        }
    }

    /// Notes `ilmd` in an event whose type has none.
    pub(in crate::formats::xml) fn misplaced_ilmd(&mut self, event: &Event) {
        if event.ilmd.is_some() {
            self.lose("ilmd", "only an ObjectEvent and a TransformationEvent have it");
        }
    }

    fn term(&mut self, name: &str, term: &Term) {
        let word = self.options.word(term, self.version);
        self.output.leaf(name, &word);
    }
}
