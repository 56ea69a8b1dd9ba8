//! The spool: facts by the hundred million, sorted by item, in bounded memory; what does not fit goes to a temporary file.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;

use crate::reconcile::docket::classes::Classes;
use crate::reconcile::docket::roll::Roll;

/// Bytes of facts in memory before they are written out, sorted.
const RUN_BYTES: usize = 8 << 20;

/// Bytes of each run held in memory while runs are merged.
const READ_BYTES: usize = 32 << 10;

/// What one event says of one item, in the shortest form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Place of the event among those of the docket.
    pub(crate) event: u32,
    /// What happened.
    pub(crate) kind: MarkKind,
    /// Lot, container or shipment, by kind.
    pub(crate) reference: u32,
}

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum MarkKind {
    /// Came to be; the reference is a lot.
    Commissioned = 0,
    /// Went into the container of the reference.
    Packed = 1,
    /// Came out of the container of the reference.
    Unpacked = 2,
    /// Something went into it.
    Filled = 3,
    /// All that was in it came out.
    Emptied = 4,
    /// Was shipped with the shipment of the reference.
    Shipped = 5,
    /// Was received.
    Received = 6,
    /// Its shipping was taken back.
    Recalled = 7,
    /// Was dispensed.
    Dispensed = 8,
    /// Was decommissioned, destroyed or used up.
    Ended = 9,
    /// Was seen.
    Seen = 10,
}

impl MarkKind {
    const ALL: [MarkKind; 11] = [
        MarkKind::Commissioned,
        MarkKind::Packed,
        MarkKind::Unpacked,
        MarkKind::Filled,
        MarkKind::Emptied,
        MarkKind::Shipped,
        MarkKind::Received,
        MarkKind::Recalled,
        MarkKind::Dispensed,
        MarkKind::Ended,
        MarkKind::Seen,
    ];
}

/// Bytes of a mark in a file: kind, event, reference.
pub(super) const MARK_BYTES: usize = 1 + 4 + 4;

impl Mark {
    /// As it is written to a file.
    pub(super) fn to_bytes(self) -> [u8; MARK_BYTES] {
        let ([e0, e1, e2, e3], [r0, r1, r2, r3]) = (self.event.to_le_bytes(), self.reference.to_le_bytes());
        [self.kind as u8, e0, e1, e2, e3, r0, r1, r2, r3]
    }

    /// As it was written to a file.
    pub(super) fn of_bytes([kind, e0, e1, e2, e3, r0, r1, r2, r3]: [u8; MARK_BYTES]) -> Mark {
        Mark {
            event: u32::from_le_bytes([e0, e1, e2, e3]),
            kind: MarkKind::ALL.get(usize::from(kind)).copied().unwrap_or(MarkKind::Seen),
            reference: u32::from_le_bytes([r0, r1, r2, r3]),
        }
    }
}

/// Bytes of a record before its serial: class, length, mark.
const HEAD: usize = 4 + 2 + MARK_BYTES;

#[derive(Clone, Copy, Debug)]
struct Entry {
    class: u32,
    at: u32,
    length: u16,
    mark: Mark,
    /// The first eight bytes of the serial, for quick comparison.
    head: u64,
}

/// Facts of many items, brought in any order and visited item by item.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    serials: Vec<u8>,
    entries: Vec<Entry>,
    runs: Vec<(u64, u64)>,
    file: Option<File>,
    sorted: bool,
    /// What stood in the runs, once all of it is there and in order.
    roll: Option<Roll>,
}

impl Spool {
    /// Adds a fact of the item of this class and serial.
    pub(crate) fn push(&mut self, classes: &Classes, class: u32, serial: &str, mark: Mark) -> io::Result<()> {
        if self.serials.len() + self.entries.len() * size_of::<Entry>() > RUN_BYTES {
            self.spill(classes)?;
        }
        let bytes = serial.as_bytes();
        let bytes = bytes.get(..bytes.len().min(usize::from(u16::MAX))).unwrap_or_default();
        self.entries.push(Entry {
            class,
            at: u32::try_from(self.serials.len()).unwrap_or(u32::MAX),
            length: u16::try_from(bytes.len()).unwrap_or(u16::MAX),
            mark,
            head: head(bytes),
        });
        self.serials.extend_from_slice(bytes);
        self.sorted = false;
        Ok(())
    }

