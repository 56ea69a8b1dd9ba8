//! The stored form of one event: EPCIS 2.0 JSON-LD with its own `@context`, packed where that makes it smaller.
//!
//! The first byte says how the rest is packed: 1 JSON-LD, 2 JSON-LD in a zstd frame with our dictionary, 3 and 4 the
//! same of EPCIS 2.0 XML, which holds what JSON-LD cannot.

use std::io::Cursor;
use std::sync::LazyLock;

use zstd::bulk::Compressor;
use zstd::bulk::Decompressor;
use zstd::dict::DecoderDictionary;
use zstd::dict::EncoderDictionary;

use crate::epcis::DocumentKind;
use crate::epcis::Event;
use crate::epcis::Header;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Format;
use crate::formats::Limits;
use crate::formats::ReadOptions;
use crate::formats::Reader;
use crate::formats::WriteError;
use crate::formats::WriteOptions;
use crate::formats::Writer;
use crate::store::StoreError;

const JSON: u8 = 1;
const JSON_PACKED: u8 = 2;
const XML: u8 = 3;
const XML_PACKED: u8 = 4;

/// Text that events have in common. It is part of the stored form: changing it would make stored events unreadable.
const DICTIONARY: &[u8] = include_bytes!("body_dictionary_1.txt");

const LEVEL: i32 = 1;

/// The most bytes one event may have unpacked; above the limit of the readers.
const MOST_BYTES: usize = 256 << 20;

/// Our own text: judged when it was captured, and in one form perhaps larger than it was in the other.
const OWN: ReadOptions =
    ReadOptions { limits: Limits { depth: 250, attributes: 10_000, part_bytes: MOST_BYTES }, trusted: true };

static ENCODING: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static DECODING: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

/// Packs events; keeps its buffers from one to the next.
pub(crate) struct BodyEncoder {
    compressor: Compressor<'static>,
    options: WriteOptions,
    json_header: Header,
    xml_header: Header,
    text: Vec<u8>,
}

impl BodyEncoder {
    /// An encoder with empty buffers.
    pub(crate) fn new() -> Result<BodyEncoder, StoreError> {
        Ok(BodyEncoder {
            compressor: Compressor::with_prepared_dictionary(&ENCODING)?,
            options: WriteOptions::new(),
            json_header: Header { kind: DocumentKind::Event, ..Header::default() },
            xml_header: Header { schema_version: "2.0".into(), ..Header::default() },
            text: Vec::new(),
        })
    }

    /// The stored form of an event.
    pub(crate) fn encode(&mut self, event: &Event) -> Result<Vec<u8>, StoreError> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let (text, whole) = self.write(Format::JsonLd, &self.json_header, Some(event), text)?;
        self.text = text;
        if whole {
            return self.pack(JSON, JSON_PACKED);
        }
        (self.text, _) = self.write(Format::Xml20, &self.xml_header, Some(event), Vec::new())?;
        self.pack(XML, XML_PACKED)
    }

    /// The stored form of a header: a document without events.
    pub(crate) fn encode_header(&mut self, header: &Header) -> Result<Vec<u8>, StoreError> {
        let (text, whole) = self.write(Format::JsonLd, header, None, Vec::new())?;
        self.text = text;
        if whole {
            return self.pack(JSON, JSON_PACKED);
        }
        (self.text, _) = self.write(Format::Xml20, header, None, Vec::new())?;
        self.pack(XML, XML_PACKED)
    }

    /// Writes a document; false where the form cannot hold it all.
    fn write(
        &self,
        format: Format,
        header: &Header,
        event: Option<&Event>,
        sink: Vec<u8>,
    ) -> Result<(Vec<u8>, bool), StoreError> {
        let unwritable = |error: WriteError| StoreError::Damaged(error.to_string());
        let mut writer = Writer::begin(format, sink, header, self.options.clone()).map_err(unwritable)?;
        if let Some(event) = event {
            writer.event(event).map_err(unwritable)?;
        }
        let (text, losses) = writer.finish(header).map_err(unwritable)?;
        Ok((text, losses.is_empty()))
    }

    fn pack(&mut self, plain: u8, packed: u8) -> Result<Vec<u8>, StoreError> {
        let frame = self.compressor.compress(&self.text)?;
        let (tag, bytes) = if frame.len() < self.text.len() { (packed, &frame) } else { (plain, &self.text) };
        let mut body = Vec::with_capacity(bytes.len() + 1);
        body.push(tag);
        body.extend_from_slice(bytes);
        Ok(body)
    }
}

/// Reads a stored event.
pub(crate) fn decode(body: &[u8]) -> Result<Event, StoreError> {
    let mut defects = Defects::new(false);
    let mut reader = open(body, &mut defects)?;
    let reading = reader.next_event(&mut defects).map_err(damaged)?;
    reading.and_then(|reading| reading.event).ok_or_else(|| {
        let said = defects.kept().first().map_or_else(|| "no event".to_owned(), ToString::to_string);
        StoreError::Damaged(said)
    })
}

/// Reads a stored header.
pub(crate) fn decode_header(body: &[u8]) -> Result<Header, StoreError> {
    let mut defects = Defects::new(false);
    let mut reader = open(body, &mut defects)?;
    while reader.next_event(&mut defects).map_err(damaged)?.is_some() {}
    Ok(reader.header().clone())
}

