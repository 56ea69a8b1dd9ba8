//! Events as an answer: an `EPCISQueryDocument` in the form asked for, sent while it is being written.

use std::io;
use std::io::Write;

use actix_web::HttpResponse;
use actix_web::HttpResponseBuilder;
use actix_web::http::header::HeaderValue;
use actix_web::http::header::WARNING;
use actix_web::web;
use actix_web::web::Bytes;
use actix_web::web::Data;
use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::api::negotiation::Wanted;
use crate::api::prefixes::Prefixes;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::epcis::DocumentKind;
use crate::epcis::Event;
use crate::epcis::Header;
use crate::epcis::QueryResultsHead;
use crate::epcis::What;
use crate::formats::EpcStyle;
use crate::formats::Format;
use crate::formats::Loss;
use crate::formats::WriteError;
use crate::formats::WriteOptions;
use crate::formats::Writer;
use crate::gs1::Epc;

/// How much is sent at a time.
const CHUNK: usize = 64 << 10;

/// Chunks that wait for a slow client.
const WAITING: usize = 4;

/// What an answer holds.
pub struct Content {
    /// The events.
    pub events: Vec<Event>,
    /// `DocumentKind::QueryDocument`, or `DocumentKind::Event` for one event alone.
    pub kind: DocumentKind,
    /// `creationDate`.
    pub now: DateTime<Utc>,
}

/// Answers with events. What fails within the first 64 KiB has a status of its own; what fails later cuts the answer off.
///
/// What the form asked for cannot hold is told in a `Warning` header (RFC 7234 §5.5, code 199): how much, and the first of
/// it. That is known of every answer in EPCIS 1.2, and of others up to 64 KiB.
pub async fn answer(
    mut response: HttpResponseBuilder,
    content: Content,
    wanted: Wanted,
    prefixes: Data<Prefixes>,
) -> Result<HttpResponse, Problem> {
    let version = wanted.format.epcis_version();
    response
        .content_type(wanted.media_type)
        .insert_header(("GS1-EPCIS-Version", format!("{version}.0")))
        .insert_header(("GS1-CBV-Version", format!("{version}.0")));
    let (sender, mut chunks) = mpsc::channel(WAITING);
    let (told, mut lost) = oneshot::channel();
    let writing =
        web::block(move || write(&content, wanted, &prefixes, Sending { sender, told: Some(told) }));
    let Some(first) = chunks.recv().await else {
        writing.await?;
        return Err(Problem::internal(&"nothing was written"));
    };
    let first = first?;
    let second = chunks.recv().await;
    if let Ok(warning) = lost.try_recv() {
        response.insert_header((WARNING, warning));
    }
    Ok(match second {
        None => response.body(first),
        Some(second) => {
            let begun = stream::iter([Ok(first), second]);
            let rest = stream::poll_fn(move |context| chunks.poll_recv(context));
            response.streaming(begun.chain(rest))
        }
    })
}

/// Where an answer goes: its chunks, and before the last of them, or before the first, what it does not hold.
struct Sending {
    sender: mpsc::Sender<Result<Bytes, Problem>>,
    told: Option<oneshot::Sender<HeaderValue>>,
}

impl Sending {
    fn tell(&mut self, losses: &[Loss], format: Format) {
        let Some(first) = losses.first() else { return };
        let losses = losses.len();
        tracing::warn!(losses, format = format.name(), "an answer does not hold all of its events");
        let event = first.event.map(|event| format!("event {event}, ")).unwrap_or_default();
        let text = format!(
            "{losses} values have no place in {}; the first: {event}{}: {}",
            format.name(),
            first.path,
            first.what
        );
        let text: String =
            text.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).take(500).collect();
        let text = text.replace(['"', '\\'], "'");
        // Where the answer has begun there is nobody to tell.
        if let (Some(told), Ok(value)) =
            (self.told.take(), HeaderValue::from_str(&format!("199 epcgate \"{text}\"")))
        {
            let _ = told.send(value);
        }
    }
}

