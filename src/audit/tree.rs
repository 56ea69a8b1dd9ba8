//! The tree over the leaves (RFC 6962, section 2.1), as far as it is needed to add to it.

use tlog_tiles::EMPTY_HASH;
use tlog_tiles::Hash;
use tlog_tiles::node_hash;

/// Rows of one tile of level 0, and hashes of each full tile (C2SP tlog-tiles).
pub const TILE: u64 = 256;

/// How many levels of the tree one tile spans.
pub const TILE_HEIGHT: u32 = 8;

/// The right edge of a tree: the roots of its complete subtrees, the largest first.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    size: u64,
    peaks: Vec<Hash>,
}

impl Edge {
    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Adds a complete subtree of 2^height leaves, of which the tree must have a multiple.
    pub fn push_subtree(&mut self, height: u32, root: Hash) {
        let mut root = root;
        let mut count = self.size >> height;
        while count & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                root = node_hash(left, root);
            }
            count >>= 1;
        }
        self.peaks.push(root);
        self.size += 1 << height;
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let last = peaks.next().copied().unwrap_or(EMPTY_HASH);
        peaks.fold(last, |right, left| node_hash(*left, right))
    }
}

/// The root of the tree over these hashes.
pub fn root_of(hashes: impl IntoIterator<Item = Hash>) -> Hash {
    let mut edge = Edge::default();
    hashes.into_iter().for_each(|hash| edge.push(hash));
    edge.root()
}

/// The hashes of a tile; what is too short for one is left out.
pub fn hashes_of(tile: &[u8]) -> impl Iterator<Item = Hash> + '_ {
    tile.as_chunks::<32>().0.iter().map(|hash| Hash(*hash))
}

/// The path of a tile of this width, such as `tile/0/x001/234.p/17`.
pub fn tile_path(level: u8, tile: u64, width: u64) -> String {
    let mut rest = tile;
    let mut path = format!("{:03}", rest % 1000);
    while rest >= 1000 {
        rest /= 1000;
        path = format!("x{:03}/{path}", rest % 1000);
    }
    let part = if width == TILE { String::new() } else { format!(".p/{width}") };
    format!("tile/{level}/{path}{part}")
}

#[cfg(test)]
mod tests {
    use tlog_tiles::record_hash;

    use super::*;

    fn hex(hash: Hash) -> String {
        hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// The leaves and roots that implementations of RFC 6962 are tested with (certificate-transparency's merkletree tests).
    #[test]
    fn roots_are_those_published() {
        let leaves = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut edge = Edge::default();
        assert_eq!(hex(edge.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (leaf, root) in leaves.iter().zip(roots) {
            edge.push(record_hash(&unhex(leaf)));
            assert_eq!(hex(edge.root()), root, "{} leaves", edge.size());
        }
    }

    #[test]
    fn subtrees_are_as_good_as_their_leaves() {
        let leaves: Vec<Hash> = (0..1000u32).map(|number| record_hash(&number.to_be_bytes())).collect();
        let mut edge = Edge::default();
        for tile in leaves.chunks(256) {
            match tile.len() {
                256 => edge.push_subtree(TILE_HEIGHT, root_of(tile.iter().copied())),
                _ => tile.iter().for_each(|leaf| edge.push(*leaf)),
            }
        }
        assert_eq!((edge.size(), edge.root()), (1000, root_of(leaves)));
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(tile_path(0, 1_234_067, TILE), "tile/0/x001/x234/067");
        assert_eq!(tile_path(1, 0, 17), "tile/1/000.p/17");
    }
}