    /// Puts all that was added in order, so that it can be visited more than once for little; nothing is added any more.
    pub(crate) fn settle(&mut self, classes: &Classes) -> io::Result<()> {
        if self.runs.is_empty() {
            self.sort(classes);
            return Ok(());
        }
        let roll = Roll::of(|write| self.visit(classes, write))?;
        *self = Spool { roll: Some(roll), ..Spool::default() };
        Ok(())
    }

    /// Visits every item with its facts, in the order of keys and, within an item, of events.
    pub(crate) fn visit<E: From<io::Error>>(
        &mut self,
        classes: &Classes,
        mut each: impl FnMut(u32, &str, &[Mark]) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(roll) = &mut self.roll {
            return roll.visit(each);
        }
        let mut group = Group::default();
        if self.runs.is_empty() {
            self.sort(classes);
            for entry in &self.entries {
                group.add(entry.class, serial(&self.serials, entry), entry.mark, &mut each)?;
            }
            return group.end(&mut each);
        }
        if !self.entries.is_empty() {
            self.spill(classes)?;
        }
        let mut merge = Merge::open(self, classes)?;
        while let Some(run) = merge.least() {
            group.add(run.class, &run.serial, run.mark, &mut each)?;
            merge.advance()?;
        }
        group.end(&mut each)
    }

    fn sort(&mut self, classes: &Classes) {
        if self.sorted {
            return;
        }
        let serials = &self.serials;
        self.entries.sort_unstable_by(|one, other| {
            compare_classes(classes, one.class, other.class)
                .then_with(|| one.head.cmp(&other.head))
                .then_with(|| serial(serials, one).cmp(serial(serials, other)))
                .then_with(|| one.mark.event.cmp(&other.mark.event))
        });
        self.sorted = true;
    }

    fn spill(&mut self, classes: &Classes) -> io::Result<()> {
        self.sort(classes);
        let mut file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        let from = file.seek(SeekFrom::End(0))?;
        let mut out = BufWriter::with_capacity(1 << 20, &mut file);
        for entry in &self.entries {
            out.write_all(&entry.class.to_le_bytes())?;
            out.write_all(&entry.length.to_le_bytes())?;
            out.write_all(&entry.mark.to_bytes())?;
            out.write_all(serial(&self.serials, entry))?;
        }
        out.flush()?;
        drop(out);
        self.runs.push((from, file.stream_position()?));
        self.file = Some(file);
        self.entries.clear();
        self.serials.clear();
        Ok(())
    }
}

fn serial<'a>(serials: &'a [u8], entry: &Entry) -> &'a [u8] {
    let at = entry.at as usize;
    serials.get(at..at + usize::from(entry.length)).unwrap_or_default()
}

fn head(serial: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (byte, from) in bytes.iter_mut().zip(serial) {
        *byte = *from;
    }
    u64::from_be_bytes(bytes)
}

fn compare_classes(classes: &Classes, one: u32, other: u32) -> Ordering {
    if one == other { Ordering::Equal } else { classes.text(one).cmp(classes.text(other)) }
}

/// The facts of one item, gathered.
#[derive(Default)]
struct Group {
    class: u32,
    serial: String,
    marks: Vec<Mark>,
}

impl Group {
    fn add<E>(
        &mut self,
        class: u32,
        serial: &[u8],
        mark: Mark,
        each: &mut impl FnMut(u32, &str, &[Mark]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.class != class || self.serial.as_bytes() != serial {
            self.end(each)?;
            self.class = class;
            self.serial.clear();
            self.serial.push_str(&String::from_utf8_lossy(serial));
        }
        self.marks.push(mark);
        Ok(())
    }

    fn end<E>(&mut self, each: &mut impl FnMut(u32, &str, &[Mark]) -> Result<(), E>) -> Result<(), E> {
        if !self.marks.is_empty() {
            each(self.class, &self.serial, &self.marks)?;
            self.marks.clear();
        }
        Ok(())
    }
}

/// Runs being merged.
struct Merge {
    runs: Vec<RunReader>,
    /// The runs that have not ended, the least last.
    order: Vec<usize>,
    /// The place of each class in the order of their texts.
    ranks: Vec<u32>,
}

struct RunReader {
    input: BufReader<io::Take<Positioned>>,
    rank: u32,
    head: u64,
    class: u32,
    serial: Vec<u8>,
    mark: Mark,
}

impl Merge {
    fn open(spool: &Spool, classes: &Classes) -> io::Result<Merge> {
        let mut merge = Merge { runs: Vec::new(), order: Vec::new(), ranks: classes.ranks() };
        let Some(file) = &spool.file else { return Ok(merge) };
        for (from, to) in &spool.runs {
            let input = Positioned { file: file.try_clone()?, at: *from }.take(to - from);
            let mut reader = RunReader {
                input: BufReader::with_capacity(READ_BYTES, input),
                rank: 0,
                head: 0,
                class: 0,
                serial: Vec::new(),
                mark: Mark { event: 0, kind: MarkKind::Seen, reference: 0 },
            };
            if reader.advance(&merge.ranks)? {
                merge.runs.push(reader);
                merge.enter(merge.runs.len() - 1);
            }
        }
        Ok(merge)
    }

