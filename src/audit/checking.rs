//! Checks an export with nothing but public keys: whether it is what the checkpoints vouch for, and else what is wrong where.
//!
//! The tree is worked out twice, from the rows and from the hashes of the tiles. Whichever of them meets a signed checkpoint shows
//! where the other was changed; where neither does, the place is somewhere behind the last checkpoint that is met.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use tlog_tiles::Hash;
use tlog_tiles::record_hash;

use crate::audit::AuditError;
use crate::audit::findings::Finding;
use crate::audit::findings::FindingKind;
use crate::audit::findings::Findings;
use crate::audit::folder;
use crate::audit::folder::Tiles;
use crate::audit::note::Note;
use crate::audit::note::PublicKey;
use crate::audit::rows::Line;
use crate::audit::rows::Rows;
use crate::audit::tree::Edge;
use crate::audit::tree::TILE;
use crate::audit::tree::root_of;
use crate::audit::tree::tile_path;
use crate::formats::audit_leaf::LeafHead;

/// Rows out of their place that are remembered, to be matched with those that are missing.
const MOST_REMEMBERED: usize = 100_000;

/// What came of checking an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Rows in the export.
    pub rows: u64,
    /// How many of them, from the first on, a signed checkpoint vouches for.
    pub vouched: u64,
    /// Checkpoints that are signed with a key that was given.
    pub checkpoints: usize,
    /// What is wrong; nothing where all is as it was signed.
    pub findings: Vec<Finding>,
    /// Further things that are wrong and not told one by one.
    pub more: u64,
}

/// Checks an export against its own checkpoints and others, by these public keys.
pub fn check(folder: &Path, keys: &[PublicKey], others: &[PathBuf]) -> Result<Checked, AuditError> {
    let mut checking = Checking::new(folder);
    checking.read_notes(keys, others)?;
    checking.walk_tiles()?;
    checking.walk_rows()?;
    checking.judge();
    let vouched = checking.notes.iter().filter(|note| note.is_met()).map(|note| note.size).max();
    Ok(Checked {
        rows: checking.rows,
        vouched: vouched.unwrap_or(0),
        checkpoints: checking.notes.len(),
        findings: checking.findings.told,
        more: checking.findings.more,
    })
}

/// A signed checkpoint.
struct Signed {
    name: String,
    size: u64,
    root: Hash,
    by_tiles: bool,
    by_rows: bool,
}

impl Signed {
    fn is_met(&self) -> bool {
        self.by_tiles || self.by_rows
    }
}

struct Checking {
    folder: PathBuf,
    findings: Findings,
    /// By size.
    notes: Vec<Signed>,
    /// How many rows the newest checkpoint of the export itself has.
    own: u64,
    tiles: Tiles,
    /// Hashes of rows that tiles have.
    hashed: u64,
    rows: u64,
    /// The tree over the rows, as long as none is missing or out of place.
    edge: Option<Edge>,
    /// Rows that are not those of the tiles.
    differing: Vec<u64>,
    /// Rows that are not where they should be, by their first.
    missing: BTreeMap<u64, u64>,
    /// Rows that stand where another should, with their place.
    strays: Vec<(u64, String)>,
}

impl Checking {
    fn new(folder: &Path) -> Checking {
        Checking {
            folder: folder.to_owned(),
            findings: Findings::default(),
            notes: Vec::new(),
            own: 0,
            tiles: Tiles::of(folder),
            hashed: 0,
            rows: 0,
            edge: Some(Edge::default()),
            differing: Vec::new(),
            missing: BTreeMap::new(),
            strays: Vec::new(),
        }
    }

