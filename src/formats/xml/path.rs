//! The elements that are open, so that every defect can say where it stands.

use crate::formats::xml::names::Tag;

/// The names of the open elements, and how many of each stand before them.
#[derive(Debug, Default)]
pub struct Path {
    names: String,
    levels: Vec<Level>,
    /// The element last ended or in one piece, whose value is being judged.
    pub leaf: Option<(Tag, u64)>,
    events: [u64; 6],
}

/// One open element.
#[derive(Debug)]
pub struct Level {
    tag: Tag,
    start: usize,
    index: u64,
    child: Tag,
    count: u64,
}

impl Path {
    /// The path as it is written in defects.
    pub fn text(&self) -> String {
        const MOST: usize = 100;
        let mut text = String::new();
        for (at, level) in self.levels.iter().enumerate() {
            let end = self.levels.get(at + 1).map_or(self.names.len(), |next| next.start);
            let name = self.names.get(level.start..end).unwrap_or_default();
            text.push('/');
            text.extend(name.chars().take(MOST));
            push_index(&mut text, level.tag, level.index);
        }
        if let Some((tag, index)) = self.leaf {
            text.push('/');
            text.push_str(tag.name());
            push_index(&mut text, tag, index);
        }
        text
    }

    /// How many elements are open.
    #[inline]
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    /// True where an element of this kind is open.
    pub fn any(&self, is: impl Fn(Tag) -> bool) -> bool {
        self.levels.iter().any(|level| is(level.tag))
    }

    /// The kind of the child counted last in the innermost element; [`Tag::Other`] where there is none.
    #[inline]
    pub fn last_child(&self) -> Tag {
        self.levels.last().map_or(Tag::Other, |level| level.child)
    }

    /// Counts a child that is in one piece, never open.
    #[inline]
    pub fn pass(&mut self, tag: Tag) {
        let index = self.levels.last_mut().map_or(1, |parent| parent.count_child(tag));
        self.leaf = Some((tag, index));
    }

    /// The name of the innermost element.
    pub fn open_name(&self) -> &str {
        self.levels.last().and_then(|level| self.names.get(level.start..)).unwrap_or_default()
    }

    /// Opens an element.
    pub fn open(&mut self, tag: Tag, name: &str) {
        let index = match self.levels.last_mut() {
            Some(parent) if parent.tag == Tag::EventList && tag.is_event() => {
                let counts = self.events.get_mut(tag as usize - Tag::ObjectEvent as usize);
                counts.map_or(1, |count| {
                    *count += 1;
                    *count
                })
            }
            Some(parent) => parent.count_child(tag),
            None => 1,
        };
        self.levels.push(Level { tag, start: self.names.len(), index, child: Tag::Other, count: 0 });
        self.names.push_str(name);
    }

    /// Ends the innermost element.
    pub fn close(&mut self) {
        if let Some(level) = self.levels.pop() {
            self.names.truncate(level.start);
            self.leaf = (level.tag != Tag::Other).then_some((level.tag, level.index));
        }
    }
}

impl Level {
    /// Counts a child: how many of this name it is the last of, in an unbroken row.
    #[inline]
    fn count_child(&mut self, tag: Tag) -> u64 {
        self.count = if self.child == tag { self.count + 1 } else { 1 };
        self.child = tag;
        self.count
    }
}

fn push_index(text: &mut String, tag: Tag, index: u64) {
    if tag.repeats() {
        text.push_str(&format!("[{index}]"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_what_repeats() {
        let mut path = Path::default();
        for (tag, name) in [(Tag::EpcisDocument, "x:EPCISDocument"), (Tag::EventList, "EventList")] {
            path.open(tag, name);
        }
        for tag in [Tag::ObjectEvent, Tag::AggregationEvent] {
            path.open(tag, tag.name());
            path.close();
        }
        path.open(Tag::ObjectEvent, "ObjectEvent");
        path.open(Tag::EpcList, "epcList");
        path.pass(Tag::Epc);
        path.pass(Tag::Epc);
        assert_eq!(path.text(), "/x:EPCISDocument/EventList/ObjectEvent[2]/epcList/epc[2]");
        path.close();
        assert_eq!(path.text(), "/x:EPCISDocument/EventList/ObjectEvent[2]/epcList");
        assert_eq!(path.open_name(), "ObjectEvent");
        assert_eq!(path.depth(), 3);
    }
}
