//! A ring of the last bytes of a stream that is drained all the time. Knows nothing of descriptors.

use std::collections::VecDeque;

#[derive(Debug)]
pub(crate) struct Tail {
    ring: VecDeque<u8>,
    keep: usize,
}

impl Tail {
    pub(crate) fn new(keep: usize) -> Self {
        Self { ring: VecDeque::new(), keep }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(bytes.len().saturating_sub(self.keep)..).unwrap_or_default();
        let excess = (self.ring.len() + bytes.len()).saturating_sub(self.keep);
        self.ring.drain(..excess.min(self.ring.len()));
        self.ring.extend(bytes);
    }

    pub(crate) fn copy(&self) -> Vec<u8> {
        self.ring.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Tail;

    #[test]
    fn exactly_the_last_bytes_are_kept_whatever_the_pieces() {
        for keep in [0, 1, 5, 64] {
            for piece in [1, 3, 7, 100] {
                let all: Vec<u8> = (0..250).collect();
                let mut tail = Tail::new(keep);
                all.chunks(piece).for_each(|bytes| tail.push(bytes));
                assert_eq!(tail.copy(), &all[all.len() - keep..], "keep {keep}, pieces of {piece}");
            }
        }
    }
}
