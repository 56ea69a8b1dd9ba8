//! The reading half of a capture: events are read, hashed and packed into batches on a thread of their own.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;

use chrono::DateTime;
use chrono::Utc;

use crate::capture::prefixes::SeenPrefixes;
use crate::capture::syntax;
use crate::dscsa::RuleOverrides;
use crate::epcis::CaptureDefect;
use crate::epcis::Event;
use crate::epcis::Header;
use crate::epcis::event_id::EventHasher;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Input;
use crate::formats::Place;
use crate::formats::ReadOptions;
use crate::formats::Reader;
use crate::formats::Reading;
use crate::formats::Syntax;
use crate::reconcile;
use crate::reconcile::Examination;
use crate::reconcile::Examined;
use crate::reconcile::ReconcileError;
use crate::store::Batch;
use crate::store::Store;
use crate::store::StoreError;

/// What the reading half hands over.
pub(super) enum Piece {
    /// What stands before the events.
    Header(Box<Header>, Syntax),
    /// Events made ready, and where each stands.
    Events(Box<Batch>, Vec<(u64, Place)>),
    /// All has been read.
    End(Box<Ending>),
    /// The batch could not be packed.
    Failed(StoreError),
}

/// What is known at the end.
pub(super) struct Ending {
    /// The header, complete now; `None` where not even that could be read.
    pub(super) header: Option<Box<Header>>,
    /// Events read, sound or not.
    pub(super) read: u64,
    /// What was wrong.
    pub(super) defects: Vec<CaptureDefect>,
    /// True where one of the defects is an error, kept or not.
    pub(super) erroneous: bool,
    /// True where the document is refused whole, whatever was asked.
    pub(super) refused: bool,
    /// Company prefixes seen in URNs.
    pub(super) prefixes: Vec<Box<str>>,
    /// What was found in it, and what its events say of each item; `None` where nobody keeps a ledger.
    pub(super) examined: Option<Result<Examined, ReconcileError>>,
}

/// How far to read.
pub(super) struct Terms<'a> {
    /// Set by either half as soon as nothing of the document will be kept; then it is only read for its defects.
    pub(super) hopeless: &'a AtomicBool,
    /// Set by the other half when it has ended, so that nobody wants to know any more.
    pub(super) abandoned: &'a AtomicBool,
    /// True where one error makes it so.
    pub(super) rollback: bool,
    /// The most events it may have.
    pub(super) most_events: Option<u64>,
    /// By what the document is judged for the ledger; `None` where none is kept.
    pub(super) ledger: Option<Judging<'a>>,
}

/// By what a document is judged.
pub(super) struct Judging<'a> {
    /// What is known of partners and products.
    pub(super) store: &'a Store,
    /// Severities.
    pub(super) overrides: &'a RuleOverrides,
    /// The time.
    pub(super) now: DateTime<Utc>,
}

/// Both ends of the belt that carries batches to the store and empty ones back: what is in memory is bounded by them.
pub(super) struct Belt {
    pub(super) pieces: SyncSender<Piece>,
    pub(super) empty: Receiver<Batch>,
}

/// Reads a document to its end, or until the other half has gone.
pub(super) fn read(input: Box<dyn Input>, terms: &Terms<'_>, belt: &Belt) {
    let mut defects = Defects::new(false);
    let last = match Reader::open(input, ReadOptions::default(), &mut defects) {
        Ok(reader) => match read_events(reader, terms, belt, &mut defects) {
            Ok(ending) => Piece::End(Box::new(ending)),
            Err(Halt::Failed(error)) => Piece::Failed(error),
            Err(Halt::Gone) => return,
        },
        Err(defect) => {
            defects.add(defect);
            Piece::End(Box::new(Ending::new(None, 0, &defects)))
        }
    };
    // Where nobody takes it, the other half failed and says so itself.
    let _ = belt.pieces.send(last);
}

/// Why reading ends before the document does.
enum Halt {
    Gone,
    Failed(StoreError),
}

