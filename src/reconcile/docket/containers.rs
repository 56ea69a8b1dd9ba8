//! What things are in: every parent of the document, and what happened to it.

use std::hash::BuildHasher;
use std::hash::RandomState;

use hashbrown::HashTable;

use crate::reconcile::docket::spool::Mark;
use crate::reconcile::docket::spool::MarkKind;

/// What is kept of one container at most, so that no document can make it take long.
const MOST_MARKS: usize = 500;

/// The containers of a document, each known by a number.
#[derive(Debug, Default)]
pub(crate) struct Containers {
    hasher: RandomState,
    numbers: HashTable<u32>,
    keys: String,
    ends: Vec<u32>,
    marks: Vec<Mark>,
    spans: Vec<(u32, u32)>,
    last: u32,
}

impl Containers {
    /// The number of a container, which is new where it was never seen.
    pub(crate) fn of(&mut self, key: &str) -> u32 {
        if self.key(self.last) == key && !self.ends.is_empty() {
            return self.last;
        }
        self.last = match self.find(key) {
            Some(number) => number,
            None => {
                let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
                self.keys.push_str(key);
                self.ends.push(u32::try_from(self.keys.len()).unwrap_or(u32::MAX));
                let Containers { hasher, numbers, keys, ends, .. } = self;
                numbers.insert_unique(hasher.hash_one(key), number, |number| {
                    hasher.hash_one(key_at(keys, ends, *number))
                });
                number
            }
        };
        self.last
    }

    /// The number of a container; `None` where nothing was ever in it.
    pub(crate) fn find(&self, key: &str) -> Option<u32> {
        let same = |number: &u32| self.key(*number) == key;
        self.numbers.find(self.hasher.hash_one(key), same).copied()
    }

    /// Its identity.
    pub(crate) fn key(&self, number: u32) -> &str {
        key_at(&self.keys, &self.ends, number)
    }

    /// Gives back what room is left, once every container is known.
    pub(crate) fn prepare(&mut self) {
        self.keys.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.spans = vec![(0, 0); self.ends.len()];
    }

    /// Keeps what happened to a container, in the order of time; of what only repeats itself the first and the last, as
    /// each of the items in it looks through all.
    pub(crate) fn keep(&mut self, number: u32, marks: &[Mark]) {
        let from = u32::try_from(self.marks.len()).unwrap_or(u32::MAX);
        let last = marks.len().saturating_sub(1);
        let (mut filled, mut seen) = (false, false);
        let telling = marks.iter().enumerate().filter(|(at, mark)| match mark.kind {
            _ if *at == last => true,
            MarkKind::Filled => !std::mem::replace(&mut filled, true),
            MarkKind::Seen => !std::mem::replace(&mut seen, true),
            _ => true,
        });
        self.marks.extend(telling.take(MOST_MARKS).map(|(_, mark)| *mark));
        if let Some(span) = self.spans.get_mut(number as usize) {
            *span = (from, u32::try_from(self.marks.len()).unwrap_or(u32::MAX));
        }
    }

    /// Every container by its key, with what happened to it.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &[Mark])> {
        (0..).take(self.ends.len()).map(|number| (self.key(number), self.marks(number)))
    }

    /// What happened to it, in the order of time.
    pub(crate) fn marks(&self, number: u32) -> &[Mark] {
        let (from, to) = self.spans.get(number as usize).copied().unwrap_or_default();
        self.marks.get(from as usize..to as usize).unwrap_or_default()
    }
}

fn key_at<'a>(keys: &'a str, ends: &[u32], number: u32) -> &'a str {
    let end = ends.get(number as usize).copied().unwrap_or(0);
    let from = number.checked_sub(1).and_then(|before| ends.get(before as usize)).copied().unwrap_or(0);
    keys.get(from as usize..end as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_number() {
        let mut containers = Containers::default();
        assert_eq!([containers.of("/00/1"), containers.of("/00/22"), containers.of("/00/1")], [0, 1, 0]);
        assert_eq!([containers.key(0), containers.key(1), containers.key(2)], ["/00/1", "/00/22", ""]);
        assert_eq!((containers.find("/00/22"), containers.find("/00/3")), (Some(1), None));
    }
}
