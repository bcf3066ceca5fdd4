//! The typed records on a child's status pipe. All have one size below `PIPE_BUF`, so a write is whole or not at all.

use crate::bytes::{Fixed, Reader};
use crate::error::DecodeError;
use crate::extras::Resource;
use crate::request::Containment;

/// Size of an encoded [`Status`].
pub const STATUS_SIZE: usize = 48;

/// One fact about a child, written by the process that knows it.
///
/// Order: `Failed` alone, or `Started`, any number of `Stopped`, `Orphaned` at most once, `Exited`, `Empty`. End of file earlier
/// than that means that the writer was killed: nothing is ever invented in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The target does not run and never will.
    Failed {
        /// What was being done.
        stage: Stage,
        /// Why it failed.
        errno: i32,
    },
    /// The target's program runs, and nobody but the target holds its ends of the pipes.
    Started {
        /// Its process id, held until `Release`.
        pid: i32,
        /// What holds its descendants.
        containment: Containment,
    },
    /// A foreground target was stopped from the terminal, and the foreground was taken back.
    Stopped,
    /// The keeper's shepherd is gone and its tree is about to be ended: what its pipes hold may be cut short. Written before the
    /// first signal, so it is in the pipe before any end of file that comes of it.
    Orphaned,
    /// The target has exited.
    Exited {
        /// Exit code, -1 if a signal ended it.
        code: i32,
        /// The signal that ended it, 0 if none did.
        signal: i32,
        /// Whether it left a core file.
        core_dumped: bool,
        /// Largest resident set of the target and its waited-for descendants.
        max_rss_bytes: u64,
        /// Processor time in user mode, in microseconds.
        user_us: u64,
        /// Processor time in the kernel, in microseconds.
        system_us: u64,
    },
    /// Nothing is left but `survivors` that can't be killed. The last record.
    Empty {
        /// Processes that outlived SIGKILL: of another user, or in an uninterruptible call.
        survivors: u32,
    },
}

/// What was being done when a spawn failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Executing the program, or finding it.
    Exec,
    /// Changing to the working directory.
    Chdir,
    /// Making a process.
    Fork,
    /// Making the keeper, or its hold on the tree.
    Containment,
    /// Reading the request.
    Decode,
    /// Comparing the sender's credentials with the shepherd's.
    Credentials,
    /// Handing over the terminal's foreground.
    Foreground,
    /// Waiting for the exec.
    Timeout,
    /// Receiving the descriptors.
    Descriptors,
    /// Putting the descriptors on 0, 1, 2 and so on.
    Stdio,
    /// Making the target's group or session.
    Session,
    /// Setting the nice value.
    Nice,
    /// Setting a resource limit.
    Limit(Resource),
    /// Giving up the supplementary groups.
    Groups,
    /// Becoming another group.
    Gid,
    /// Becoming another user.
    Uid,
    /// Finding the control group to make a leaf in.
    CgroupParent,
    /// Making the leaf.
    CgroupLeaf,
    /// Making sure that the leaf can be killed as a whole.
    CgroupKill,
    /// Limiting its memory.
    CgroupMemory,
    /// Limiting its processes.
    CgroupPids,
    /// Limiting its processor time.
    CgroupCpu,
    /// Starting the target in it.
    CgroupJoin,
}

