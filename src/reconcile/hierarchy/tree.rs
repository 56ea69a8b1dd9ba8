//! The whole content of containers, down to the units.

use std::collections::HashMap;

use crate::access::Caller;
use crate::gs1::Epc;
use crate::gs1::Scheme;
use crate::reconcile::hierarchy::Held;
use crate::reconcile::hierarchy::HierarchyError;
use crate::reconcile::hierarchy::MOST_LEVELS;
use crate::reconcile::hierarchy::MOST_OBJECTS;
use crate::reconcile::hierarchy::contents_of;
use crate::reconcile::hierarchy::strays;
use crate::store::EventHead;
use crate::store::Store;

/// Containers opened with one look-up.
const OPENED_AT_ONCE: usize = 256;

/// Objects looked for in other containers at one time.
const CHECKED_AT_ONCE: usize = 4_096;

/// Containers with everything in them at one moment. An object that several containers claim is in the one that took it
/// in last.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    /// Places by key.
    places: HashMap<String, usize>,
    /// Places of what is in containers, in the order of their containers.
    inside: Vec<usize>,
}

/// An object of a tree.
#[derive(Debug)]
pub struct Node {
    /// As sent.
    pub epc: Epc,
    /// The place of its container among [`Tree::nodes`]; `None` for what lies open.
    pub parent: Option<usize>,
    /// The aggregation event that put it there.
    packed: Option<EventHead>,
}

/// An object in which nothing is.
#[derive(Debug)]
pub struct Leaf<'a> {
    /// As sent.
    pub epc: &'a Epc,
    /// [`Epc::key`].
    pub key: String,
    /// The containers around it, the innermost first.
    pub containers: Vec<Epc>,
    /// The aggregation events that put it and its containers where they are.
    pub events: Vec<i64>,
}

impl Node {
    /// The number of the aggregation event that put it into its container.
    pub fn event(&self) -> Option<i64> {
        self.packed.as_ref().map(|head| head.id)
    }
}

impl Tree {
    /// Opens these objects and everything in them as it was at a moment (microseconds): a look-up for each 256
    /// containers, and one reading of each of their aggregation events.
    ///
    /// Fails where there is more than [`MOST_OBJECTS`] in them or where they are nested deeper than [`MOST_LEVELS`].
    pub fn expand(store: &Store, caller: &Caller, roots: &[Epc], at: i64) -> Result<Tree, HierarchyError> {
        let mut tree = Tree { nodes: Vec::new(), places: HashMap::new(), inside: Vec::new() };
        for epc in roots {
            tree.place(epc.key(), epc.clone(), None)?;
        }
        let mut classes = HashMap::new();
        let (mut from, mut levels) = (0, 0);
        while from < tree.nodes.len() {
            let to = tree.nodes.len();
            let mut containers = Vec::new();
            for node in tree.nodes.get(from..to).unwrap_or_default() {
                if may_hold(store, &node.epc, &mut classes)? {
                    containers.push(node.epc.key());
                }
            }
            for some in containers.chunks(OPENED_AT_ONCE) {
                let keys: Vec<&str> = some.iter().map(String::as_str).collect();
                let mut contents = contents_of(store, caller, &keys, at)?;
                for key in some {
                    for (child, held) in contents.remove(key).unwrap_or_default() {
                        tree.pack(child, held, key)?;
                    }
                }
            }
            levels += 1;
            if let Some(node) = tree.nodes.get(to).filter(|_| levels > MOST_LEVELS) {
                return Err(HierarchyError::TooDeep(node.epc.as_str().into()));
            }
            from = to;
        }
        tree.arrange();
        Ok(tree)
    }

    /// Leaves out what some event put into a container elsewhere since, though nobody took it out: a look-up for each 256
    /// objects. Without this only containers of the same tree are compared.
    pub fn without_strays(self, store: &Store, caller: &Caller, at: i64) -> Result<Tree, HierarchyError> {
        let mut lost = vec![false; self.nodes.len()];
        for some in self.inside.chunks(CHECKED_AT_ONCE) {
            let claims = some.iter().filter_map(|place| {
                let node = self.nodes.get(*place)?;
                Some((node.epc.key(), (node.packed.as_ref()?, self.nodes.get(node.parent?)?.epc.key())))
            });
            for key in strays(store, caller, &claims.collect(), at)? {
                if let Some(lost) = self.places.get(&key).and_then(|place| lost.get_mut(*place)) {
                    *lost = true;
                }
            }
        }
        if !lost.contains(&true) {
            return Ok(self);
        }
        let is_lost = |place: usize| lost.get(place) == Some(&true);
        let kept: Vec<usize> = (0..self.nodes.len())
            .filter(|place| !is_lost(*place) && !self.parents(*place).any(is_lost))
            .collect();
        let moved: HashMap<usize, usize> = kept.iter().enumerate().map(|(to, from)| (*from, to)).collect();
        let mut tree = Tree { nodes: Vec::new(), places: HashMap::new(), inside: Vec::new() };
        for (place, mut node) in self.nodes.into_iter().enumerate() {
            if let Some(to) = moved.get(&place) {
                node.parent = node.parent.and_then(|parent| moved.get(&parent).copied());
                tree.places.insert(node.epc.key(), *to);
                tree.nodes.push(node);
            }
        }
        tree.arrange();
        Ok(tree)
    }

