//! Everything the shepherd has to know to start one child.

use crate::bytes::{Reader, push_string};
use crate::cgroup::Cgroup;
use crate::error::DecodeError;
use crate::extras::Extras;
use crate::strings::Strings;

/// A `kill_timeout_ms` that never runs out: no SIGKILL follows the polite signal.
pub const NEVER: u32 = u32::MAX;

/// What holds a child's descendants together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Containment {
    /// Nothing: the target alone.
    None = 0,
    /// Its process group.
    Group = 1,
    /// A keeper process to which every descendant comes back.
    Tree = 2,
    /// The same, and a control group. Only told, never asked for by this name: see [`Extras::cgroup`].
    Cgroup = 3,
}

impl Containment {
    pub(crate) const fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        match byte {
            0 => Ok(Self::None),
            1 => Ok(Self::Group),
            2 => Ok(Self::Tree),
            3 => Ok(Self::Cgroup),
            _ => Err(DecodeError::Invalid("containment")),
        }
    }
}

/// Where one of the descriptors 0, 1 and 2 of the target comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdio {
    /// `/dev/null`.
    Null,
    /// The next descriptor sent with the message.
    Passed,
    /// The same as standard output; only in the slot of standard error.
    SameAsStdout,
}

impl Stdio {
    pub(crate) const fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        match byte {
            0 => Ok(Self::Null),
            1 => Ok(Self::Passed),
            2 => Ok(Self::SameAsStdout),
            _ => Err(DecodeError::Invalid("stdio")),
        }
    }

    pub(crate) const fn to_byte(self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Passed => 1,
            Self::SameAsStdout => 2,
        }
    }
}

/// A request to start one child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpawnRequest {
    /// The name Node gives the child; never reused, never 0.
    pub child: u64,
    /// The JavaScript environment it belongs to.
    pub environment: u32,
    /// What holds its descendants together.
    pub containment: Containment,
    /// Whether what is left of the tree is killed when the target has exited.
    pub kill_on_exit: bool,
    /// The polite signal (1 to 64) of a ladder that nobody asked for: Node or the shepherd is gone.
    pub kill_signal: u8,
    /// How long that ladder waits before SIGKILL; [`NEVER`] = for ever, 0 = not at all.
    pub kill_timeout_ms: u32,
    /// The target's file mode mask, at most `0o777`.
    pub umask: u32,
    /// Whether the target leads a session of its own instead of only a group.
    pub setsid: bool,
    /// Whether standard input is a terminal whose foreground the target's group takes; with `setsid` it controls that session.
    pub foreground: bool,
    /// The sources of 0, 1 and 2.
    pub stdio: [Stdio; 3],
    /// The working directory; empty = the shepherd's.
    pub cwd: Vec<u8>,
    /// The program: used as it is with a slash in it, otherwise searched in the `PATH` of `env`.
    pub file: Vec<u8>,
    /// The arguments including the zeroth.
    pub argv: Strings,
    /// `name=value` pairs.
    pub env: Strings,
    /// What few targets need.
    pub extras: Option<Box<Extras>>,
}

impl SpawnRequest {
    /// The bytes for a [`crate::Frame`]. The first eight are `child`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (argv, env) = (self.argv.as_bytes(), self.env.as_bytes());
        let mut bytes = Vec::with_capacity(48 + self.cwd.len() + self.file.len() + argv.len() + env.len());
        bytes.extend_from_slice(&self.child.to_le_bytes());
        bytes.extend_from_slice(&self.environment.to_le_bytes());
        bytes.extend_from_slice(&self.kill_timeout_ms.to_le_bytes());
        bytes.extend_from_slice(&self.umask.to_le_bytes());
        bytes.extend_from_slice(&[
            self.containment as u8,
            u8::from(self.kill_on_exit),
            self.kill_signal,
            u8::from(self.setsid),
            u8::from(self.foreground),
        ]);
        bytes.extend_from_slice(&self.stdio.map(Stdio::to_byte));
        push_string(&mut bytes, &self.cwd);
        push_string(&mut bytes, &self.file);
        push_string(&mut bytes, argv);
        push_string(&mut bytes, env);
        bytes.push(u8::from(self.extras.is_some()));
        if let Some(extras) = &self.extras {
            extras.encode(&mut bytes);
        }
        bytes
    }

    /// Reads a request.
    ///
    /// # Errors
    /// A field cut short or without meaning, a NUL inside a string, no `file`, an empty `argv`, or bytes left over.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let request = Self {
            child: reader.u64("child")?,
            environment: reader.u32("environment")?,
            kill_timeout_ms: reader.u32("kill_timeout_ms")?,
            umask: reader.u32("umask")?,
            containment: Containment::from_byte(reader.u8("containment")?)?,
            kill_on_exit: reader.bool("kill_on_exit")?,
            kill_signal: reader.u8("kill_signal")?,
            setsid: reader.bool("setsid")?,
            foreground: reader.bool("foreground")?,
            stdio: [
                Stdio::from_byte(reader.u8("stdio")?)?,
                Stdio::from_byte(reader.u8("stdio")?)?,
                Stdio::from_byte(reader.u8("stdio")?)?,
            ],
            cwd: reader.string("cwd")?,
            file: reader.string("file")?,
            argv: reader.strings("argv")?,
            env: reader.strings("env")?,
            extras: reader.bool("extras")?.then(|| Extras::decode(&mut reader).map(Box::new)).transpose()?,
        };
        reader.end()?;
        request.check()?;
        Ok(request)
    }

    /// The `child` of an encoded request, for answering one that doesn't decode.
    #[must_use]
    pub fn peek_child(bytes: &[u8]) -> Option<u64> {
        bytes.first_chunk::<8>().map(|head| u64::from_le_bytes(*head))
    }

    /// How many slots take a descriptor from the message.
    #[must_use]
    pub fn passed(&self) -> usize {
        let extra = self.extras.iter().flat_map(|extras| &extras.descriptors);
        self.stdio.iter().chain(extra).filter(|slot| **slot == Stdio::Passed).count()
    }

    /// How many descriptors the target has.
    #[must_use]
    pub fn slots(&self) -> usize {
        3 + self.extras.as_ref().map_or(0, |extras| extras.descriptors.len())
    }

    /// The control group it is started in.
    #[must_use]
    pub fn cgroup(&self) -> Option<&Cgroup> {
        self.extras.as_ref().and_then(|extras| extras.cgroup.as_ref())
    }

    fn check(&self) -> Result<(), DecodeError> {
        let [stdin, stdout, _] = self.stdio;
        let fields = [
            ("child", self.child != 0),
            ("containment", self.containment != Containment::Cgroup),
            ("cgroup", self.containment == Containment::Tree || self.cgroup().is_none()),
            ("kill_signal", (1..=64).contains(&self.kill_signal)),
            ("umask", self.umask <= 0o777),
            ("stdio", stdin != Stdio::SameAsStdout && stdout != Stdio::SameAsStdout),
            ("file", !self.file.is_empty()),
            ("argv", !self.argv.is_empty()),
        ];
        match fields.into_iter().find(|(_, valid)| !valid) {
            Some((field, _)) => Err(DecodeError::Invalid(field)),
            None => Ok(()),
        }
    }
}
