//! The read-ahead lane of an endpoint: blocks that the I/O thread filled and nobody has taken yet.
//! Owns the blocks and their permits; the descriptor belongs to the endpoint.
//!
//! The capacity of a block counts against the budgets, not its fill, because that is what it costs. Taking a block
//! gives its permits back. An endpoint without any block may always have a small one, also when the environment's shared
//! budget is spent by others: otherwise a reader nobody holds back could wait for ever.

use std::collections::VecDeque;

use flow::{Budget, Hold};

/// Two blocks make a limit: one is filled while the other is consumed. Large ones, since each costs the consumer a wake-up.
const LARGEST_BLOCK: usize = 1024 * 1024;
const SMALLEST_BLOCK: usize = 64 * 1024;

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
    /// How many of the first bytes were taken.
    taken: usize,
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
        let block_size = (limit / 2).clamp(SMALLEST_BLOCK, LARGEST_BLOCK).min(limit);
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

    /// Reads with `read`, which fills spare capacity and says how much, until it would block, permits or this turn's share run out.
    pub(crate) fn fill(
        &mut self,
        share: usize,
        mut read: impl FnMut(&mut Vec<u8>) -> Result<usize, i32>,
    ) -> Filled {
        let mut taken = 0;
        while taken < share {
            let Some(block) = self.room() else { return Filled::Paused };
            match read(&mut block.bytes) {
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

    /// The oldest bytes, at most `max`. A block that is mostly full is given away as it is; of others the bytes are copied, so
    /// that nobody keeps a block for the sake of a few bytes.
    pub(crate) fn take(&mut self, max: usize) -> Option<Vec<u8>> {
        let block = self.blocks.front_mut()?;
        let rest = block.bytes.get(block.taken..).unwrap_or_default();
        let is_all = rest.len() <= max;
        if is_all && rest.len() >= block.bytes.capacity() / 2 && block.taken == 0 {
            return self.blocks.pop_front().map(|block| block.bytes);
        }
        let part = rest.get(..max).unwrap_or(rest).to_vec();
        block.taken += part.len();
        if is_all {
            self.blocks.pop_front();
        }
        Some(part)
    }

    fn room(&mut self) -> Option<&mut Block> {
        let fits = self.blocks.back().is_some_and(|block| block.bytes.len() < block.bytes.capacity());
        if !fits {
            let shared = self.shared.take(u32::try_from(self.block_size).ok()?);
            let size = match shared {
                Some(_) => self.block_size,
                None if self.blocks.is_empty() => self.block_size.min(SMALLEST_BLOCK),
                None => return None,
            };
            let own = self.own.take(u32::try_from(size).ok()?)?;
            let bytes = Vec::with_capacity(size);
            self.blocks.push_back(Block { bytes, taken: 0, _own: own, _shared: shared });
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

    use super::{Ahead, Filled, SMALLEST_BLOCK as BLOCK};

    /// What a read does: never more than there is capacity for.
    #[expect(clippy::unnecessary_wraps, reason = "stands for a read that can fail")]
    fn read_in(into: &mut Vec<u8>, most: usize, byte: u8) -> Result<usize, i32> {
        let count = most.min(into.capacity() - into.len());
        into.resize(into.len() + count, byte);
        Ok(count)
    }

    #[test]
    fn memory_never_exceeds_the_limit_and_a_take_makes_room() {
        let mut ahead = Ahead::new(2 * BLOCK, Budget::new(10 * BLOCK));
        let full = |into: &mut Vec<u8>| read_in(into, usize::MAX, b'x');
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
        assert_eq!(ahead.fill(usize::MAX, |into| read_in(into, usize::MAX, b'x')), Filled::Paused);
        assert_eq!(ahead.take(usize::MAX).map(|bytes| bytes.len()), Some(BLOCK));
        assert!(ahead.is_empty());
    }

    #[test]
    fn nobody_keeps_a_block_for_a_few_bytes() {
        let mut ahead = Ahead::new(4 * BLOCK, Budget::new(4 * BLOCK));
        let mut reads = [5, 0].into_iter();
        assert_eq!(ahead.fill(usize::MAX, |into| read_in(into, reads.next().unwrap(), b'x')), Filled::Ended);
        assert!(ahead.take(usize::MAX).is_some_and(|bytes| bytes.len() == 5 && bytes.capacity() < 64));
    }

    #[test]
    fn order_is_kept_when_blocks_are_taken_in_parts() {
        let mut ahead = Ahead::new(BLOCK, Budget::new(BLOCK));
        let mut pieces = vec![Err(libc::EAGAIN), Ok(&b"def"[..]), Ok(&b"abc"[..])];
        let filled = ahead.fill(usize::MAX, |into| {
            pieces.pop().unwrap().map(|bytes| {
                into.extend_from_slice(bytes);
                bytes.len()
            })
        });
        assert_eq!(filled, Filled::Idle);
        let parts: Vec<_> = std::iter::from_fn(|| ahead.take(4)).collect();
        assert_eq!(parts, [b"abcd".to_vec(), b"ef".to_vec()]);
    }
}
