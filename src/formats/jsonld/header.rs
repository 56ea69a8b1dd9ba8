//! The envelope read: what stands beside the events, and above all the SBDH (EPCIS 2.0 §9.5).

use crate::epcis::DocumentKind;
use crate::epcis::Element;
use crate::epcis::Header;
use crate::epcis::Name;
use crate::epcis::QueryResultsHead;
use crate::epcis::SBDH_NAMESPACE;
use crate::epcis::Sbdh;
use crate::epcis::one_spelling;
use crate::formats::CARRIER_NAMESPACE;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Limits;
use crate::formats::Place;
use crate::formats::jsonld::context::Context;
use crate::formats::jsonld::extension;
use crate::formats::jsonld::extension::Elements;
use crate::formats::jsonld::frame::Frame;
use crate::formats::jsonld::frame::Path;
use crate::formats::jsonld::master_data;
use crate::formats::jsonld::names;
use crate::formats::jsonld::names::carried;
use crate::formats::jsonld::parser;
use crate::formats::jsonld::parser::Parsed;
use crate::formats::jsonld::piece::Piece;
use crate::formats::jsonld::survey;
use crate::formats::jsonld::survey::Level;
use crate::formats::jsonld::survey::Raw;
use crate::formats::jsonld::survey::Survey;
use crate::formats::jsonld::value::Data;
use crate::formats::jsonld::value::Member;
use crate::formats::jsonld::value::Value;
use crate::formats::values;

/// How many bytes of a part one JSON value takes at least, by which their number is bounded.
const BYTES_A_VALUE: usize = 32;

/// Parses a piece within the limits; what occurs twice in it goes to `defects`.
pub(super) fn parse<'a>(
    piece: Piece<'a>,
    limits: Limits,
    report: &mut dyn FnMut(Defect),
) -> Result<Parsed<'a>, Defect> {
    let values = (limits.part_bytes / BYTES_A_VALUE).max(1_000);
    let parsed = parser::parse(piece.bytes, limits.depth, values)
        .map_err(|broken| broken.fault.at(piece.place_of(broken.at), ""))?;
    for (at, key) in &parsed.duplicates {
        report(survey::duplicate(key, piece.place_of(*at), ""));
    }
    Ok(parsed)
}

/// Reads the document's context, of `@context` and of what we carried behind the events.
pub(super) fn read_context(
    survey: &Survey,
    limits: Limits,
    defects: &mut Defects,
) -> Result<Context, Defect> {
    let mut context = Context::new();
    let carried = names::carrier_key(carried::CONTEXT);
    for key in ["@context", &carried] {
        let Some(raw) = survey.root_member(key) else { continue };
        let piece = raw.piece();
        let parsed = parse(piece, limits, &mut |defect| {
            defects.add(defect);
        })?;
        context.extend(&parsed.value, &mut |fault, at| {
            defects.add(fault.at(piece.place_of(at), "$.@context"));
        });
    }
    if let Some(raw) = survey.root_member("@context").filter(|_| !context.is_gs1) {
        let message = "GS1's context is not among the contexts; its words were read all the same";
        let fault = Fault::warning("unknown-context", message, format!("add {}", names::GS1_CONTEXT));
        defects.add(fault.at(raw.place, "$.@context"));
    }
    Ok(context)
}

/// Reads the header of a document from what the survey found.
pub(super) fn read(
    survey: &Survey,
    context: &Context,
    limits: Limits,
    defects: &mut Defects,
) -> Result<Header, Defect> {
    let mut envelope = Envelope::default();
    let declarations = context.declarations();
    envelope
        .header
        .namespaces
        .0
        .extend(declarations.map(|(prefix, uri)| (prefix.into(), one_spelling(uri).into())));
    for url in &context.foreign_urls {
        let name = Name::new(CARRIER_NAMESPACE, carried::CONTEXT_URL);
        envelope.header.document_elements.push(Element::with_text(name, "", url.clone()));
    }
    for raw in &survey.members {
        let piece = raw.piece();
        let parsed = parse(piece, limits, &mut |defect| {
            defects.add(defect);
        })?;
        let mut frame = Frame::new(defects, context, raw.level.path(), piece);
        envelope.take(&mut frame, raw, parsed.value);
    }
    envelope.finish(survey, defects)
}

