//! What few spawns ask for: another identity, other limits, descriptors beyond the standard three. A request without any
//! of it carries one byte that says so.

use crate::bytes::Reader;
use crate::cgroup::Cgroup;
use crate::error::DecodeError;
use crate::request::Stdio;

/// Descriptors beyond the standard three that one target can get. A message carries no more than 253 in all.
pub const MAX_EXTRA_FDS: usize = 64;

/// A resource limit that has no bound.
pub const UNLIMITED: u64 = u64::MAX;

/// The resources that can be limited, by the system's own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// The number above every descriptor.
    Nofile,
    /// Processes and threads of the target's user.
    Nproc,
    /// Bytes of address space.
    As,
    /// Seconds of processor time.
    Cpu,
    /// Bytes of a core file.
    Core,
    /// Bytes of a file that is written.
    Fsize,
}

impl Resource {
    /// How many there are.
    pub const COUNT: usize = 6;

    /// All of them, in the order of [`Extras::limits`].
    pub const ALL: [Self; Self::COUNT] =
        [Self::Nofile, Self::Nproc, Self::As, Self::Cpu, Self::Core, Self::Fsize];
}

/// What is asked for beyond the ordinary; by default nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// Real, effective and saved user.
    pub uid: Option<u32>,
    /// Real, effective and saved group.
    pub gid: Option<u32>,
    /// The nice value, -20 to 19.
    pub nice: Option<i8>,
    /// Soft and hard limit of each resource, in the order of [`Resource::ALL`]; [`UNLIMITED`] = none.
    pub limits: [Option<u64>; Resource::COUNT],
    /// The sources of 3, 4 and so on, at most [`MAX_EXTRA_FDS`]; those that are passed come after those of 0, 1 and 2.
    pub descriptors: Vec<Stdio>,
    /// A control group of its own; only for a target whose tree is held together.
    pub cgroup: Option<Cgroup>,
}

const UID: u16 = 1;
const GID: u16 = 1 << 1;
const NICE: u16 = 1 << 2;
/// Of the first resource; the others follow.
const LIMIT: u16 = 1 << 3;
const CGROUP: u16 = LIMIT << Resource::COUNT;

impl Extras {
    /// Which fields there are, those fields, the count of descriptors and one byte for each.
    pub(crate) fn encode(&self, into: &mut Vec<u8>) {
        let limits = self.limits.iter().enumerate().filter(|(_, limit)| limit.is_some());
        let fields = [
            (UID, self.uid.is_some()),
            (GID, self.gid.is_some()),
            (NICE, self.nice.is_some()),
            (CGROUP, self.cgroup.is_some()),
        ];
        let named = fields.into_iter().filter(|(_, there)| *there).map(|(bit, _)| bit);
        let mask = named.chain(limits.map(|(index, _)| LIMIT << index)).fold(0, |mask, bit| mask | bit);
        into.extend_from_slice(&mask.to_le_bytes());
        for id in [self.uid, self.gid].into_iter().flatten() {
            into.extend_from_slice(&id.to_le_bytes());
        }
        into.extend(self.nice.map(i8::cast_unsigned));
        for limit in self.limits.into_iter().flatten() {
            into.extend_from_slice(&limit.to_le_bytes());
        }
        into.push(u8::try_from(self.descriptors.len()).unwrap_or(u8::MAX));
        into.extend(self.descriptors.iter().map(|slot| slot.to_byte()));
        if let Some(cgroup) = &self.cgroup {
            cgroup.encode(into);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mask = reader.u16("extras")?;
        if mask >= CGROUP << 1 {
            return Err(DecodeError::Invalid("extras"));
        }
        let has = |bit: u16| mask & bit != 0;
        let uid = has(UID).then(|| reader.u32("uid")).transpose()?;
        let gid = has(GID).then(|| reader.u32("gid")).transpose()?;
        let nice = has(NICE).then(|| reader.u8("nice").map(u8::cast_signed)).transpose()?;
        let mut limits = [None; Resource::COUNT];
        for (index, limit) in limits.iter_mut().enumerate() {
            *limit = has(LIMIT << index).then(|| reader.u64("limits")).transpose()?;
        }
        let count = usize::from(reader.u8("descriptors")?);
        let descriptors =
            (0..count).map(|_| Stdio::from_byte(reader.u8("descriptors")?)).collect::<Result<_, _>>()?;
        let cgroup = has(CGROUP).then(|| Cgroup::decode(reader)).transpose()?;
        let extras = Self { uid, gid, nice, limits, descriptors, cgroup };
        extras.check().map(|()| extras)
    }

    /// The highest number is what the system's calls take for "leave it as it is".
    fn check(&self) -> Result<(), DecodeError> {
        let fields = [
            ("uid", self.uid != Some(u32::MAX)),
            ("gid", self.gid != Some(u32::MAX)),
            ("nice", self.nice.is_none_or(|nice| (-20..=19).contains(&nice))),
            (
                "descriptors",
                self.descriptors.len() <= MAX_EXTRA_FDS && !self.descriptors.contains(&Stdio::SameAsStdout),
            ),
        ];
        match fields.into_iter().find(|(_, valid)| !valid) {
            Some((field, _)) => Err(DecodeError::Invalid(field)),
            None => Ok(()),
        }
    }
}
