//! Items of a document on their way into the ledger: written on a thread of their own while the next ones are gathered, and
//! judged by the rules once it is known what the ledger knew before.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::channel;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::thread::Scope;

use crate::reconcile::docket::Book;
use crate::reconcile::docket::Docket;
use crate::reconcile::docket::Line;
use crate::reconcile::docket::Mark;
use crate::reconcile::docket::MarkKind;
use crate::reconcile::ledger::ReconcileError;
use crate::reconcile::rules;
use crate::reconcile::rules::Found;
use crate::reconcile::shipping::ShippedUnits;
use crate::reconcile::trail::Trail;
use crate::store::EventTimes;
use crate::store::ItemFacts;
use crate::store::ItemRow;
use crate::store::Store;
use crate::store::StoreError;

/// Items brought into the ledger in one short transaction.
pub(super) const BATCH: usize = 10_000;

/// How many batches pass between two renewals of the right to reconcile a document.
const RENEWED_AFTER: usize = 10;

/// Batches handed to the writing thread and not yet judged: one is written while another waits.
const UNDER_WAY: usize = 2;

/// What is known once all items of a document are in the ledger.
pub(super) struct Merged<'a> {
    /// The units that went with its shipments.
    pub(super) units: ShippedUnits<'a>,
    /// What the rules found.
    pub(super) found: Found,
    /// Containers that the ledger knew before.
    pub(super) known_before: HashSet<u32>,
}

/// Brings all items of a document into the ledger, and has the rules look at each; `lots` are the numbers of the docket's
/// lots, and `found` is added to.
pub(super) fn merge<'a>(
    store: &'a Store,
    document: i64,
    docket: &mut Docket,
    (lots, found): (Vec<i64>, Found),
) -> Result<Merged<'a>, ReconcileError> {
    let units = ShippedUnits::new(store, docket.book());
    let merged = Merged { units, found, known_before: HashSet::new() };
    thread::scope(|scope| {
        let mut merging = Merging {
            scope,
            store,
            document,
            lots,
            merged,
            gathered: Gathered::default(),
            writer: None,
            under_way: VecDeque::new(),
        };
        docket.visit(|book, line| merging.add(book, line))?;
        merging.finish(docket.book())
    })
}

/// What the trail of an item says for the ledger.
pub(super) fn facts(trail: &Trail<'_>, lot: Option<i64>) -> ItemFacts {
    let mut facts = ItemFacts { key: trail.key.to_owned(), lot, ..ItemFacts::default() };
    let mut packed = None;
    for mark in trail.marks {
        let fact = Some(trail.book.fact(mark.event));
        facts.moved = facts.moved.max(fact);
        match mark.kind {
            MarkKind::Commissioned => facts.commissioned = facts.commissioned.or(fact),
            MarkKind::Packed | MarkKind::Unpacked => packed = Some(mark),
            MarkKind::Shipped => facts.shipped = facts.shipped.max(fact),
            MarkKind::Ended | MarkKind::Dispensed => facts.ended = facts.ended.max(fact),
            MarkKind::Emptied => facts.emptied = facts.emptied.max(fact),
            MarkKind::Filled | MarkKind::Received | MarkKind::Recalled | MarkKind::Seen => {}
        }
    }
    facts.packed = packed.map(|mark| {
        let container = trail.book.containers.key(mark.reference);
        (trail.book.fact(mark.event), (mark.kind == MarkKind::Packed).then(|| container.to_owned()))
    });
    facts
}

struct Merging<'scope, 'env, 'a> {
    scope: &'scope Scope<'scope, 'env>,
    store: &'a Store,
    document: i64,
    lots: Vec<i64>,
    merged: Merged<'a>,
    gathered: Gathered,
    /// Begun with the first full batch, so that a small document costs no thread.
    writer: Option<Writer>,
    under_way: VecDeque<Lines>,
}

/// A batch of items being filled.
#[derive(Default)]
struct Gathered {
    facts: Vec<ItemFacts>,
    lines: Lines,
}

/// What the docket says of the items of a batch, in their order.
#[derive(Default)]
struct Lines {
    containers: Vec<Option<u32>>,
    marks: Vec<Mark>,
    /// Where the marks of each end.
    ends: Vec<usize>,
}

/// Facts that are in the ledger, and the rows that they met there.
type Written = (Vec<ItemFacts>, Vec<Option<ItemRow>>);