    fn read_notes(&mut self, keys: &[PublicKey], others: &[PathBuf]) -> Result<(), AuditError> {
        let newest = self.folder.join(folder::CHECKPOINT);
        if newest.is_file() {
            self.read_note(&newest, keys)?;
        } else {
            let message = "the file checkpoint is missing".to_owned();
            self.findings.add(FindingKind::File, None, message);
        }
        let all = self.folder.join(folder::CHECKPOINTS);
        let mut paths = Vec::new();
        if all.is_dir() {
            for entry in fs::read_dir(&all).map_err(AuditError::file(&all))? {
                paths.push(entry.map_err(AuditError::file(&all))?.path());
            }
        }
        paths.sort_unstable();
        for path in &paths {
            self.read_note(path, keys)?;
        }
        self.own = self.notes.iter().map(|note| note.size).max().unwrap_or(0);
        for path in others {
            self.read_note(path, keys)?;
        }
        self.notes.sort_by_key(|note| note.size);
        if self.notes.is_empty() {
            let message = "no checkpoint is signed with the key that was given: nothing vouches for the rows";
            self.findings.add(FindingKind::Checkpoint, None, message.to_owned());
        }
        Ok(())
    }

    fn read_note(&mut self, path: &Path, keys: &[PublicKey]) -> Result<(), AuditError> {
        let bytes = fs::read(path).map_err(AuditError::file(path))?;
        let name = path.strip_prefix(&self.folder).unwrap_or(path).display().to_string();
        match Note::parse(&bytes) {
            Err(error) => {
                self.findings.add(FindingKind::Checkpoint, None, format!("{name}: {error}"));
            }
            Ok(note) if !note.is_signed_by(keys) => {
                let given: Vec<String> =
                    keys.iter().map(|key| format!("{}+{}", key.name(), key.id())).collect();
                let message = format!(
                    "{name}: the checkpoint of {} rows is not signed with the key {}: it says it is signed with {}, and is \
                     left out",
                    note.size(),
                    given.join(" or "),
                    note.signers()
                );
                self.findings.add(FindingKind::Signature, None, message);
            }
            Ok(note) => {
                let (size, root) = (note.size(), note.root());
                self.notes.push(Signed { name, size, root, by_tiles: false, by_rows: false });
            }
        }
        Ok(())
    }

    /// Works the tree out from the hashes of the tiles, and looks whether each level is that over the one below.
    fn walk_tiles(&mut self) -> Result<(), AuditError> {
        let mut edge = Edge::default();
        let mut levels: Vec<Vec<Hash>> = Vec::new();
        self.meet(&edge, false);
        for number in 0.. {
            let hashes = self.tiles.read(0, number).map_err(AuditError::file(&self.folder))?;
            let hashes = hashes.unwrap_or_default();
            for hash in &hashes {
                edge.push(*hash);
                self.meet(&edge, false);
            }
            self.hashed = edge.size();
            if hashes.len() < 256 {
                break;
            }
            self.climb(&mut levels, number, root_of(hashes))?;
        }
        for (level, roots) in (1u8..).zip(&levels) {
            let below = (1..level).fold(self.hashed / TILE, |count, _| count / TILE);
            if !roots.is_empty() {
                self.compare(level, below / TILE, roots)?;
            }
        }
        if self.hashed < self.own {
            let path = tile_path(0, self.hashed / TILE, TILE);
            let message = format!("{path}: the tile is missing or too short");
            self.findings.add(FindingKind::Tile, Some(self.hashed), message);
        }
        Ok(())
    }

    /// Takes the root of a full tile of rows up to the tiles above it.
    fn climb(&mut self, levels: &mut Vec<Vec<Hash>>, number: u64, root: Hash) -> Result<(), AuditError> {
        let (mut root, mut number) = (root, number);
        for level in 1u8.. {
            let at = usize::from(level) - 1;
            if levels.len() <= at {
                levels.push(Vec::new());
            }
            let Some(roots) = levels.get_mut(at) else { break };
            roots.push(root);
            number /= TILE;
            if roots.len() < 256 {
                break;
            }
            let full = std::mem::take(roots);
            self.compare(level, number, &full)?;
            root = root_of(full);
        }
        Ok(())
    }