fn open(body: &[u8], defects: &mut Defects) -> Result<Reader, StoreError> {
    let (_, text) = body_text(body)?;
    Reader::open(Box::new(Cursor::new(text)), OWN, defects).map_err(damaged)
}

fn damaged(defect: Defect) -> StoreError {
    StoreError::Damaged(defect.to_string())
}

/// The text of a stored event, and its form.
pub(crate) fn body_text(body: &[u8]) -> Result<(Format, Vec<u8>), StoreError> {
    let (tag, bytes) = body.split_first().ok_or_else(|| StoreError::Damaged("an empty event".to_owned()))?;
    Ok(match *tag {
        JSON => (Format::JsonLd, bytes.to_vec()),
        JSON_PACKED => (Format::JsonLd, unpack(bytes)?),
        XML => (Format::Xml20, bytes.to_vec()),
        XML_PACKED => (Format::Xml20, unpack(bytes)?),
        other => return Err(StoreError::Damaged(format!("an event packed in an unknown way, {other}"))),
    })
}

fn unpack(frame: &[u8]) -> Result<Vec<u8>, StoreError> {
    let told = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten();
    let size = told.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= MOST_BYTES);
    let size = size.ok_or_else(|| StoreError::Damaged("a packed event without its size".to_owned()))?;
    Ok(Decompressor::with_prepared_dictionary(&DECODING)?.decompress(frame, size)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Action;
    use crate::epcis::Element;
    use crate::epcis::EventTime;
    use crate::epcis::Name;
    use crate::epcis::Node;
    use crate::epcis::Sbdh;
    use crate::epcis::What;
    use crate::epcis::ZoneOffset;
    use crate::gs1::Epc;

    fn event(count: u32) -> Event {
        let epcs = (0..count).map(|n| Epc::parse(&format!("urn:epc:id:sgtin:0614141.012345.{n}"))).collect();
        let what = What::Object { action: Action::Observe, epcs, quantities: vec![] };
        Event::new(EventTime::parse("2024-03-04T06:00:00.000-05:00").unwrap(), ZoneOffset::UTC, what)
    }

    #[test]
    fn an_event_comes_back_and_takes_little_room() {
        let mut encoder = BodyEncoder::new().unwrap();
        for count in [1, 1_000] {
            let event = event(count);
            let body = encoder.encode(&event).unwrap();
            assert_eq!(decode(&body).unwrap(), event);
            let (format, text) = body_text(&body).unwrap();
            assert_eq!(format, Format::JsonLd);
            assert!(body.len() * 2 < text.len(), "{count}: {} of {}", body.len(), text.len());
        }
    }

    #[test]
    fn what_json_cannot_hold_comes_back_too() {
        let mut odd = event(1);
        let mixed = Name::new("https://example.com/ns", "mixed");
        let mut element = Element::new(mixed.clone(), "ex");
        element.children = vec![
            Node::Text("a".into()),
            Node::Element(Element::with_text(mixed, "ex", "b")),
            Node::Text("c".into()),
        ];
        odd.extensions.push(element);
        let header = Header { creation_date: "2024-03-04T06:00:00Z".into(), ..Header::default() };
        let mut encoder = BodyEncoder::new().unwrap();
        assert_eq!(decode(&encoder.encode(&odd).unwrap()).unwrap(), odd);
        let sent = Header {
            sbdh: Some(Sbdh::from_parts("0614141000012", "", "42", "2024-03-04T06:00:00Z")),
            ..header
        };
        assert_eq!(decode_header(&encoder.encode_header(&sent).unwrap()).unwrap().sbdh, sent.sbdh);
    }

    #[test]
    fn what_rules_of_today_would_refuse_comes_back() {
        let mut bare = event(0);
        let mut encoder = BodyEncoder::new().unwrap();
        assert_eq!(decode(&encoder.encode(&bare).unwrap()).unwrap(), bare);
        bare.what = What::Object {
            action: Action::Observe,
            epcs: vec![Epc::parse("urn:epc:id:sgtin:1.2.3"), Epc::parse("no URI"), Epc::parse("no URI")],
            quantities: vec![],
        };
        let mut odd = Element::new(Name::new("https://example.com/ns", "deep"), "ex");
        for _ in 0..95 {
            let mut outer = Element::new(Name::new("https://example.com/ns", "deep"), "ex");
            outer.children = vec![Node::Text("a".into()), Node::Element(odd)];
            odd = outer;
        }
        bare.extensions.push(odd);
        assert_eq!(decode(&encoder.encode(&bare).unwrap()).unwrap(), bare);
        let xml = encoder.write(Format::Xml20, &encoder.xml_header, Some(&bare), Vec::new()).unwrap().0;
        encoder.text = xml;
        assert_eq!(decode(&encoder.pack(XML, XML_PACKED).unwrap()).unwrap(), bare);
    }

    #[test]
    fn a_damaged_body_is_told() {
        let sound = BodyEncoder::new().unwrap().encode(&event(3)).unwrap();
        for body in [&[][..], &[9, 1, 2], &sound[..sound.len() / 2], &[JSON, b'{'], &[JSON_PACKED, 0, 0]] {
            assert!(matches!(decode(body), Err(StoreError::Damaged(_) | StoreError::Io(_))), "{body:?}");
        }
    }
}
