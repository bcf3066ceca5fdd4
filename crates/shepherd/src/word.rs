//! What the shepherd and a keeper say to each other beside commands. One message each, so none is ever seen in part.

use libc::pid_t;
use protocol::Stage;

use crate::exec::Failure;

/// First byte of an order to a keeper; the process that asked follows, then the spawn message as it came.
pub const ORDER: u8 = 0xf0;

/// First byte of the word that follows an order for a tree: the target's ends are closed on the shepherd's side.
pub const GO: u8 = 0xf1;

/// Bytes of a word, and of what stands before a spawn message.
pub const WORD_SIZE: usize = 8;

/// A keeper's words.
#[derive(Debug, Clone, Copy)]
pub enum Word {
    /// The target of this number runs its program. Of a group, that is all the keeper has to do with it.
    Started(pid_t),
    /// There is no target. The keeper waits for the next order.
    Failed(Failure),
    /// Nothing is left of the tree, and nobody asks for it. The keeper waits for the next order.
    Done,
    /// The keeper leaves, and leaves processes that it could not kill.
    Left,
    /// It can't be a keeper at all, and leaves.
    Unfit(Failure),
}

impl Word {
    pub fn encode(self) -> [u8; WORD_SIZE] {
        let (tag, stage, number) = match self {
            Self::Started(pid) => (1, 0, pid),
            Self::Failed(Failure { stage, errno }) => (2, stage.to_byte(), errno),
            Self::Done => (3, 0, 0),
            Self::Left => (4, 0, 0),
            Self::Unfit(Failure { stage, errno }) => (5, stage.to_byte(), errno),
        };
        let [a, b, c, d] = number.to_le_bytes();
        [tag, stage, 0, 0, a, b, c, d]
    }

    pub fn decode([tag, stage, _, _, a, b, c, d]: [u8; WORD_SIZE]) -> Self {
        let number = i32::from_le_bytes([a, b, c, d]);
        let failure = Failure { stage: Stage::from_byte(stage).unwrap_or(Stage::Exec), errno: number };
        match tag {
            1 => Self::Started(number),
            2 => Self::Failed(failure),
            3 => Self::Done,
            4 => Self::Left,
            _ => Self::Unfit(failure),
        }
    }
}

/// What stands before the spawn message in an order.
pub fn order_head(node: pid_t) -> [u8; WORD_SIZE] {
    let [a, b, c, d] = node.to_le_bytes();
    [ORDER, 0, 0, 0, a, b, c, d]
}

/// The process that asked, and the spawn message; `None` when it is no order.
pub fn order_parts(bytes: &[u8]) -> Option<(pid_t, &[u8])> {
    let (head, message) = bytes.split_first_chunk::<WORD_SIZE>()?;
    let [tag, _, _, _, a, b, c, d] = *head;
    (tag == ORDER).then(|| (i32::from_le_bytes([a, b, c, d]), message))
}
