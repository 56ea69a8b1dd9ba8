//! Texts that several threads make, written in the order of the document.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// How many texts wait for one before them at most, so that memory stays bounded.
const MOST_EARLY: u64 = 16;

/// What one thread made of one part of a document.
pub(super) struct Piece {
    pub(super) text: String,
    /// How many events it is about.
    pub(super) events: u64,
}

/// Writes pieces by number, from 0.
pub(super) struct InOrder<W> {
    state: Mutex<State<W>>,
    moved: Condvar,
}

/// Breaks the order off where its thread panics, so that no other waits for what never comes.
pub(super) struct Watch<'a, W: Write>(&'a InOrder<W>);

impl<W: Write> Drop for Watch<'_, W> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().broken = true;
            self.0.moved.notify_all();
        }
    }
}

struct State<W> {
    out: W,
    next: u64,
    /// The pieces that came before their turn; `None` where the order breaks off.
    early: BTreeMap<u64, Option<Piece>>,
    events: u64,
    broken: bool,
}

impl<W: Write> InOrder<W> {
    /// Nothing is written yet.
    pub(super) fn new(out: W) -> InOrder<W> {
        let state = State { out, next: 0, early: BTreeMap::new(), events: 0, broken: false };
        InOrder { state: Mutex::new(state), moved: Condvar::new() }
    }

    /// Writes a piece once all before it are written, or breaks the order off there; waits while too many are missing.
    /// False where the order was broken off, so that no more is wanted.
    pub(super) fn put(&self, number: u64, piece: Option<Piece>) -> io::Result<bool> {
        let far = |state: &mut State<W>| !state.broken && number >= state.next + MOST_EARLY;
        let mut state = self.moved.wait_while(self.lock(), far).unwrap_or_else(PoisonError::into_inner);
        if state.broken {
            return Ok(false);
        }
        state.early.insert(number, piece);
        let written = state.write();
        state.broken |= written.is_err();
        self.moved.notify_all();
        written.map(|()| !state.broken)
    }

    /// To be held by every thread that puts pieces.
    pub(super) fn watch(&self) -> Watch<'_, W> {
        Watch(self)
    }

    /// Ends the writing: how many events were written, and whether the order was broken off behind them.
    pub(super) fn end(self) -> io::Result<(W, u64, bool)> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.out.flush()?;
        Ok((state.out, state.events, state.broken))
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> State<W> {
    fn write(&mut self) -> io::Result<()> {
        while let Some(piece) = self.early.remove(&self.next) {
            let Some(Piece { text, events }) = piece else {
                self.broken = true;
                return Ok(());
            };
            self.out.write_all(text.as_bytes())?;
            self.events += events;
            self.next += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> Option<Piece> {
        Some(Piece { text: text.to_owned(), events: 2 })
    }

    #[test]
    fn writes_in_order_and_breaks_off() {
        let order = InOrder::new(Vec::new());
        assert!(order.put(1, piece("b")).unwrap());
        assert!(order.put(3, None).unwrap());
        assert!(order.put(0, piece("a")).unwrap());
        assert!(order.put(4, piece("e")).unwrap());
        assert!(!order.put(2, piece("c")).unwrap());
        assert!(!order.put(99, piece("z")).unwrap());
        assert_eq!(order.end().unwrap(), (b"abc".to_vec(), 6, true));
    }

    #[test]
    fn waits_for_what_is_missing() {
        let order = InOrder::new(Vec::new());
        std::thread::scope(|scope| {
            let (order, count) = (&order, MOST_EARLY + 1);
            let ahead = scope.spawn(move || (1..=count).all(|number| order.put(number, piece("x")).unwrap()));
            while order.lock().early.len() < MOST_EARLY as usize - 1 {
                std::thread::yield_now();
            }
            assert!(!ahead.is_finished());
            assert_eq!(order.lock().early.len(), MOST_EARLY as usize - 1);
            assert!(order.put(0, piece("a")).unwrap());
            assert!(ahead.join().unwrap());
        });
        assert_eq!(order.end().unwrap().1, 2 * (MOST_EARLY + 2));
    }

    #[test]
    fn nobody_waits_for_a_thread_that_panicked() {
        let order = InOrder::new(Vec::new());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| order.put(MOST_EARLY, piece("x")).unwrap());
            let panicked = scope.spawn(|| {
                let _watch = order.watch();
                panic!("on purpose");
            });
            assert!(panicked.join().is_err());
            assert!(!waiting.join().unwrap());
        });
    }

    #[test]
    fn stops_where_writing_fails() {
        let order = InOrder::new(io::Cursor::new([0_u8; 1]));
        assert!(order.put(1, piece("b")).unwrap());
        assert!(order.put(0, piece("a")).is_err());
        assert!(!order.put(2, piece("c")).unwrap());
    }
}
