//! `epcgate hash`: the event hash IDs of a document.

use std::io::BufWriter;
use std::io::Cursor;
use std::io::Stdout;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::cli::Outcome;
use crate::cli::in_order::InOrder;
use crate::cli::in_order::Piece;
use crate::cli::source::Source;
use crate::epcis::Event;
use crate::epcis::event_id::EventHasher;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::ReadOptions;
use crate::formats::Reader;
use crate::formats::Reading;
use crate::formats::xml::Parts;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The document; `-` is standard input
    file: PathBuf,
    /// Print the string that is hashed instead of the hash
    #[arg(long)]
    prehash: bool,
}

/// Threads that hash at most.
const MOST_HASHERS: usize = 8;
/// EPCs that a thread reads at a time where only one can read, an event counting as some.
const LOAD: usize = 4_096;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let source = Source::open(&arguments.file)?;
    let mut defects = Defects::new(false);
    let unreadable = |error| anyhow::anyhow!("{}:{error}", source.name);
    let open = |input, defects: &mut Defects| Reader::open(input, ReadOptions::default(), defects);
    let reader = open(source.input()?, &mut defects).map_err(unreadable)?;
    let parts = reader.divide(source.input_with_progress("hashing")?)?;
    let divided = parts.map(|parts| hash_parts(parts, arguments.prehash)).transpose()?;
    if let Some(Divided { broken: false, refused, .. }) = divided {
        return Ok(outcome(refused || defects.errors() > 0));
    }
    let printed = divided.map_or(0, |divided| divided.printed);
    // In one piece: the order in which it is read says where reading fails.
    let mut defects = Defects::new(false);
    let reader = open(source.input_with_progress("hashing")?, &mut defects).map_err(unreadable)?;
    let whole = Whole { reader, defects, number: 0, printed, failed: None };
    let whole = hash_whole(whole, arguments.prehash)?;
    match whole.failed {
        Some(defect) => Err(unreadable(defect)),
        None => Ok(outcome(whole.defects.errors() > 0)),
    }
}

fn outcome(errors: bool) -> Outcome {
    if errors { Outcome::Errors } else { Outcome::Clean }
}

/// Standard output, for pieces in their order.
fn output() -> InOrder<BufWriter<Stdout>> {
    InOrder::new(BufWriter::with_capacity(1 << 16, std::io::stdout()))
}

/// Runs the same work on all processors and gives what each says at its end.
fn on_all<T: Send>(work: impl Fn() -> std::io::Result<T> + Sync) -> std::io::Result<Vec<T>> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_HASHERS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended.map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// What came of reading a document in parts.
struct Divided {
    /// How many events were printed.
    printed: u64,
    /// True where a part behind them did not read.
    broken: bool,
    /// True where an event was refused.
    refused: bool,
}

/// Reads and hashes the parts of a document on all processors.
fn hash_parts(parts: Parts, prehash: bool) -> anyhow::Result<Divided> {
    let order = output();
    let parts = Mutex::new((0, parts));
    let refused = on_all(|| {
        let _watch = order.watch();
        let mut hashing = Hashing::new(prehash);
        let mut defects = Defects::new(false);
        loop {
            let (number, part) = {
                let (next, parts) = &mut *parts.lock().unwrap_or_else(PoisonError::into_inner);
                *next += 1;
                (*next - 1, parts.next_part())
            };
            let piece = match part {
                Ok(None) => break,
                Ok(Some(part)) => hashing.part(part, &mut defects),
                Err(_) => None,
            };
            if !order.put(number, piece)? {
                break;
            }
        }
        Ok(defects.errors() > 0)
    })?;
    let (_, printed, broken) = order.end()?;
    Ok(Divided { printed, broken, refused: refused.contains(&true) })
}

/// A document that one thread at a time reads.
struct Whole {
    reader: Reader,
    defects: Defects,
    /// Of the next load.
    number: u64,
    /// How many of the first events were printed before.
    printed: u64,
    failed: Option<Defect>,
}

/// Hashes a document on all processors, of which one at a time reads.
fn hash_whole(whole: Whole, prehash: bool) -> anyhow::Result<Whole> {
    let order = output();
    let whole = Mutex::new(whole);
    on_all(|| {
        let _watch = order.watch();
        let mut hashing = Hashing::new(prehash);
        loop {
            let load = whole.lock().unwrap_or_else(PoisonError::into_inner).load();
            let Some((number, events)) = load else { return Ok(()) };
            let mut piece = Piece { text: String::new(), events: 0 };
            for event in &events {
                hashing.line(event.as_ref(), &mut piece);
            }
            if !order.put(number, Some(piece))? {
                return Ok(());
            }
        }
    })?;
    order.end()?;
    Ok(whole.into_inner().unwrap_or_else(PoisonError::into_inner))
}

impl Whole {
    /// The next events with the number of their load, `None` for one that was refused; nothing behind the last.
    fn load(&mut self) -> Option<(u64, Vec<Option<Event>>)> {
        let (mut events, mut weight) = (Vec::new(), 0);
        while weight < LOAD && self.failed.is_none() {
            match self.reader.next_event(&mut self.defects) {
                Ok(Some(Reading { index, .. })) if index < self.printed => {}
                Ok(Some(Reading { event, .. })) => {
                    weight += 16 + event.as_ref().map_or(0, |event| event.what.epcs().len());
                    events.push(event);
                }
                Ok(None) => break,
                Err(defect) => self.failed = Some(defect),
            }
        }
        self.number += 1;
        (!events.is_empty()).then_some((self.number - 1, events))
    }
}

/// What hashes one event after the other.
struct Hashing {
    hasher: EventHasher,
    prehash: bool,
}

impl Hashing {
    fn new(prehash: bool) -> Hashing {
        Hashing { hasher: EventHasher::new(), prehash }
    }

    /// Reads and hashes a document; `None` where it cannot be read to its end.
    fn part(&mut self, part: Vec<u8>, defects: &mut Defects) -> Option<Piece> {
        let mut piece = Piece { text: String::new(), events: 0 };
        let mut reader = Reader::open(Box::new(Cursor::new(part)), ReadOptions::default(), defects).ok()?;
        while let Some(reading) = reader.next_event(defects).ok()? {
            self.line(reading.event.as_ref(), &mut piece);
        }
        Some(piece)
    }

    /// Adds the line of one event.
    fn line(&mut self, event: Option<&Event>, piece: &mut Piece) {
        match event {
            Some(event) if self.prehash => piece.text.push_str(self.hasher.pre_hash(event)),
            Some(event) => piece.text.push_str(&self.hasher.id(event)),
            None => piece.text.push_str("error: this event was refused; epcgate check says why"),
        }
        piece.text.push('\n');
        piece.events += 1;
    }
}
