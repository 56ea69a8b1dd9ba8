//! The envelope written: what stands before and behind the events.

use crate::epcis::DocumentKind;
use crate::epcis::Element;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::epcis::TimeFault;
use crate::formats::jsonld::losses::Losses;
use crate::formats::jsonld::names;
use crate::formats::jsonld::names::carried;
use crate::formats::jsonld::prefixes::Prefixes;
use crate::formats::jsonld::sink::Sink;
use crate::formats::jsonld::uri;
use crate::formats::jsonld::writer_extension::ExtensionWriter;
use crate::formats::jsonld::writer_master_data::MasterDataWriter;
use crate::formats::values::shown;

/// A document whose list of events is open.
pub(super) struct Envelope {
    query: bool,
    /// How many prefixes the context declares.
    rooted: usize,
    /// How many URLs of contexts of others stand in the context.
    context_urls: usize,
}

impl Envelope {
    /// Writes everything up to the bracket that begins the list of events.
    pub(super) fn open(
        header: &Header,
        first: Option<&EventTime>,
        out: &mut Sink,
        prefixes: &mut Prefixes,
        losses: &mut Losses,
    ) -> Envelope {
        let date = creation_date(header, first, losses);
        let query = header.kind == DocumentKind::QueryDocument;
        let sbdh = header.sbdh.as_ref().filter(|sbdh| query || !sbdh.is_plain(&date));
        bind(header, prefixes);
        prefixes.bind_all(sbdh.map(|sbdh| std::slice::from_ref(&sbdh.0)).unwrap_or_default());
        let context_urls = context_urls(header).count();
        let rooted = prefixes.len();
        out.open(b'{');
        write_context(header, out, prefixes);
        write_head(header, (!query || !header.creation_date.is_empty()).then_some(&date), out, losses);
        if !query && sbdh.is_none() {
            write_parties(header, out);
        }
        write_header(header, sbdh.map(|sbdh| &sbdh.0), out, prefixes, losses);
        if !header.attributes.is_empty() {
            out.key(&names::carrier_key(carried::ATTRIBUTES));
            out.open(b'{');
            ExtensionWriter { out, prefixes }.attributes(&header.attributes, "");
            out.close(b'}');
        }
        out.key("epcisBody");
        out.open(b'{');
        if query {
            open_query_results(header, out);
        }
        out.key("eventList");
        out.open(b'[');
        if header.kind == DocumentKind::MasterData {
            let what =
                "JSON-LD has no master data document; it was written as an EPCISDocument without events";
            losses.add(None, || "kind".to_owned(), what);
        }
        Envelope { query, rooted, context_urls }
    }

    /// Writes everything from the bracket that ends the list of events.
    pub(super) fn close(
        &self,
        header: &Header,
        out: &mut Sink,
        prefixes: &mut Prefixes,
        losses: &mut Losses,
    ) {
        bind(header, prefixes);
        out.close(b']');
        if self.query {
            if !header.master_data.is_empty() {
                out.key("vocabularyList");
                MasterDataWriter { out, prefixes, losses }.vocabularies(&header.master_data);
            }
            out.close(b'}');
            out.close(b'}');
        }
        ExtensionWriter { out, prefixes }.members(&header.body_elements);
        out.close(b'}');
        let others = header.document_elements.get(self.context_urls..).unwrap_or_default();
        ExtensionWriter { out, prefixes }.members(others);
        if prefixes.has_declarations(self.rooted) {
            out.key(&names::carrier_key(carried::CONTEXT));
            prefixes.write_declarations(out, self.rooted);
        }
        out.close(b'}');
    }
}

/// Tells what of a header cannot be written beside events that have no envelope.
pub(super) fn tell_unwritten(header: &Header, losses: &mut Losses) {
    let parts = [
        ("sbdh", header.sbdh.is_some()),
        ("master_data", !header.master_data.is_empty()),
        ("elements", !header.elements.is_empty()),
        ("document_elements", !header.document_elements.is_empty()),
        ("body_elements", !header.body_elements.is_empty()),
        ("attributes", !header.attributes.is_empty()),
        ("id", header.id.is_some()),
        ("schema_version", !header.schema_version.is_empty()),
        ("creation_date", !header.creation_date.is_empty()),
    ];
    for (part, present) in parts {
        if present {
            losses.add(None, || part.to_owned(), "events without an envelope have no place for it");
        }
    }
}

/// Binds the prefixes of everything in a header, those that its root declared first.
fn bind(header: &Header, prefixes: &mut Prefixes) {
    for (prefix, namespace) in &header.namespaces.0 {
        if !is_of_xml(namespace) && !prefix.is_empty() {
            prefixes.bind(&namespace.as_ref().into(), prefix);
        }
    }
    for elements in [&header.elements, &header.document_elements, &header.body_elements] {
        prefixes.bind_all(elements);
    }
    prefixes.bind_attributes(&header.attributes);
    for vocabulary in &header.master_data {
        prefixes.bind_all(&vocabulary.extensions);
        for element in &vocabulary.elements {
            prefixes.bind_all(&element.extensions);
            for attribute in &element.attributes {
                prefixes.bind_attributes(&attribute.attributes);
                prefixes.bind_nodes(&attribute.content);
            }
        }
    }
}

