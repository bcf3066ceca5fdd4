//! The control group that a target is started in: where its leaf is made, and the limits of that leaf.

use crate::bytes::{Reader, push_string};
use crate::error::DecodeError;

/// A leaf of its own for one target and its descendants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cgroup {
    /// The folder it is made in; empty = the control group of the shepherd.
    pub parent: Vec<u8>,
    /// Most bytes of memory.
    pub memory_max: Option<u64>,
    /// Most processes and threads.
    pub pids_max: Option<u64>,
    /// Processor time in every period, and that period, in microseconds.
    pub cpu_max: Option<(u64, u64)>,
}

impl Cgroup {
    pub(crate) fn encode(&self, into: &mut Vec<u8>) {
        push_string(into, &self.parent);
        let (quota, period) = self.cpu_max.unzip();
        for limit in [self.memory_max, self.pids_max, quota, period] {
            into.push(u8::from(limit.is_some()));
            into.extend(limit.iter().flat_map(|limit| limit.to_le_bytes()));
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let parent = reader.string("cgroup")?;
        let mut limit = |name| if reader.bool(name)? { reader.u64(name).map(Some) } else { Ok(None) };
        let (memory_max, pids_max) = (limit("memory_max")?, limit("pids_max")?);
        let cpu_max = match (limit("cpu_max")?, limit("cpu_max")?) {
            (Some(quota), Some(period)) => Some((quota, period)),
            (None, None) => None,
            _ => return Err(DecodeError::Invalid("cpu_max")),
        };
        Ok(Self { parent, memory_max, pids_max, cpu_max })
    }
}