/// The header in the making.
#[derive(Default)]
struct Envelope {
    header: Header,
    kind_name: String,
    sender: Option<Box<str>>,
    receiver: Option<Box<str>>,
    instance: Option<Box<str>>,
    query_name: Option<Box<str>>,
    subscription_id: Option<Box<str>>,
    document_elements: Elements,
    body_elements: Elements,
}

impl Envelope {
    fn take(&mut self, frame: &mut Frame<'_>, raw: &Raw, value: Value<'_>) {
        let path = Path::Root.member(&raw.key);
        let text = |frame: &mut Frame<'_>| frame.text(&value, &path).map(Box::<str>::from);
        let header = &mut self.header;
        match (raw.level, &*raw.key) {
            (Level::Root, "@context") => {}
            (Level::Root, "type") => self.kind_name = text(frame).unwrap_or_default().into(),
            (Level::Root, "id") => header.id = text(frame),
            (Level::Root, "schemaVersion") => header.schema_version = version(frame, &value, &path),
            (Level::Root, "creationDate") => header.creation_date = date(frame, &value, &path),
            (Level::Root, "sender") => self.sender = text(frame),
            (Level::Root, "receiver") => self.receiver = text(frame),
            (Level::Root, "instanceIdentifier") => self.instance = text(frame),
            (Level::Root, "epcisHeader") => self.read_header(frame, &value, &path),
            (Level::Root, "epcisBody") | (Level::Body, "queryResults") | (Level::Results, "resultsBody") => {
                frame.wrong_type::<()>("an object", &value, &path);
            }
            (Level::Body | Level::ResultsBody, "eventList") => {
                frame.wrong_type::<()>("an array", &value, &path);
            }
            (Level::Results, "queryName") => self.query_name = text(frame),
            (Level::Results, "subscriptionID") => self.subscription_id = text(frame),
            (Level::ResultsBody, "vocabularyList") => {
                header.master_data.extend(master_data::vocabularies(frame, &value, &path));
            }
            (Level::Root, _) => self.take_root(frame, raw, value),
            _ => {
                let member = member(raw, value);
                self.body_elements.take(frame, &member, &Path::Root);
            }
        }
    }

    /// Takes a member of the document that EPCIS does not define.
    fn take_root(&mut self, frame: &mut Frame<'_>, raw: &Raw, value: Value<'_>) {
        let path = Path::Root.member(&raw.key);
        let name = frame.context.expand(&raw.key).map(|expanded| expanded.name);
        match name.as_ref().and_then(names::carried_local) {
            Some(carried::CONTEXT) => {}
            Some(carried::HEADER) => self.read_header(frame, &value, &path),
            Some(carried::ATTRIBUTES) => {
                let members = value.members().unwrap_or_default();
                self.header.attributes = extension::attributes(frame.context, members).unwrap_or_default();
            }
            _ => self.document_elements.take(frame, &member(raw, value), &Path::Root),
        }
    }

    fn read_header(&mut self, frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) {
        let Some(members) = value.members() else {
            frame.wrong_type::<()>("an object", value, path);
            return;
        };
        let mut elements = Elements::default();
        for member in members {
            if member.key == "epcisMasterData" {
                let path = path.member(&member.key);
                self.header.master_data = master_data::read(frame, &member.value, &path);
            } else {
                elements.take(frame, member, path);
            }
        }
        let mut elements = elements.finish();
        let is_sbdh = |element: &Element| {
            *element.name.namespace == *SBDH_NAMESPACE
                && &*element.name.local == "StandardBusinessDocumentHeader"
        };
        if let Some(at) = elements.iter().position(is_sbdh) {
            self.header.sbdh = Some(Sbdh(elements.remove(at)));
        }
        self.header.elements = elements;
    }