/// Both ends of the thread that writes; it ends when nobody sends any more.
struct Writer {
    facts: SyncSender<Vec<ItemFacts>>,
    written: Receiver<Result<Written, StoreError>>,
}

impl<'scope, 'a: 'scope> Merging<'scope, '_, 'a> {
    fn add(&mut self, book: &Book, line: Line<'_>) -> Result<(), ReconcileError> {
        if line.marks.is_empty() {
            return Ok(());
        }
        let trail = Trail::of(book, line);
        let lot = trail.commissioned().and_then(|mark| self.lots.get(mark.reference as usize)).copied();
        self.gathered.facts.push(facts(&trail, lot));
        self.gathered.lines.add(line);
        if self.gathered.facts.len() >= BATCH { self.hand_over(book) } else { Ok(()) }
    }

    fn hand_over(&mut self, book: &Book) -> Result<(), ReconcileError> {
        if self.under_way.len() >= UNDER_WAY {
            self.take_written(book)?;
        }
        let Gathered { facts, lines } = std::mem::take(&mut self.gathered);
        let (scope, store, document) = (self.scope, self.store, self.document);
        let writer = self.writer.get_or_insert_with(|| Writer::start(scope, store, document));
        self.under_way.push_back(lines);
        Ok(writer.facts.send(facts).map_err(|_| ended_early())?)
    }

    /// Waits for the oldest batch under way, and judges its items.
    fn take_written(&mut self, book: &Book) -> Result<(), ReconcileError> {
        let (Some(writer), Some(lines)) = (&self.writer, self.under_way.pop_front()) else { return Ok(()) };
        let written = writer.written.recv().map_err(|_| ended_early())??;
        self.merged.judge(book, &written, &lines)
    }

    fn finish(mut self, book: &Book) -> Result<Merged<'a>, ReconcileError> {
        if self.writer.is_some() {
            self.hand_over(book)?;
            while !self.under_way.is_empty() {
                self.take_written(book)?;
            }
        } else {
            let Gathered { facts, lines } = self.gathered;
            let before = self.store.merge_items(&facts, &mut EventTimes::default())?;
            self.merged.judge(book, &(facts, before), &lines)?;
        }
        Ok(self.merged)
    }
}

impl Lines {
    fn add(&mut self, line: Line<'_>) {
        self.containers.push(line.container);
        self.marks.extend_from_slice(line.marks);
        self.ends.push(self.marks.len());
    }
}

impl Writer {
    fn start<'scope>(scope: &'scope Scope<'scope, '_>, store: &'scope Store, document: i64) -> Writer {
        let (facts, arriving) = sync_channel(UNDER_WAY);
        let (leaving, written) = channel();
        scope.spawn(move || write(store, document, &arriving, &leaving));
        Writer { facts, written }
    }
}

/// Writes batches of items as they come.
fn write(
    store: &Store,
    document: i64,
    arriving: &Receiver<Vec<ItemFacts>>,
    leaving: &Sender<Result<Written, StoreError>>,
) {
    let mut times = EventTimes::default();
    for (number, facts) in (1..).zip(arriving) {
        let before = store.merge_items(&facts, &mut times);
        let renewed = match usize::is_multiple_of(number, RENEWED_AFTER) {
            true => store.renew_reconciling(document),
            false => Ok(()),
        };
        let written = renewed.and(before).map(|before| (facts, before));
        // Whoever waits for it no longer has failed.
        if leaving.send(written).is_err() {
            return;
        }
    }
}

fn ended_early() -> StoreError {
    StoreError::Damaged("the writer of the ledger ended early".to_owned())
}

impl Merged<'_> {
    fn judge(&mut self, book: &Book, (facts, before): &Written, lines: &Lines) -> Result<(), ReconcileError> {
        let mut from = 0;
        for ((facts, prior), (container, end)) in
            facts.iter().zip(before).zip(lines.containers.iter().zip(&lines.ends))
        {
            let marks = lines.marks.get(from..*end).unwrap_or_default();
            from = *end;
            if let (Some(container), Some(_)) = (container, prior) {
                self.known_before.insert(*container);
            }
            let line = Line { key: &facts.key, container: *container, marks };
            let trail = Trail::of(book, line).after(prior.as_ref());
            self.units.add(&trail, facts.lot)?;
            rules::check_item(&trail, &mut self.found);
        }
        Ok(())
    }
}
