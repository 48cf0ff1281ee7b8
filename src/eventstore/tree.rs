//! The append-only Merkle tree over a company's log (RFC 9162 section 2.1): its frontier and root.

use sha2::{Digest, Sha256};

/// Hash of an inner node.
fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update([1_u8])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The frontier: roots of the full subtrees of the tree of `size` leaves, largest first. Appending a leaf and taking
/// the root need nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    roots: Vec<[u8; 32]>,
}

impl Frontier {
    /// From the head row. `None` if the bytes do not fit the size.
    #[must_use]
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && u32::try_from(chunks.len()).ok()? == size.count_ones();
        fits.then(|| Self {
            size,
            roots: chunks.to_vec(),
        })
    }

    /// For the head row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.concat()
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: [u8; 32]) {
        let mut root = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                root = node(&left, &root);
            }
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// Root of the tree; SHA-256 of nothing for an empty one.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else {
            return Sha256::digest(b"").into();
        };
        roots.fold(*last, |right, left| node(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(data: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update([0_u8]).chain_update(data).finalize().into()
    }

    #[test]
    fn the_tree_of_the_rfc_test_leaves_has_the_known_root() {
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
        let mut frontier = Frontier::default();
        for hex_leaf in leaves {
            frontier.push(leaf(&hex::decode(hex_leaf).unwrap()));
        }
        assert_eq!(
            hex::encode(frontier.root()),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
    }

    #[test]
    fn the_roots_of_the_vectors_hold_at_every_size() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/vectors/log-v1.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("SKIPPED: no test vectors at {path}");
            return;
        };
        let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut frontier = Frontier::default();
        for size in 0..=8_usize {
            if let Some(root) = vectors["wurzel"].get(size.to_string()) {
                assert_eq!(hex::encode(frontier.root()), root.as_str().unwrap(), "size {size}");
            }
            let restored = Frontier::from_bytes(frontier.size(), &frontier.to_bytes()).unwrap();
            assert_eq!(restored, frontier);
            if size < 8 {
                let mut next = [0_u8; 32];
                hex::decode_to_slice(vectors["blatt_hash"][size].as_str().unwrap(), &mut next).unwrap();
                frontier.push(next);
            }
        }
        assert!(Frontier::from_bytes(3, &frontier.to_bytes()).is_none());
    }
}