    fn arrange(&mut self) {
        let mut inside: Vec<usize> =
            (0..self.nodes.len()).filter(|place| self.parent(*place).is_some()).collect();
        inside.sort_by_key(|place| self.parent(*place));
        self.inside = inside;
    }

    /// Every object, each once, outer before inner.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The object of this key and its place among [`nodes`](Tree::nodes).
    pub fn find(&self, key: &str) -> Option<(usize, &Node)> {
        let place = *self.places.get(key)?;
        Some((place, self.nodes.get(place)?))
    }

    /// What is directly in the object at this place.
    pub fn children(&self, place: usize) -> impl Iterator<Item = &Node> {
        let from = self.inside.partition_point(|inner| self.parent(*inner) < Some(place));
        let behind = self.inside.get(from..).unwrap_or_default();
        behind
            .iter()
            .take_while(move |inner| self.parent(**inner) == Some(place))
            .filter_map(|inner| self.nodes.get(*inner))
    }

    /// True where something is in the object at this place.
    pub fn is_container(&self, place: usize) -> bool {
        self.children(place).next().is_some()
    }

    /// The containers around the object at this place, the innermost first.
    pub fn containers_of(&self, place: usize) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.parent(place), |outer| self.parent(*outer))
            .filter_map(|outer| self.nodes.get(outer))
    }

    /// The units: trade items in which nothing is.
    pub fn units(&self) -> impl Iterator<Item = &Node> {
        self.empty().map(|(_, node)| node).filter(|node| node.epc.gtin().is_some())
    }

    /// What is no trade item and has nothing in it: containers of which no event tells the content.
    pub fn unexplained(&self) -> impl Iterator<Item = &Node> {
        self.empty().map(|(_, node)| node).filter(|node| node.epc.gtin().is_none())
    }

    /// Everything in which nothing is, with the containers around it.
    pub fn leaves(&self) -> impl Iterator<Item = Leaf<'_>> {
        self.empty().map(|(place, node)| {
            let outer = || std::iter::once(place).chain(self.parents(place));
            Leaf {
                epc: &node.epc,
                key: node.epc.key(),
                containers: self.containers_of(place).map(|node| node.epc.clone()).collect(),
                events: outer().filter_map(|place| self.nodes.get(place)?.event()).collect(),
            }
        })
    }

    fn empty(&self) -> impl Iterator<Item = (usize, &Node)> {
        let mut holds = vec![false; self.nodes.len()];
        for node in &self.nodes {
            if let Some(outer) = node.parent.and_then(|parent| holds.get_mut(parent)) {
                *outer = true;
            }
        }
        self.nodes.iter().enumerate().zip(holds).filter(|(_, holds)| !holds).map(|(node, _)| node)
    }

    fn parent(&self, place: usize) -> Option<usize> {
        self.nodes.get(place)?.parent
    }

    /// Gives an object its place; what has one keeps it.
    fn place(
        &mut self,
        key: String,
        epc: Epc,
        packed: Option<(usize, EventHead)>,
    ) -> Result<(), HierarchyError> {
        if self.places.contains_key(&key) {
            return Ok(());
        }
        if self.nodes.len() == MOST_OBJECTS {
            return Err(HierarchyError::TooLarge);
        }
        let (parent, packed) = packed.unzip();
        self.places.insert(key, self.nodes.len());
        self.nodes.push(Node { epc, parent, packed });
        Ok(())
    }

    /// Puts an object into a container, unless it is in another by a later event, or holds the container itself.
    fn pack(&mut self, key: String, held: Held, container: &str) -> Result<(), HierarchyError> {
        let Some(outer) = self.places.get(container).copied() else { return Ok(()) };
        let Some(inner) = self.places.get(&key).copied() else {
            return self.place(key, held.epc, Some((outer, held.head)));
        };
        let in_itself = inner == outer || self.parents(outer).any(|place| place == inner);
        if let Some(node) = self.nodes.get_mut(inner).filter(|_| !in_itself)
            && node.packed.as_ref().is_none_or(|earlier| held.head.follows(earlier))
        {
            node.parent = Some(outer);
            node.packed = Some(held.head);
        }
        Ok(())
    }

    fn parents(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parent(place), |outer| self.parent(*outer))
    }
}

/// True where an object may hold others: no object of a class that never stands as `parentID` does.
fn may_hold(store: &Store, epc: &Epc, classes: &mut HashMap<String, bool>) -> Result<bool, HierarchyError> {
    if epc.scheme() == Some(Scheme::Sscc) {
        return Ok(true);
    }
    let Some(class) = epc.class_key() else { return Ok(true) };
    if let Some(known) = classes.get(&class) {
        return Ok(*known);
    }
    let holds = store.has_parents_of(&class)?;
    classes.insert(class, holds);
    Ok(holds)
}
