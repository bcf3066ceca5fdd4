//! The read-ahead lane of an endpoint: blocks that the I/O thread filled and nobody has taken yet.
//! Owns the blocks and their permits; the descriptor belongs to the endpoint.
//!
//! The capacity of a block counts against the budgets, not its fill, because that is what it costs. Taking a block
//! gives its permits back. An endpoint without any block may always have one, also when the environment's shared budget
//! is spent by others: otherwise a reader nobody holds back could wait for ever.

use std::collections::VecDeque;

use flow::{Budget, Hold};

const BLOCK: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Ahead {
    blocks: VecDeque<Block>,
    block_size: usize,
    own: Budget,
    shared: Budget,
    /// No permits were left: the descriptor is out of the poller until a block is taken.
    pub(crate) paused: bool,
    /// A consumer waits for the first byte.
    pub(crate) wanted: bool,
    /// 0 = end of file, else the errno that ended it.
    pub(crate) end: Option<i32>,
}

#[derive(Debug)]
struct Block {
    bytes: Vec<u8>,
    _own: Hold,
    _shared: Option<Hold>,
}

/// Why filling stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// The pipe is empty for now.
    Idle,
    /// The share of this turn is used up; there may be more.
    More,
    /// No permit for another block.
    Paused,
    /// The stream is at its end, or failed.
    Ended,
}

impl Ahead {
    pub(crate) fn new(limit: usize, shared: Budget) -> Self {
        let limit = limit.max(1);
        let block_size = BLOCK.min(limit);
        Self {
            blocks: VecDeque::new(),
            block_size,
            own: Budget::new(limit / block_size * block_size),
            shared,
            paused: false,
            wanted: false,
            end: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Reads with `read` (errno on failure) until it would block, permits or this turn's share run out.
    pub(crate) fn fill(
        &mut self,
        share: usize,
        mut read: impl FnMut(&mut [u8]) -> Result<usize, i32>,
    ) -> Filled {
        let mut taken = 0;
        while taken < share {
            let Some(block) = self.room() else { return Filled::Paused };
            let filled = block.bytes.len();
            block.bytes.resize(block.bytes.capacity(), 0);
            let outcome = read(block.bytes.get_mut(filled..).unwrap_or_default());
            block.bytes.truncate(filled + *outcome.as_ref().unwrap_or(&0));
            match outcome {
                Ok(0) => return self.ended(0),
                Ok(count) => taken += count,
                Err(libc::EAGAIN) => {
                    self.drop_empty();
                    return Filled::Idle;
                }
                Err(libc::EINTR) => {}
                Err(errno) => return self.ended(errno),
            }
        }
        Filled::More
    }

    /// The oldest bytes, at most `max`.
    pub(crate) fn take(&mut self, max: usize) -> Option<Vec<u8>> {
        let block = self.blocks.front_mut()?;
        if block.bytes.len() <= max {
            return self.blocks.pop_front().map(|block| block.bytes);
        }
        let rest = block.bytes.split_off(max);
        Some(std::mem::replace(&mut block.bytes, rest))
    }

    fn room(&mut self) -> Option<&mut Block> {
        let fits = self.blocks.back().is_some_and(|block| block.bytes.len() < block.bytes.capacity());
        if !fits {
            let bytes = u32::try_from(self.block_size).ok()?;
            let own = self.own.take(bytes)?;
            let shared = self.shared.take(bytes);
            if shared.is_none() && !self.blocks.is_empty() {
                return None;
            }
            self.blocks.push_back(Block {
                bytes: Vec::with_capacity(self.block_size),
                _own: own,
                _shared: shared,
            });
        }
        self.blocks.back_mut()
    }

    fn ended(&mut self, errno: i32) -> Filled {
        self.drop_empty();
        self.end = Some(errno);
        Filled::Ended
    }

    fn drop_empty(&mut self) {
        if self.blocks.back().is_some_and(|block| block.bytes.is_empty()) {
            self.blocks.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use flow::Budget;

    use super::{Ahead, BLOCK, Filled};

    #[test]
    fn memory_never_exceeds_the_limit_and_a_take_makes_room() {
        let mut ahead = Ahead::new(2 * BLOCK, Budget::new(10 * BLOCK));
        let full = |into: &mut [u8]| Ok(into.len());
        assert_eq!(ahead.fill(usize::MAX, full), Filled::Paused);
        assert_eq!(ahead.take(usize::MAX).map(|bytes| bytes.len()), Some(BLOCK));
        assert_eq!(ahead.fill(usize::MAX, full), Filled::Paused);
        let rest: usize = std::iter::from_fn(|| ahead.take(usize::MAX)).map(|bytes| bytes.len()).sum();
        assert_eq!(rest, 2 * BLOCK);
    }

    #[test]
    fn a_spent_shared_budget_still_leaves_everyone_one_block() {
        let shared = Budget::new(0);
        let mut ahead = Ahead::new(8 * BLOCK, shared);
        assert_eq!(ahead.fill(usize::MAX, |into| Ok(into.len())), Filled::Paused);
        assert_eq!(ahead.take(usize::MAX).map(|bytes| bytes.len()), Some(BLOCK));
        assert!(ahead.is_empty());
    }

    #[test]
    fn order_is_kept_when_blocks_are_taken_in_parts() {
        let mut ahead = Ahead::new(BLOCK, Budget::new(BLOCK));
        let mut pieces = vec![Err(libc::EAGAIN), Ok(&b"def"[..]), Ok(&b"abc"[..])];
        let filled = ahead.fill(usize::MAX, |into| {
            pieces.pop().unwrap().map(|bytes| {
                into[..bytes.len()].copy_from_slice(bytes);
                bytes.len()
            })
        });
        assert_eq!(filled, Filled::Idle);
        let parts: Vec<_> = std::iter::from_fn(|| ahead.take(4)).collect();
        assert_eq!(parts, [b"abcd".to_vec(), b"ef".to_vec()]);
    }
}