fn read_events(
    mut reader: Reader,
    terms: &Terms<'_>,
    belt: &Belt,
    defects: &mut Defects,
) -> Result<Ending, Halt> {
    belt.send(Piece::Header(Box::new(reader.header().clone()), syntax(&reader)))?;
    let mut packing = Packing::new(belt)?;
    if let Some(judging) = &terms.ledger {
        let options = reconcile::options(judging.store, judging.overrides, reader.header(), judging.now);
        packing.examination = Some(Examination::new(options.map_err(Halt::Failed)?, reader.header()));
    }
    let (mut read, mut too_many) = (0, false);
    loop {
        if terms.abandoned.load(Ordering::Relaxed) {
            return Err(Halt::Gone);
        }
        match reader.next_event(defects) {
            Ok(Some(reading)) => {
                read += 1;
                too_many = terms.most_events.is_some_and(|most| read > most);
                if too_many {
                    defects.add(over_limit(&reading, read - 1));
                } else if let Some(event) = &reading.event
                    && terms.are_hopeful(defects)
                {
                    packing.add(&reading, event)?;
                } else if let Some(examination) = &mut packing.examination {
                    examination.refused();
                }
            }
            Ok(None) => break,
            Err(defect) => {
                defects.add(defect);
                break;
            }
        }
        if too_many || (!terms.are_hopeful(defects) && defects.errors() >= Defects::KEPT as u64) {
            break;
        }
    }
    if terms.are_hopeful(defects) && !too_many {
        packing.hand_over()?;
    }
    let mut ending = Ending::new(Some(Box::new(reader.header().clone())), read, defects);
    ending.refused = too_many;
    ending.prefixes = packing.prefixes.into_seen();
    ending.examined = packing.examination.map(|examination| examination.finish(reader.header()));
    Ok(ending)
}

impl Ending {
    fn new(header: Option<Box<Header>>, read: u64, defects: &Defects) -> Ending {
        Ending {
            refused: header.is_none(),
            header,
            read,
            defects: defects.kept().iter().map(CaptureDefect::from).collect(),
            erroneous: defects.errors() > 0,
            prefixes: Vec::new(),
            examined: None,
        }
    }
}

impl Terms<'_> {
    /// True as long as something of the document may be kept.
    fn are_hopeful(&self, defects: &Defects) -> bool {
        if self.rollback && defects.errors() > 0 {
            self.hopeless.store(true, Ordering::Relaxed);
        }
        !self.hopeless.load(Ordering::Relaxed)
    }
}

impl Belt {
    fn send(&self, piece: Piece) -> Result<(), Halt> {
        self.pieces.send(piece).map_err(|_| Halt::Gone)
    }

    fn empty_batch(&self) -> Result<Batch, Halt> {
        self.empty.recv().map_err(|_| Halt::Gone)
    }
}

/// The batch being filled.
struct Packing<'a> {
    belt: &'a Belt,
    batch: Batch,
    places: Vec<(u64, Place)>,
    hasher: EventHasher,
    prefixes: SeenPrefixes,
    examination: Option<Examination>,
}

impl Packing<'_> {
    fn new(belt: &Belt) -> Result<Packing<'_>, Halt> {
        Ok(Packing {
            belt,
            batch: belt.empty_batch()?,
            places: Vec::new(),
            hasher: EventHasher::new(),
            prefixes: SeenPrefixes::new(),
            examination: None,
        })
    }

    fn add(&mut self, reading: &Reading, event: &Event) -> Result<(), Halt> {
        let hash = self.hasher.digest(event);
        self.batch.push(reading.index, event, &hash).map_err(Halt::Failed)?;
        if let Some(examination) = &mut self.examination {
            examination.event(reading.index, event, &hash);
        }
        self.prefixes.look(event);
        self.places.push((reading.index, reading.place));
        if self.batch.is_full() { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), Halt> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let next = self.belt.empty_batch()?;
        let full = std::mem::replace(&mut self.batch, next);
        self.belt.send(Piece::Events(Box::new(full), std::mem::take(&mut self.places)))
    }
}

fn over_limit(reading: &Reading, most: u64) -> Defect {
    Fault::error(
        "capture-limit",
        format!("the document has more than {most} events, which is the limit here"),
        "split it into smaller documents",
    )
    .at(reading.place, "")
    .in_event(reading.index)
}