fn write(content: &Content, wanted: Wanted, prefixes: &Prefixes, mut sending: Sending) {
    if let Err(problem) = options(content, wanted, prefixes)
        .and_then(|options| write_to(&mut sending, content, wanted.format, options).map_err(failed))
    {
        // A client that has gone does not hear it.
        let _ = sending.sender.blocking_send(Err(problem));
    }
}

fn failed(error: WriteError) -> Problem {
    match error {
        WriteError::Identifier(malformed) => Problem::new(
            Failure::NotAcceptable,
            format!(
                "an identifier cannot be spelt as GS1-EPC-Format asks: {malformed}; ask for Never_Translates"
            ),
        ),
        WriteError::Io(error) => Problem::internal(&error),
    }
}

fn options(content: &Content, wanted: Wanted, prefixes: &Prefixes) -> Result<WriteOptions, Problem> {
    let mut options = WriteOptions { epcs: wanted.epcs, words: wanted.words, ..WriteOptions::new() };
    if options.epcs == EpcStyle::Urn {
        options.prefixes = prefixes.current()?;
    }
    if !wanted.epcs_asked && !translates(&content.events, &options) {
        options.epcs = EpcStyle::AsSent;
    }
    Ok(options)
}

fn write_to(
    sending: &mut Sending,
    content: &Content,
    format: Format,
    options: WriteOptions,
) -> Result<(), WriteError> {
    let header = header(content, format);
    if format == Format::Xml12 {
        // The form that has no place for much: written twice, so that the client is told before the first byte.
        let (_, losses) = written(io::sink(), content, format, (&header, options.clone()))?;
        sending.tell(&losses, format);
    }
    let chunks = Chunks { sender: sending.sender.clone(), gathered: Vec::with_capacity(CHUNK) };
    let (mut chunks, losses) = written(chunks, content, format, (&header, options))?;
    if format != Format::Xml12 {
        sending.tell(&losses, format);
    }
    chunks.send().map_err(WriteError::Io)
}

fn written<W: Write>(
    sink: W,
    content: &Content,
    format: Format,
    (header, options): (&Header, WriteOptions),
) -> Result<(W, Vec<Loss>), WriteError> {
    let mut writer = Writer::begin(format, sink, header, options)?;
    for event in &content.events {
        writer.event(event)?;
    }
    writer.finish(header)
}

fn header(content: &Content, format: Format) -> Header {
    Header {
        kind: content.kind,
        schema_version: format.epcis_version().into(),
        creation_date: content.now.to_rfc3339_opts(SecondsFormat::Millis, true).into(),
        query_results: (content.kind == DocumentKind::QueryDocument)
            .then(|| QueryResultsHead { query_name: "SimpleEventQuery".into(), subscription_id: None }),
        ..Header::default()
    }
}

/// True where every identifier can be spelt so; otherwise a client that did not ask gets them as they were sent.
fn translates(events: &[Event], options: &WriteOptions) -> bool {
    let spelt = |epc: &Epc| options.epc(epc).is_ok();
    events.iter().all(|event| {
        let transformed = match &event.what {
            What::Transformation { input_epcs, output_epcs, input_quantities, output_quantities, .. } => {
                input_epcs.iter().chain(output_epcs).all(spelt)
                    && input_quantities
                        .iter()
                        .chain(output_quantities)
                        .all(|quantity| spelt(&quantity.epc_class))
            }
            _ => true,
        };
        transformed
            && event.what.epcs().iter().chain(event.what.parent()).all(spelt)
            && event.what.quantities().iter().all(|quantity| spelt(&quantity.epc_class))
            && [&event.read_point, &event.biz_location].into_iter().flatten().all(|place| spelt(&place.id))
            && event.sources.iter().chain(&event.destinations).all(|party| spelt(&party.id))
    })
}

/// Hands what is written over in chunks, and waits where the client is slow.
struct Chunks {
    sender: mpsc::Sender<Result<Bytes, Problem>>,
    gathered: Vec<u8>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        let chunk = Bytes::from(std::mem::replace(&mut self.gathered, Vec::with_capacity(CHUNK)));
        self.sender.blocking_send(Ok(chunk)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= CHUNK {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