    fn compare(&mut self, level: u8, number: u64, roots: &[Hash]) -> Result<(), AuditError> {
        let found = self.tiles.read(level, number).map_err(AuditError::file(&self.folder))?;
        let wrong = match found {
            Some(hashes) if hashes == roots => return Ok(()),
            Some(_) => "the tile is not the one over the tiles below it",
            None => "the tile is missing",
        };
        let width = u64::try_from(roots.len()).unwrap_or(TILE);
        let message = format!("{}: {wrong}", tile_path(level, number, width));
        self.findings.add(FindingKind::Tile, None, message);
        Ok(())
    }

    /// Notes which checkpoints the tree so far meets.
    fn meet(&mut self, edge: &Edge, by_rows: bool) {
        let size = edge.size();
        let first = self.notes.partition_point(|note| note.size < size);
        for note in self.notes.iter_mut().skip(first).take_while(|note| note.size == size) {
            let met = edge.root() == note.root;
            match by_rows {
                true => note.by_rows = met,
                false => note.by_tiles = met,
            }
        }
    }

    fn walk_rows(&mut self) -> Result<(), AuditError> {
        let rows = self.folder.join(folder::ROWS);
        if !rows.is_dir() {
            self.findings.add(FindingKind::File, None, "the folder rows is missing".to_owned());
            return Ok(());
        }
        let (mut lines, faults) = Rows::of(&self.folder).map_err(AuditError::file(&rows))?;
        for fault in faults {
            self.findings.add(FindingKind::File, None, fault);
        }
        if let Some(edge) = &self.edge.clone() {
            self.meet(edge, true);
        }
        let mut expected = 0;
        while let Some(line) = lines.next().map_err(AuditError::file(&rows))? {
            expected = self.row(&line, expected)?;
            self.rows += 1;
        }
        let claimed = self.notes.last().map_or(0, |note| note.size);
        if let Some(newest) = self.notes.iter().rev().find(|note| note.size > expected) {
            let message = format!(
                "the rows end with {} of them, and {} vouches for {claimed}: rows {expected} to {} were cut off",
                self.rows,
                newest.name,
                claimed - 1
            );
            self.findings.add(FindingKind::Truncated, Some(expected), message);
        } else if expected > claimed && !self.notes.is_empty() {
            let message = format!(
                "rows {claimed} to {} stand behind the last checkpoint: nothing vouches for them",
                expected - 1
            );
            self.findings.add(FindingKind::Added, Some(claimed), message);
        }
        Ok(())
    }

    /// Looks at a line where this row should stand; gives the row that should stand next.
    fn row(&mut self, line: &Line, expected: u64) -> Result<u64, AuditError> {
        let leaf = record_hash(&line.bytes);
        let head = match LeafHead::read(&line.bytes) {
            _ if line.is_cut => Err("its line has no end".to_owned()),
            Ok(head) if head.number != expected && !self.is_row(head.number, leaf)? => {
                Err(format!("it says that it is row {}", head.number))
            }
            head => head,
        };
        let number = match head {
            Ok(head) => head.number,
            Err(fault) => {
                let message =
                    format!("row {expected} ({}) is not the one that was signed: {fault}", line.place);
                self.findings.add(FindingKind::Changed, Some(expected), message);
                self.edge = None;
                return Ok(expected + 1);
            }
        };
        if number < expected {
            self.edge = None;
            if self.strays.len() < MOST_REMEMBERED {
                self.strays.push((number, line.place.clone()));
            } else {
                self.findings.more += 1;
            }
            return Ok(expected);
        }
        if number > expected {
            self.edge = None;
            if self.missing.len() < MOST_REMEMBERED {
                self.missing.insert(expected, number);
            } else {
                self.findings.more += 1;
            }
        }
        if number < self.hashed && !self.is_row(number, leaf)? {
            match self.differing.len() < MOST_REMEMBERED {
                true => self.differing.push(number),
                false => self.findings.more += 1,
            }
        }
        if let Some(mut edge) = self.edge.take() {
            edge.push(leaf);
            self.meet(&edge, true);
            self.edge = Some(edge);
        }
        Ok(number + 1)
    }

