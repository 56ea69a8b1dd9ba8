//! What stands before and behind the events: the root, the header, the body.

use crate::epcis::DocumentKind;
use crate::epcis::Header;
use crate::epcis::Name;
use crate::epcis::Sbdh;
use crate::formats::xml::Version;
use crate::formats::xml::v1_2;
use crate::formats::xml::v2_0;
use crate::formats::xml::writer::Pen;
use crate::formats::xml::writer::extension::is_local;

/// How many prefixes the root declares; others are declared where they are used.
const MOST_DECLARED: usize = 256;

/// The namespaces of a version and what else its root says.
#[derive(Clone, Copy, Debug)]
pub(in crate::formats::xml) struct Names {
    pub(in crate::formats::xml) schema_version: &'static str,
    pub(in crate::formats::xml) epcis: &'static str,
    pub(in crate::formats::xml) query: &'static str,
    pub(in crate::formats::xml) master_data: &'static str,
}

impl Pen {
    /// Writes everything before the first event; without events, a query document answers with master data.
    ///
    /// `date` is the creation date where the header has none.
    pub(super) fn head(&mut self, header: &Header, with_events: bool, date: &str) {
        self.output.raw(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        let date = Some(&*header.creation_date).filter(|date| !date.is_empty()).unwrap_or(date);
        let names = self.names();
        match header.kind {
            DocumentKind::Document => {
                self.root("epcis:EPCISDocument", ("epcis", names.epcis), header, date);
                self.header(header, true, date);
                self.open("EPCISBody");
            }
            DocumentKind::MasterData => {
                self.root("epcismd:EPCISMasterDataDocument", ("epcismd", names.master_data), header, date);
                self.header(header, false, date);
                self.open("EPCISBody");
                self.vocabulary_list(&header.master_data);
            }
            DocumentKind::QueryDocument => {
                self.root("epcisq:EPCISQueryDocument", ("epcisq", names.query), header, date);
                self.header(header, with_events, date);
                self.open("EPCISBody");
                self.query_results(header, with_events);
            }
            DocumentKind::Event if with_events => self.bare_event(header),
            DocumentKind::Event | DocumentKind::EventList => self.bare_list(header),
        }
        let in_list = matches!(header.kind, DocumentKind::Document)
            || (header.kind == DocumentKind::QueryDocument && (with_events || header.master_data.is_empty()));
        if in_list {
            self.open("EventList");
        }
    }

    /// Writes everything behind the last event.
    pub(super) fn tail(&mut self, header: &Header, with_events: bool) {
        match header.kind {
            DocumentKind::Document => {
                self.close("EventList");
                self.extensions(&header.body_elements);
                self.end_of_document("epcis:EPCISDocument", header);
            }
            DocumentKind::MasterData => {
                self.extensions(&header.body_elements);
                self.end_of_document("epcismd:EPCISMasterDataDocument", header);
            }
            DocumentKind::QueryDocument => {
                if with_events || header.master_data.is_empty() {
                    self.close("EventList");
                }
                self.close("resultsBody");
                self.extensions(&header.body_elements);
                self.close("epcisq:QueryResults");
                self.end_of_document("epcisq:EPCISQueryDocument", header);
            }
            DocumentKind::Event if with_events => self.lose_envelope_elements(header),
            DocumentKind::Event | DocumentKind::EventList => {
                self.close("epcis:EventList");
                self.lose_envelope_elements(header);
            }
        }
        self.output.raw(b"\n");
    }

    fn end_of_document(&mut self, root: &str, header: &Header) {
        self.close("EPCISBody");
        self.extensions(&header.document_elements);
        self.close(root);
    }

    fn query_results(&mut self, header: &Header, with_events: bool) {
        let head = header.query_results.as_ref();
        self.open("epcisq:QueryResults");
        self.leaf("queryName", head.map_or("SimpleEventQuery", |head| &head.query_name));
        if let Some(id) = head.and_then(|head| head.subscription_id.as_deref()) {
            self.leaf("subscriptionID", id);
        }
        self.open("resultsBody");
        if !with_events && !header.master_data.is_empty() {
            self.vocabulary_list(&header.master_data);
        }
    }

    fn header(&mut self, header: &Header, with_master_data: bool, date: &str) {
        let with_master_data = with_master_data && !header.master_data.is_empty();
        if header.sbdh.is_none() && header.elements.is_empty() && !with_master_data {
            return;
        }
        self.open("EPCISHeader");
        match (&header.sbdh, self.version) {
            (Some(Sbdh(sbdh)), _) => self.element(sbdh),
            (None, Version::V1_2) => self.element(&Sbdh::from_parts("", "", "", date).0),
            (None, Version::V2_0) => {}
        }
        let inner = self.version == Version::V2_0 && header.elements.iter().any(|element| !is_local(element));
        let has_inner = inner || header.elements.iter().any(is_local);
        if with_master_data || has_inner {
            self.open("extension");
            if with_master_data {
                self.open("EPCISMasterData");
                self.vocabulary_list(&header.master_data);
                self.close("EPCISMasterData");
            }
            if has_inner {
                self.open("extension");
                self.locals(&header.elements);
                if inner {
                    v2_0::header_elements(self, &header.elements);
                }
                self.close("extension");
            }
            self.close("extension");
        }
        if !inner {
            self.foreign(&header.elements);
        }
        self.close("EPCISHeader");
    }

    fn root(&mut self, tag: &str, (prefix, namespace): (&str, &str), header: &Header, date: &str) {
        self.output.raw(b"\n<");
        self.output.raw(tag.as_bytes());
        self.scope.bind(prefix, namespace);
        self.declare(prefix, namespace);
        self.declare_sent(header);
        self.output.attribute("schemaVersion", self.names().schema_version);
        self.output.attribute("creationDate", date);
        if let Some(id) = &header.id {
            let name = Name::new(std::sync::Arc::clone(&self.carrier), "id");
            self.qualified_attribute(&name, id);
        }
        self.attributes(&header.attributes, |name| {
            name.is_local() && matches!(&*name.local, "schemaVersion" | "creationDate")
        });
        self.output.tag_end();
    }

    /// The root of a list without envelope.
    fn bare_list(&mut self, header: &Header) {
        self.output.raw(b"\n<epcis:EventList");
        self.bare_declarations(header);
        self.output.tag_end();
    }

    /// What the start tag of a bare event declares as the root.
    fn bare_event(&mut self, header: &Header) {
        if !self.options.pretty {
            self.output.raw(b"\n");
        }
        let begin = self.output.bytes.len();
        self.bare_declarations(header);
        self.bare = Some(self.output.bytes.split_off(begin));
    }

    fn bare_declarations(&mut self, header: &Header) {
        let namespace = self.names().epcis;
        self.scope.bind("epcis", namespace);
        self.declare("epcis", namespace);
        self.declare_sent(header);
        let parts = [
            ("id", header.id.is_some()),
            ("creationDate", !header.creation_date.is_empty()),
            ("attributes", !header.attributes.is_empty()),
            ("sbdh", header.sbdh.is_some()),
            ("masterData", !header.master_data.is_empty()),
            ("elements", !header.elements.is_empty()),
        ];
        for (part, present) in parts {
            if present {
                self.lose(part, "events without an envelope have no header");
            }
        }
    }

    fn lose_envelope_elements(&mut self, header: &Header) {
        if !header.document_elements.is_empty() || !header.body_elements.is_empty() {
            self.lose("documentElements", "events without an envelope have nothing beside them");
        }
    }

    /// Declares the prefixes that were sent; EPCIS namespaces have our own and may change with the version.
    fn declare_sent(&mut self, header: &Header) {
        for (prefix, namespace) in header.namespaces.0.iter().take(MOST_DECLARED) {
            let own = namespace.starts_with("urn:epcglobal:epcis") && namespace.contains(":xsd:");
            if !own && self.scope.bind(prefix, namespace) {
                self.declare(prefix, namespace);
            }
        }
    }

    fn names(&self) -> Names {
        match self.version {
            Version::V1_2 => v1_2::NAMES,
            Version::V2_0 => v2_0::NAMES,
        }
    }
}