    fn finish(mut self, survey: &Survey, defects: &mut Defects) -> Result<Header, Defect> {
        let place = survey.root.map_or(Place::default(), |(_, place)| place);
        self.header.kind = match self.kind_name.as_str() {
            "EPCISDocument" => DocumentKind::Document,
            "EPCISQueryDocument" => DocumentKind::QueryDocument,
            _ => return Err(unknown_kind(&self.kind_name, survey, place)),
        };
        let required: &[&str] = match self.header.kind {
            DocumentKind::Document => &["@context", "schemaVersion", "creationDate"],
            _ => &["@context"],
        };
        for field in required.iter().filter(|field| survey.root_member(field).is_none()) {
            let fault = Fault::error("required-field", format!("{field} is missing"), format!("add {field}"));
            defects.add(fault.at(place, format!("$.{field}")));
        }
        self.finish_body(survey, defects, place);
        let named = [&self.sender, &self.receiver, &self.instance];
        if self.header.sbdh.is_none() && named.iter().any(|part| part.is_some()) {
            let [sender, receiver, instance] = named.map(|part| part.as_deref().unwrap_or_default().trim());
            let date = self.header.creation_date.clone();
            self.header.sbdh = Some(Sbdh::from_parts(sender, receiver, instance, &date));
        }
        self.header.document_elements.extend(self.document_elements.finish());
        self.header.body_elements = self.body_elements.finish();
        Ok(self.header)
    }

    fn finish_body(&mut self, survey: &Survey, defects: &mut Defects, place: Place) {
        let level = match self.header.kind {
            DocumentKind::QueryDocument => Level::ResultsBody,
            _ => Level::Body,
        };
        let told = survey.members.iter().any(|raw| raw.key == "eventList" || raw.key == "epcisBody");
        if survey.list.is_none_or(|list| list.level != level) && !told {
            let message = "eventList is missing from the body";
            let fault = Fault::error("required-field", message, "add eventList, if need be an empty array");
            defects.add(fault.at(place, level.list_path()));
        }
        if self.header.kind == DocumentKind::QueryDocument {
            let query_name = self.query_name.take();
            if query_name.is_none() && survey.list.is_some() {
                let fault = Fault::error("required-field", "queryName is missing", "add queryName");
                defects.add(fault.at(place, "$.epcisBody.queryResults.queryName"));
            }
            let subscription_id = self.subscription_id.take();
            let query_name = query_name.unwrap_or_default();
            self.header.query_results = Some(QueryResultsHead { query_name, subscription_id });
        }
    }
}

fn member<'a>(raw: &'a Raw, value: Value<'a>) -> Member<'a> {
    Member { at: 0, key: raw.key.as_str().into(), value }
}

fn unknown_kind(kind: &str, survey: &Survey, place: Place) -> Defect {
    let place = survey.root_member("type").map_or(place, |raw| raw.key_place);
    let message = if kind.is_empty() {
        "the document has no type".to_owned()
    } else {
        format!("{} is no type of EPCIS document", values::shown(kind))
    };
    let fix = "set type to EPCISDocument or EPCISQueryDocument";
    Fault::error("unknown-document", message, fix).at(place, "$.type")
}

fn version(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Box<str> {
    let text = match &value.data {
        Data::Number(text) => {
            let fault = Fault::warning("member-type", "schemaVersion is a number", "write it in quotes");
            frame.tell(fault, value.at, path);
            text
        }
        _ => frame.text(value, path).unwrap_or_default(),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !text.is_empty() && !text.split('.').all(digits) {
        let message = format!("the schema version {} is no version", values::shown(text));
        frame.tell(Fault::error("schema-version", message, "write 2.0"), value.at, path);
    } else if !text.is_empty() && !text.starts_with('2') {
        let message = format!("JSON-LD belongs to EPCIS 2.0, and schemaVersion says {}", values::shown(text));
        frame.tell(Fault::warning("schema-version", message, "write 2.0"), value.at, path);
    }
    text.into()
}

fn date(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Box<str> {
    let Some(text) = frame.text(value, path) else { return Box::default() };
    frame.tolerant(values::event_time(text), value.at, path);
    text.trim().into()
}
