//! One event written.

use crate::epcis::Action;
use crate::epcis::BizTransaction;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::Location;
use crate::epcis::Quantity;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::What;
use crate::epcis::vocabulary::Spelling;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::formats::WriteError;
use crate::formats::WriteOptions;
use crate::formats::jsonld::losses::Losses;
use crate::formats::jsonld::prefixes::Prefixes;
use crate::formats::jsonld::sink::Characters;
use crate::formats::jsonld::sink::Sink;
use crate::formats::jsonld::uri;
use crate::formats::jsonld::writer_extension::ExtensionWriter;
use crate::formats::values::shown;
use crate::gs1::Epc;

/// Writes the members of one event.
pub(super) struct EventWriter<'a> {
    pub(super) out: &'a mut Sink,
    pub(super) options: &'a WriteOptions,
    pub(super) prefixes: &'a Prefixes,
    pub(super) losses: &'a mut Losses,
    /// Position of the event in the document.
    pub(super) index: u64,
}

impl EventWriter<'_> {
    /// Writes every member but `@context`.
    pub(super) fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        self.write_head(event);
        self.write_what(event)?;
        self.optional_term("bizStep", event.biz_step.as_ref());
        self.optional_term("disposition", event.disposition.as_ref());
        self.write_persistent_disposition(event);
        self.location("readPoint", event.read_point.as_ref())?;
        self.location("bizLocation", event.biz_location.as_ref())?;
        self.biz_transactions(&event.biz_transactions);
        self.parties("sourceList", "source", &event.sources)?;
        self.parties("destinationList", "destination", &event.destinations)?;
        self.sensor_elements(&event.sensor_elements);
        if let Some(ilmd) = &event.ilmd {
            self.tell_ilmd(event);
            self.out.key("ilmd");
            self.out.open(b'{');
            self.extensions().members(ilmd);
            self.out.close(b'}');
        }
        self.extensions().members(&event.extensions);
        Ok(())
    }

    fn write_head(&mut self, event: &Event) {
        self.out.key("type");
        match &event.what {
            What::Other(name) => {
                // With its prefix, so that the namespace stays what it is, whatever it ends with.
                match self.prefixes.prefix(&name.namespace) {
                    Some(prefix) => self.out.string(&format!("{prefix}:{}", name.local)),
                    None => self.out.string(&format!("{}{}", name.namespace, name.local)),
                };
            }
            what => {
                self.out.string(what.kind().name());
            }
        }
        if let Some(id) = &event.id {
            self.uri_member("eventID", id);
        }
        self.out.member("eventTime", event.time.as_str());
        if let Some(time) = &event.record_time {
            self.out.member("recordTime", time.as_str());
        }
        self.out.member("eventTimeZoneOffset", event.time_zone_offset.as_str());
        self.error_declaration(event);
        match event.certification_info.as_slice() {
            [] => {}
            [only] => self.uri_member("certificationInfo", only),
            several => self.uris("certificationInfo", several),
        }
    }

    fn error_declaration(&mut self, event: &Event) {
        let Some(declaration) = &event.error_declaration else { return };
        self.out.key("errorDeclaration");
        self.out.open(b'{');
        self.out.member("declarationTime", declaration.declaration_time.as_str());
        self.optional_term("reason", declaration.reason.as_ref());
        if !declaration.corrective_event_ids.is_empty() {
            self.uris("correctiveEventIDs", &declaration.corrective_event_ids);
        }
        self.extensions().members(&declaration.extensions);
        self.out.close(b'}');
    }

    fn write_what(&mut self, event: &Event) -> Result<(), WriteError> {
        match &event.what {
            What::Object { epcs, quantities, .. } => {
                let sensed = !event.sensor_elements.is_empty() && event.read_point.is_some();
                let needed = quantities.is_empty() && !sensed;
                self.epcs("epcList", epcs, needed)?;
                self.quantities("quantityList", quantities)?;
            }
            What::Transaction { parent, epcs, quantities, .. } => {
                self.parent(parent.as_ref())?;
                self.epcs("epcList", epcs, quantities.is_empty())?;
                self.quantities("quantityList", quantities)?;
            }
            What::Aggregation { parent, children, quantities, .. }
            | What::Association { parent, children, quantities, .. } => {
                self.parent(parent.as_ref())?;
                self.epcs("childEPCs", children, false)?;
                self.quantities("childQuantityList", quantities)?;
            }
            What::Transformation { id, input_epcs, input_quantities, output_epcs, output_quantities } => {
                self.epcs("inputEPCList", input_epcs, false)?;
                self.quantities("inputQuantityList", input_quantities)?;
                self.epcs("outputEPCList", output_epcs, false)?;
                self.quantities("outputQuantityList", output_quantities)?;
                if let Some(id) = id {
                    self.uri_member("transformationID", id);
                }
            }
            What::Other(_) => {}
        }
        if let Some(action) = event.what.action() {
            self.out.member("action", action.as_str());
        }
        Ok(())
    }

    fn parent(&mut self, parent: Option<&Epc>) -> Result<(), WriteError> {
        let Some(parent) = parent else { return Ok(()) };
        self.out.key("parentID");
        self.epc(parent, || "parentID".to_owned())
    }

    fn epcs(&mut self, key: &str, epcs: &[Epc], needed: bool) -> Result<(), WriteError> {
        if epcs.is_empty() && !needed {
            return Ok(());
        }
        self.out.key(key);
        self.out.open(b'[');
        for (index, epc) in epcs.iter().enumerate() {
            self.out.item();
            self.epc(epc, || format!("{key}[{index}]"))?;
        }
        self.out.close(b']');
        Ok(())
    }

    fn quantities(&mut self, key: &str, quantities: &[Quantity]) -> Result<(), WriteError> {
        if quantities.is_empty() {
            return Ok(());
        }
        self.out.key(key);
        self.out.open(b'[');
        for (index, Quantity { epc_class, quantity, uom }) in quantities.iter().enumerate() {
            self.out.item();
            self.out.open(b'{');
            self.out.key("epcClass");
            self.epc(epc_class, || format!("{key}[{index}].epcClass"))?;
            if let Some(quantity) = quantity {
                self.out.key("quantity");
                self.out.raw(&quantity.to_json());
            }
            if let Some(uom) = uom {
                self.out.member("uom", uom);
            }
            self.out.close(b'}');
        }
        self.out.close(b']');
        Ok(())
    }

    fn location(&mut self, key: &str, location: Option<&Location>) -> Result<(), WriteError> {
        let Some(location) = location else { return Ok(()) };
        self.out.key(key);
        self.out.open(b'{');
        self.out.key("id");
        self.epc(&location.id, || format!("{key}.id"))?;
        self.extensions().members(&location.extensions);
        self.out.close(b'}');
        Ok(())
    }

    fn biz_transactions(&mut self, transactions: &[BizTransaction]) {
        if transactions.is_empty() {
            return;
        }
        self.out.key("bizTransactionList");
        self.out.open(b'[');
        for BizTransaction { kind, id } in transactions {
            self.out.item();
            self.out.open(b'{');
            self.optional_term("type", kind.as_ref());
            self.uri_member("bizTransaction", id);
            self.out.close(b'}');
        }
        self.out.close(b']');
    }

    fn parties(&mut self, key: &str, field: &str, parties: &[SourceDest]) -> Result<(), WriteError> {
        if parties.is_empty() {
            return Ok(());
        }
        self.out.key(key);
        self.out.open(b'[');
        for (index, SourceDest { kind, id }) in parties.iter().enumerate() {
            self.out.item();
            self.out.open(b'{');
            self.optional_term("type", Some(kind));
            self.out.key(field);
            self.epc(id, || format!("{key}[{index}].{field}"))?;
            self.out.close(b'}');
        }
        self.out.close(b']');
        Ok(())
    }

    fn write_persistent_disposition(&mut self, event: &Event) {
        let Some(persistent) = &event.persistent_disposition else { return };
        if !matches!(event.what.kind(), EventKind::Object | EventKind::Transformation | EventKind::Other) {
            let what =
                "the JSON schema allows it in ObjectEvent and TransformationEvent alone; it was written";
            self.losses.add(Some(self.index), || "persistentDisposition".to_owned(), what);
        }
        self.out.key("persistentDisposition");
        self.out.open(b'{');
        for (key, terms) in [("set", &persistent.set), ("unset", &persistent.unset)] {
            if terms.is_empty() {
                continue;
            }
            self.out.key(key);
            self.out.open(b'[');
            for term in terms {
                self.out.item();
                self.term(term, key);
            }
            self.out.close(b']');
        }
        self.out.close(b'}');
    }

    fn tell_ilmd(&mut self, event: &Event) {
        if event.what.action().is_some_and(|action| action != Action::Add) {
            let what = "the JSON schema allows ilmd with action ADD alone; it was written";
            self.losses.add(Some(self.index), || "ilmd".to_owned(), what);
        }
    }

    /// The writer of what other namespaces add.
    pub(super) fn extensions(&mut self) -> ExtensionWriter<'_> {
        ExtensionWriter { out: self.out, prefixes: self.prefixes }
    }

    /// Writes a member that is a word of a vocabulary, where there is one.
    pub(super) fn optional_term(&mut self, key: &str, term: Option<&Term>) {
        if let Some(term) = term {
            self.out.key(key);
            self.term(term, key);
        }
    }

    /// Writes a word that CBV lists bare, and any other in a form that the schema takes.
    fn term(&mut self, term: &Term, key: &str) {
        if term.is_listed() {
            self.out.string(term.bare());
            return;
        }
        let spelling = match term.vocabulary() {
            StandardVocabulary::MeasurementType | StandardVocabulary::SensorAlert => Spelling::Curie,
            _ => Spelling::WebUri,
        };
        let text = term.spelt(spelling);
        let characters = self.out.string(&text);
        self.check_uri(&text, characters, || key.to_owned());
    }

    /// Writes a member that is a URI.
    pub(super) fn uri_member(&mut self, key: &str, text: &str) {
        self.out.key(key);
        self.uri(text, || key.to_owned());
    }

    /// Writes a URI, and reports what is none.
    pub(super) fn uri(&mut self, text: &str, path: impl FnOnce() -> String) {
        let characters = self.out.string(text);
        self.check_uri(text, characters, path);
    }

    fn uris(&mut self, key: &str, uris: &[Box<str>]) {
        self.out.key(key);
        self.out.open(b'[');
        for (index, text) in uris.iter().enumerate() {
            self.out.item();
            self.uri(text, || format!("{key}[{index}]"));
        }
        self.out.close(b']');
    }

    #[inline]
    fn epc(&mut self, epc: &Epc, path: impl FnOnce() -> String) -> Result<(), WriteError> {
        let text = self.options.epc(epc)?;
        let characters = self.out.string(&text);
        // A GS1 identifier has a scheme by its form, and most have no character that needs a second look.
        if !(characters.are_plain() && epc.scheme().is_some()) {
            self.check_uri(&text, characters, path);
        }
        Ok(())
    }

    fn check_uri(&mut self, text: &str, characters: Characters, path: impl FnOnce() -> String) {
        let sound = characters.are_plain() && text.starts_with("urn:") || uri::is_uri(text);
        if !sound {
            let what = format!("{} is no URI, which JSON-LD requires", shown(text));
            self.losses.add(Some(self.index), path, what);
        }
    }
}
