//! A spawn as JavaScript lays it out, `src/native/request.ts`, turned into the one the process crate takes. No defaults, no
//! checks beyond what the types need: both were done before. An array that is too short reads as zeros.

use napi::bindgen_prelude::ClassInstance;
use process::{Launch, Source, Terminal};
use protocol::{Containment, NEVER, Strings};

use crate::endpoint::JsEndpoint;

/// The texts and numbers of one spawn. `names`: the program, the directory, and the files of 0, 1 and 2.
pub(crate) struct Layout<'a> {
    pub names: String,
    pub argv: String,
    pub env: String,
    pub unset: String,
    pub numbers: &'a [f64],
}

/// An endpoint that is given away.
pub(crate) type GivenEnd<'env> = Option<ClassInstance<'env, JsEndpoint>>;

impl Layout<'_> {
    pub(crate) fn into_launch(self, ends: [GivenEnd<'_>; 3]) -> Launch {
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
        }
    }
}

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
        _ => Source::Null,
    }
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