    /// The run with the least item and event; `None` at the end of all.
    fn least(&self) -> Option<&RunReader> {
        self.runs.get(*self.order.last()?)
    }

    /// Goes on in the run with the least.
    fn advance(&mut self) -> io::Result<()> {
        let Some(at) = self.order.pop() else { return Ok(()) };
        let Some(run) = self.runs.get_mut(at) else { return Ok(()) };
        if run.advance(&self.ranks)? {
            self.enter(at);
        }
        Ok(())
    }

    fn enter(&mut self, at: usize) {
        let Some(run) = self.runs.get(at) else { return };
        let greater = |other: &usize| self.runs.get(*other).is_some_and(|other| other.compare(run).is_gt());
        let place = self.order.partition_point(greater);
        self.order.insert(place, at);
    }
}

impl RunReader {
    fn compare(&self, other: &RunReader) -> Ordering {
        self.rank
            .cmp(&other.rank)
            .then_with(|| self.head.cmp(&other.head))
            .then_with(|| self.serial.cmp(&other.serial))
            .then_with(|| self.mark.event.cmp(&other.mark.event))
    }

    /// Reads the next fact; false at the end.
    fn advance(&mut self, ranks: &[u32]) -> io::Result<bool> {
        let mut record = [0; HEAD];
        match self.input.read_exact(&mut record) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        let [c0, c1, c2, c3, l0, l1, mark @ ..] = record;
        self.class = u32::from_le_bytes([c0, c1, c2, c3]);
        self.rank = ranks.get(self.class as usize).copied().unwrap_or(u32::MAX);
        self.mark = Mark::of_bytes(mark);
        self.serial.resize(usize::from(u16::from_le_bytes([l0, l1])), 0);
        self.input.read_exact(&mut self.serial)?;
        self.head = head(&self.serial);
        Ok(true)
    }
}

/// A file read from a place of its own, as several readers share it.
struct Positioned {
    file: File,
    at: u64,
}

impl Read for Positioned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let read = self.file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(spool: &mut Spool, classes: &Classes) -> Vec<(String, Vec<u32>)> {
        let mut all = Vec::new();
        spool
            .visit::<io::Error>(classes, |class, serial, marks| {
                all.push((
                    format!("{}{serial}", classes.text(class)),
                    marks.iter().map(|mark| mark.event).collect(),
                ));
                Ok(())
            })
            .unwrap();
        all
    }

    #[test]
    fn items_come_in_the_order_of_keys_in_memory_and_from_runs() {
        let (mut classes, mut spool, mut spilt) = (Classes::default(), Spool::default(), Spool::default());
        let ids = [classes.of("/01/2/21/"), classes.of("/01/1/21/")];
        for event in 0..3_000u32 {
            let serial = format!("{:07}", (event * 7_919) % 1_000);
            let mark = Mark { event, kind: MarkKind::Seen, reference: 0 };
            let class = ids[(event % 2) as usize];
            spool.push(&classes, class, &serial, mark).unwrap();
            spilt.push(&classes, class, &serial, mark).unwrap();
            if event % 700 == 0 {
                spilt.spill(&classes).unwrap();
            }
        }
        let (one, other) = (collect(&mut spool, &classes), collect(&mut spilt, &classes));
        assert_eq!(one.len(), 1_000);
        assert!(one.is_sorted());
        assert!(one.iter().all(|(_, events)| events.len() == 3 && events.is_sorted()));
        assert_eq!(one, other);
        assert_eq!(collect(&mut spilt, &classes), other);
        for mut settled in [spool, spilt] {
            for _ in 0..2 {
                settled.settle(&classes).unwrap();
                assert_eq!(collect(&mut settled, &classes), one);
            }
        }
    }
}