    /// Whether the tiles have this hash for the row; true too where they have none for it.
    fn is_row(&mut self, number: u64, leaf: Hash) -> Result<bool, AuditError> {
        let known = self.tiles.hash(number).map_err(AuditError::file(&self.folder))?;
        Ok(known.is_none_or(|known| known == leaf))
    }

    fn judge(&mut self) {
        self.judge_differing();
        self.judge_places();
        self.judge_notes();
    }

    fn judge_differing(&mut self) {
        let by_rows = self.notes.iter().filter(|note| note.by_rows).map(|note| note.size).max();
        for (first, last) in ranges(&self.differing) {
            if by_rows.is_some_and(|size| last < size) {
                let path = tile_path(0, first / TILE, TILE);
                let message = format!(
                    "{path}: the hashes of {} are not those of the rows, which are as they were signed",
                    span(first, last)
                );
                self.findings.add(FindingKind::Tile, Some(first), message);
            } else {
                let message = match first == last {
                    true => format!("row {first} is not the one that was signed"),
                    false => format!("rows {first} to {last} are not those that were signed"),
                };
                self.findings.add(FindingKind::Changed, Some(first), message);
            }
        }
    }

    /// Matches rows out of their place with those that are missing.
    fn judge_places(&mut self) {
        for (number, place) in std::mem::take(&mut self.strays) {
            let gap = self.missing.range(..=number).next_back().map(|(first, end)| (*first, *end));
            match gap.filter(|(_, end)| number < *end) {
                Some((first, end)) => {
                    self.missing.remove(&first);
                    if first < number {
                        self.missing.insert(first, number);
                    }
                    if number + 1 < end {
                        self.missing.insert(number + 1, end);
                    }
                    let message = format!("row {number} does not stand in its place but at {place}");
                    self.findings.add(FindingKind::Moved, Some(number), message);
                }
                None => {
                    let message = format!("row {number} stands there once more, at {place}");
                    self.findings.add(FindingKind::Added, Some(number), message);
                }
            }
        }
        for (first, end) in std::mem::take(&mut self.missing) {
            let message = match first + 1 == end {
                true => format!("row {first} is missing"),
                false => format!("rows {first} to {} are missing", end - 1),
            };
            self.findings.add(FindingKind::Missing, Some(first), message);
        }
    }

    fn judge_notes(&mut self) {
        let there = self.hashed.max(if self.edge.is_some() { self.rows } else { 0 });
        let mut told = false;
        for (at, note) in self.notes.iter().enumerate() {
            let twin = self.notes.iter().take(at).find(|one| one.size == note.size && one.root != note.root);
            let met = self.notes.iter().rev().find(|one| one.is_met() && one.size >= note.size);
            let other = twin.or(met.filter(|_| !note.is_met()));
            if let Some(other) = other {
                let message = format!(
                    "the log was forked: {} (of {} rows) and {} (of {}) are both signed, and cannot both be of one log",
                    note.name, note.size, other.name, other.size
                );
                self.findings.add(FindingKind::Fork, None, message);
            } else if !note.is_met() && note.size <= there && !told {
                told = true;
                let good = self.notes.iter().take(at).rev().find(|one| one.is_met());
                let from = good.map_or(0, |good| good.size);
                let message = format!(
                    "neither the rows nor the tiles are what {} vouches for: something among rows {from} to {} was changed, \
                     added, moved or taken away",
                    note.name,
                    note.size.saturating_sub(1)
                );
                self.findings.add(FindingKind::Between, Some(from), message);
            }
        }
    }
}

fn span(first: u64, last: u64) -> String {
    if first == last { format!("row {first}") } else { format!("rows {first} to {last}") }
}

/// Ascending numbers as ranges of those that follow each other.
fn ranges(numbers: &[u64]) -> Vec<(u64, u64)> {
    let mut found: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match found.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => found.push((*number, *number)),
        }
    }
    found
}