impl Stage {
    /// Every stage with its word; its place is its byte in a record.
    const ALL: [(Self, &'static str); 28] = [
        (Self::Exec, "exec"),
        (Self::Chdir, "chdir"),
        (Self::Fork, "fork"),
        (Self::Containment, "containment"),
        (Self::Decode, "decode"),
        (Self::Credentials, "credentials"),
        (Self::Foreground, "foreground"),
        (Self::Timeout, "timeout"),
        (Self::Descriptors, "descriptors"),
        (Self::Stdio, "stdio"),
        (Self::Session, "session"),
        (Self::Nice, "nice"),
        (Self::Limit(Resource::Nofile), "rlimits.nofile"),
        (Self::Limit(Resource::Nproc), "rlimits.nproc"),
        (Self::Limit(Resource::As), "rlimits.as"),
        (Self::Limit(Resource::Cpu), "rlimits.cpu"),
        (Self::Limit(Resource::Core), "rlimits.core"),
        (Self::Limit(Resource::Fsize), "rlimits.fsize"),
        (Self::Groups, "groups"),
        (Self::Gid, "gid"),
        (Self::Uid, "uid"),
        (Self::CgroupParent, "cgroup.parent"),
        (Self::CgroupLeaf, "cgroup.leaf"),
        (Self::CgroupKill, "cgroup.kill"),
        (Self::CgroupMemory, "cgroup.memoryMax"),
        (Self::CgroupPids, "cgroup.pidsMax"),
        (Self::CgroupCpu, "cgroup.cpuMax"),
        (Self::CgroupJoin, "cgroup.join"),
    ];

    fn place(self) -> usize {
        Self::ALL.iter().position(|(stage, _)| *stage == self).unwrap_or(0)
    }

    /// The word for it in an error.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.get(self.place()).map_or("exec", |(_, word)| word)
    }

    /// Whether it is the wanted hold on the tree that could not be had.
    #[must_use]
    pub const fn is_containment(self) -> bool {
        matches!(
            self,
            Self::Containment
                | Self::CgroupParent
                | Self::CgroupLeaf
                | Self::CgroupKill
                | Self::CgroupMemory
                | Self::CgroupPids
                | Self::CgroupCpu
                | Self::CgroupJoin
        )
    }

    /// Its byte in a record. Async-signal-safe.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        self.place() as u8
    }

    /// The stage of that byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).map(|(stage, _)| *stage)
    }
}

impl Status {
    /// The bytes for the status pipe: tag, a small field, two zeros, two numbers, four zeros, three large numbers, eight zeros.
    #[must_use]
    pub fn encode(&self) -> [u8; STATUS_SIZE] {
        let (tag, small, numbers, large) = match *self {
            Self::Failed { stage, errno } => (1, stage.to_byte(), [errno, 0], [0; 3]),
            Self::Started { pid, containment } => (2, containment as u8, [pid, 0], [0; 3]),
            Self::Stopped => (3, 0, [0, 0], [0; 3]),
            Self::Exited { code, signal, core_dumped, max_rss_bytes, user_us, system_us } => {
                (4, u8::from(core_dumped), [code, signal], [max_rss_bytes, user_us, system_us])
            }
            Self::Orphaned => (6, 0, [0, 0], [0; 3]),
            Self::Empty { survivors } => (5, 0, [survivors.cast_signed(), 0], [0; 3]),
        };
        let fixed = Fixed::new().put(&[tag, small, 0, 0]);
        let fixed = numbers.iter().fold(fixed, |fixed, number| fixed.put(&number.to_le_bytes())).put(&[0; 4]);
        large.iter().fold(fixed, |fixed, number| fixed.put(&number.to_le_bytes())).done()
    }

    /// Reads a record.
    ///
    /// # Errors
    /// Any other length, an unknown tag, a field without meaning, or a field set that the record doesn't have.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let tag = reader.u8("tag")?;
        let small = reader.u8("small field")?;
        reader.zeros(2)?;
        let number = reader.i32("first number")?;
        let second = reader.i32("second number")?;
        reader.zeros(4)?;
        let large = [reader.u64("max_rss_bytes")?, reader.u64("user_us")?, reader.u64("system_us")?];
        reader.zeros(8)?;
        reader.end()?;
        let record = match tag {
            1 => {
                let stage = Stage::from_byte(small).ok_or(DecodeError::Invalid("stage"))?;
                Self::Failed { stage, errno: number }
            }
            2 => Self::Started { pid: number, containment: Containment::from_byte(small)? },
            3 => Self::Stopped,
            4 => {
                let [max_rss_bytes, user_us, system_us] = large;
                let core_dumped = small == 1;
                Self::Exited { code: number, signal: second, core_dumped, max_rss_bytes, user_us, system_us }
            }
            5 => Self::Empty { survivors: number.cast_unsigned() },
            6 => Self::Orphaned,
            _ => return Err(DecodeError::Invalid("tag")),
        };
        if record.encode() == bytes { Ok(record) } else { Err(DecodeError::Invalid("padding")) }
    }
}
