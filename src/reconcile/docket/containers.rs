//! What things are in: every parent of the document, and what happened to it.

use std::cmp::Ordering;
use std::hash::BuildHasher;
use std::hash::RandomState;

use hashbrown::HashTable;

use crate::reconcile::docket::classes::divide;
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
    /// Their numbers in the order in which items are visited.
    order: Vec<u32>,
}

/// How far a walk beside the items has come among the containers.
#[derive(Debug, Default)]
pub(super) struct Walk(usize);

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

    /// Gives back what room is left, and puts them in order, once every container is known.
    pub(crate) fn prepare(&mut self) {
        self.keys.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.spans = vec![(0, 0); self.ends.len()];
        let mut order: Vec<u32> = (0..).take(self.ends.len()).collect();
        order.sort_unstable_by_key(|number| divide(self.key(*number)));
        self.order = order;
    }

    /// The number of an item that is a container. Items come in the order of their classes and serials, so that no other
    /// container has to be looked at than the next.
    pub(super) fn meet(&self, walk: &mut Walk, item: (&str, &str)) -> Option<u32> {
        while let Some(number) = self.order.get(walk.0) {
            match divide(self.key(*number)).cmp(&item) {
                Ordering::Less => walk.0 += 1,
                Ordering::Equal => return Some(*number),
                Ordering::Greater => return None,
            }
        }
        None
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

    /// The number of every container.
    pub(crate) fn all(&self) -> impl Iterator<Item = u32> + use<> {
        (0..).take(self.ends.len())
    }

    /// True where the document tells of a container no more than what became of itself and of what is in it, and so neither
    /// puts it into another nor ships it.
    pub(crate) fn stands_alone(&self, number: u32) -> bool {
        let marks = self.marks(number);
        let alone = |mark: &Mark| match mark.kind {
            MarkKind::Commissioned
            | MarkKind::Filled
            | MarkKind::Emptied
            | MarkKind::Received
            | MarkKind::Recalled
            | MarkKind::Dispensed
            | MarkKind::Ended => true,
            MarkKind::Packed | MarkKind::Unpacked | MarkKind::Shipped | MarkKind::Seen => false,
        };
        marks.len() < MOST_MARKS && marks.iter().all(alone)
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

    #[test]
    fn containers_are_met_beside_the_items() {
        let mut containers = Containers::default();
        for key in ["urn:b", "/01/2/21/7", "/00/000000011", "/01/1/21/9", "/01/1/21/10"] {
            containers.of(key);
        }
        containers.prepare();
        let mut walk = Walk::default();
        let items = [
            ("", "urn:a"),
            ("", "urn:b"),
            ("/00/00000001", "1"),
            ("/01/1/21/", "1"),
            ("/01/1/21/", "10"),
            ("/01/1/21/", "9"),
            ("/01/3/21/", "7"),
        ];
        let met = items.map(|item| containers.meet(&mut walk, item));
        assert_eq!(met, [None, Some(0), Some(2), None, Some(4), Some(3), None]);
    }
}