/// True for the namespaces that an XML document declares for itself, and that nothing in JSON needs.
fn is_of_xml(namespace: &str) -> bool {
    namespace.starts_with("urn:epcglobal:epcis")
        || namespace.starts_with("http://www.w3.org/2001/XMLSchema")
        || matches!(namespace, "urn:epcglobal:xsd:1" | crate::epcis::SBDH_NAMESPACE)
}

fn write_context(header: &Header, out: &mut Sink, prefixes: &Prefixes) {
    out.key("@context");
    out.open(b'[');
    out.item();
    out.string(names::GS1_CONTEXT);
    for url in context_urls(header) {
        out.item();
        out.string(url);
    }
    if prefixes.has_declarations(0) {
        out.item();
        prefixes.write_declarations(out, 0);
    }
    out.close(b']');
}

/// The contexts of others, which the reader found first of all.
fn context_urls(header: &Header) -> impl Iterator<Item = &str> {
    let url = |element: &Element| names::carried_local(&element.name) == Some(carried::CONTEXT_URL);
    header.document_elements.iter().take_while(move |element| url(element)).map_while(Element::text)
}

fn write_head(header: &Header, date: Option<&String>, out: &mut Sink, losses: &mut Losses) {
    if let Some(id) = &header.id {
        out.member("id", id);
        if !uri::is_uri(id) {
            let what = format!("{} is no URI, which JSON-LD requires", shown(id));
            losses.add(None, || "id".to_owned(), what);
        }
    }
    let query = header.kind == DocumentKind::QueryDocument;
    out.member("type", if query { "EPCISQueryDocument" } else { "EPCISDocument" });
    let version = &*header.schema_version;
    if !query || !version.is_empty() {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let sound = version.starts_with('2') && version.split('.').all(digits);
        out.member("schemaVersion", if sound { version } else { "2.0" });
    }
    if let Some(date) = date {
        out.member("creationDate", date);
    }
}

fn write_parties(header: &Header, out: &mut Sink) {
    let Some(sbdh) = &header.sbdh else { return };
    let parts = [
        ("sender", sbdh.sender()),
        ("receiver", sbdh.receiver()),
        ("instanceIdentifier", sbdh.instance_identifier()),
    ];
    for (key, text) in parts {
        if let Some(text) = text {
            out.member(key, text);
        }
    }
    if parts.iter().all(|(_, text)| text.is_none()) {
        out.member("instanceIdentifier", "");
    }
}

/// Writes `epcisHeader`; the schema of a query document has none, so that ours stands in its place there.
fn write_header(
    header: &Header,
    sbdh: Option<&Element>,
    out: &mut Sink,
    prefixes: &Prefixes,
    losses: &mut Losses,
) {
    let query = header.kind == DocumentKind::QueryDocument;
    let master_data = !query && !header.master_data.is_empty();
    if sbdh.is_none() && !master_data && header.elements.is_empty() {
        return;
    }
    if query {
        out.key(&names::carrier_key(carried::HEADER));
    } else {
        out.key("epcisHeader");
    }
    out.open(b'{');
    if let Some(sbdh) = sbdh {
        ExtensionWriter { out, prefixes }.members(std::slice::from_ref(sbdh));
    }
    if master_data {
        out.key("epcisMasterData");
        out.open(b'{');
        out.key("vocabularyList");
        MasterDataWriter { out, prefixes, losses }.vocabularies(&header.master_data);
        out.close(b'}');
    }
    ExtensionWriter { out, prefixes }.members(&header.elements);
    out.close(b'}');
}

fn open_query_results(header: &Header, out: &mut Sink) {
    out.key("queryResults");
    out.open(b'{');
    let head = header.query_results.as_ref();
    out.member("queryName", head.map_or("", |head| &*head.query_name));
    if let Some(id) = head.and_then(|head| head.subscription_id.as_deref()) {
        out.member("subscriptionID", id);
    }
    out.key("resultsBody");
    out.open(b'{');
}

/// The creation date with a zone; where there is none, the SBDH's, else the first event's time.
fn creation_date(header: &Header, first: Option<&EventTime>, losses: &mut Losses) -> String {
    let own = &*header.creation_date;
    if let Some(date) = zoned(own) {
        return date;
    }
    let sbdh = header.sbdh.as_ref().and_then(|sbdh| zoned(sbdh.creation_date()?));
    let date = sbdh.or_else(|| first.map(|time| time.as_str().to_owned()));
    let needed = header.kind != DocumentKind::QueryDocument;
    if !own.is_empty() {
        let what = format!("{} is no time, which JSON-LD requires", shown(own));
        losses.add(None, || "creation_date".to_owned(), what);
    } else if date.is_none() && needed {
        let what = "JSON-LD requires a creation date, and the document has no time at all";
        losses.add(None, || "creation_date".to_owned(), what);
    }
    date.unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

fn zoned(text: &str) -> Option<String> {
    match EventTime::parse(text) {
        Ok(_) => Some(text.to_owned()),
        Err(TimeFault::NoZone) => {
            let zoned = format!("{text}Z");
            EventTime::parse(&zoned).ok().map(|_| zoned)
        }
        Err(_) => None,
    }
}
