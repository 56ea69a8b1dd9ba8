//! Blocks: where index rows go, so that each batch dirties few pages however large the index is.
//!
//! The keys of terms are random. In one large tree every row of a batch would dirty a page of its own, so the index is
//! cut into blocks of at most [`BLOCK_SLOTS`] rows, each a small tree of its own inside the table (the block is the first
//! column of its primary key). An event's id is `block << 18 | offset`; it takes as many offsets as it has terms, so that
//! a block is full when its offsets are used up. A look-up seeks once in every block.

use std::sync::Mutex;
use std::sync::PoisonError;

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::dsl::max;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError as Refused;

use crate::store::DatabaseError;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::schema::term_blocks;

pub(super) const OFFSET_BITS: u32 = 18;

/// Offsets in one block, and so the most index rows in it (but for a single event with more).
pub(super) const BLOCK_SLOTS: i64 = 1 << OFFSET_BITS;

/// From how many slots on a batch takes blocks of its own, which it fills from end to end.
const OWN_BLOCK_SLOTS: i64 = BLOCK_SLOTS / 4;

/// How many slots a process takes from the open block at a time.
const RESERVE_SLOTS: i64 = 4_096;

/// How many open blocks processes on one PostgreSQL fill side by side.
const LANES: u32 = 16;

/// The lane of blocks that are not shared.
const OWN: i64 = -1;

/// The block in which an event's terms stand.
pub(crate) fn block_of(event: i64) -> i64 {
    event >> OFFSET_BITS
}

/// The first id an event of this block can have.
pub(super) fn first_event(block: i64) -> i64 {
    block << OFFSET_BITS
}

/// The slots this process has taken and not used.
pub(super) struct Blocks {
    lane: i64,
    reserve: Mutex<Reserve>,
}

#[derive(Default)]
struct Reserve {
    next: i64,
    end: i64,
}

impl Blocks {
    /// For the one process on a file.
    pub(super) fn alone() -> Blocks {
        Blocks { lane: 0, reserve: Mutex::default() }
    }

    /// For one of several processes on a server.
    pub(super) fn shared() -> Blocks {
        let lane = i64::from(uuid::Uuid::new_v4().as_fields().0 % LANES);
        Blocks { lane, reserve: Mutex::default() }
    }
}

impl Store {
    /// Gives each event its id; `slots` says how many index rows each has.
    pub(super) fn allocate(&self, slots: &[usize]) -> Result<Vec<i64>, StoreError> {
        let slots: Vec<i64> =
            slots.iter().map(|slots| i64::try_from(*slots).unwrap_or(i64::MAX).max(1)).collect();
        let total = slots.iter().fold(0i64, |sum, slots| sum.saturating_add(*slots));
        if total >= OWN_BLOCK_SLOTS {
            return self.allocate_own(&slots);
        }
        let mut reserve = self.0.blocks.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        if reserve.end - reserve.next < total {
            *reserve = self.reserve(total.max(RESERVE_SLOTS))?;
        }
        let mut next = reserve.next;
        reserve.next += total;
        let mut ids = Vec::with_capacity(slots.len());
        for slots in slots {
            ids.push(next);
            next += slots;
        }
        Ok(ids)
    }

    fn allocate_own(&self, slots: &[i64]) -> Result<Vec<i64>, StoreError> {
        let mut ids = Vec::with_capacity(slots.len());
        let (mut next, mut end) = (0, 0);
        for slots in slots {
            if end - next < *slots {
                next = self.write_new(|connection| open_block(connection, OWN, BLOCK_SLOTS))? << OFFSET_BITS;
                end = next + BLOCK_SLOTS;
            }
            ids.push(next);
            next = next.saturating_add(*slots).min(end);
        }
        Ok(ids)
    }

    fn reserve(&self, slots: i64) -> Result<Reserve, StoreError> {
        let lane = self.0.blocks.lane;
        let (block, used) = self.write_new(|connection| take_slots(connection, lane, slots))?;
        let next = (block << OFFSET_BITS) + used;
        Ok(Reserve { next, end: next + slots })
    }

    /// Writes what may meet another process that opens a block of the same number; then again.
    fn write_new<T>(
        &self,
        mut work: impl FnMut(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        loop {
            match self.write(&mut work) {
                Err(StoreError::Database(DatabaseError(Refused(UniqueViolation, _)))) => {}
                outcome => return outcome,
            }
        }
    }
}

/// Takes slots of the lane's open block, or of a new one: the block, and how many of its slots were used before.
fn take_slots(connection: &mut AnyConnection, lane: i64, slots: i64) -> Result<(i64, i64), StoreError> {
    let open: Option<(i64, i64)> = term_blocks::table
        .filter(term_blocks::lane.eq(lane))
        .order(term_blocks::id.desc())
        .select((term_blocks::id, term_blocks::used))
        .first(connection)
        .optional()?;
    if let Some((block, used)) = open.filter(|(_, used)| used + slots <= BLOCK_SLOTS) {
        let taken = diesel::update(term_blocks::table.find(block))
            .filter(term_blocks::used.eq(used))
            .set(term_blocks::used.eq(used + slots))
            .execute(connection)?;
        if taken == 1 {
            return Ok((block, used));
        }
    }
    Ok((open_block(connection, lane, slots)?, 0))
}

fn open_block(connection: &mut AnyConnection, lane: i64, used: i64) -> Result<i64, StoreError> {
    let last: Option<i64> = term_blocks::table.select(max(term_blocks::id)).first(connection)?;
    let block = last.unwrap_or(0) + 1;
    diesel::insert_into(term_blocks::table)
        .values((term_blocks::id.eq(block), term_blocks::lane.eq(lane), term_blocks::used.eq(used)))
        .execute(connection)?;
    Ok(block)
}
