//! A spawn as JavaScript lays it out, `src/native/request.ts`, turned into the one the process crate takes. No defaults, no
//! checks beyond what the types need: both were done before. An array that is too short reads as zeros.

use napi::bindgen_prelude::ClassInstance;
use process::{Extra, Launch, Source, Terminal};
use protocol::{Cgroup, Containment, Extras, NEVER, Strings, UNLIMITED};

use crate::endpoint::JsEndpoint;

/// The texts and numbers of one spawn. `names`: the program, the directory, and the files of 0, 1, 2 and so on. `extras`: the
/// numbers of what few spawns ask for.
pub(crate) struct Layout<'a> {
    pub names: String,
    pub argv: String,
    pub env: String,
    pub unset: String,
    pub numbers: &'a [f64],
    pub extras: Option<&'a [f64]>,
}

/// An endpoint that is given away.
pub(crate) type GivenEnd<'env> = Option<ClassInstance<'env, JsEndpoint>>;

/// User, group, nice value, the limits, whether there is a control group, and its limits; after them come three numbers for
/// each descriptor.
const EXTRA_NUMBERS: usize = 14;

impl Layout<'_> {
    pub(crate) fn into_launch(
        self,
        ends: [GivenEnd<'_>; 3],
        extra_ends: Vec<ClassInstance<'_, JsEndpoint>>,
    ) -> Launch {
        let names = strings(self.names);
        let mut names = names.iter().map(<[u8]>::to_vec);
        let mut name = || names.next().unwrap_or_default();
        let (file, cwd) = (name(), name());
        let number = |at: usize| self.numbers.get(at).copied().unwrap_or(0.0);
        let mut at = 7;
        let stdio = ends.map(|end| {
            at += 2;
            source(number(at), number(at + 1), name(), end)
        });
        let mut extra_ends = extra_ends.into_iter();
        let descriptors = self.extras.and_then(|numbers| numbers.get(EXTRA_NUMBERS..)).unwrap_or_default();
        let (triples, _) = descriptors.as_chunks::<3>();
        let extra = triples.iter().map(|[kind, number, input]| {
            let end = if *kind == ENDPOINT { extra_ends.next() } else { None };
            Extra { source: source(*kind, *number, name(), end), input: *input != 0.0 }
        });
        let extra = extra.collect();
        Launch {
            file,
            argv: strings(self.argv),
            env: strings(self.env),
            unset: strings(self.unset),
            inherited: (number(8) != 0.0).then(process::snapshot_environ),
            cwd,
            stdio,
            containment: match number(0) as u8 {
                0 => Containment::None,
                1 => Containment::Group,
                _ => Containment::Tree,
            },
            detached: number(1) != 0.0,
            kill_on_exit: number(2) != 0.0,
            kill_signal: signal(number(3) as u32),
            kill_timeout_ms: milliseconds(number(4)),
            pipe_size: number(5) as usize,
            read_ahead: number(6) as usize,
            foreground: number(7) != 0.0,
            umask: whole(number(15)).map(|mask| mask as u32),
            extra,
            // The name of its folder is the last one.
            extras: self.extras.map(|numbers| Box::new(extras(numbers, name()))),
        }
    }
}

/// The kind of an endpoint that is given away.
const ENDPOINT: f64 = 6.0;

fn source(kind: f64, number: f64, path: Vec<u8>, end: GivenEnd<'_>) -> Source {
    match kind as u8 {
        1 => Source::Pipe,
        2 => Source::Descriptor(process::duplicate(number as i32)),
        3 => Source::File { path, append: number != 0.0 },
        4 => Source::Tail(number as usize),
        5 => Source::SameAsStdout,
        6 => Source::Descriptor(process::take_over(end.and_then(|end| end.inner.take()))),
        7 => Source::Link(number as u32),
        8 => terminal(number as u64),
        9 => Source::Duplex,
        _ => Source::Null,
    }
}

fn extras(numbers: &[f64], parent: Vec<u8>) -> Extras {
    let at = |index: usize| numbers.get(index).copied().and_then(whole);
    let id = |index| at(index).map(|id| id as u32);
    let mut limits = [None; 6];
    for (index, limit) in limits.iter_mut().enumerate() {
        *limit = at(index + 3).map(|limit| if limit.is_finite() { limit as u64 } else { UNLIMITED });
    }
    let bound = |index| at(index).map(|bound| bound as u64);
    let cgroup = at(9).is_some().then(|| Cgroup {
        parent,
        memory_max: bound(10),
        pids_max: bound(11),
        cpu_max: bound(12).zip(bound(13)),
    });
    let nice = at(2).map(|nice| nice as i8);
    Extras { uid: id(0), gid: id(1), nice, limits, descriptors: Vec::new(), cgroup }
}

/// NaN stands for nothing.
fn whole(number: f64) -> Option<f64> {
    (!number.is_nan()).then_some(number)
}

/// Columns, rows and the wish for raw bytes, 16 bits each.
fn terminal(packed: u64) -> Source {
    let [low, high] = [packed, packed >> 16].map(|part| part as u16);
    Source::Terminal(Terminal { columns: low, rows: high, raw: packed >> 32 != 0 })
}

/// Each string in the text is followed by its NUL.
fn strings(text: String) -> Strings {
    Strings::from_terminated(text.into_bytes()).unwrap_or_default()
}

pub(crate) fn signal(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// Negative = never; a longer time than the wire can say is cut to its longest.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
pub(crate) fn milliseconds(value: f64) -> u32 {
    if value < 0.0 { NEVER } else { value.ceil().min(f64::from(NEVER - 1)) as u32 }
}
