//! The JavaScript object of a journal. Outcomes are numbers, laid out as `src/native/journal.ts` reads them; what numbers
//! can't say is taken by a call of its own.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use journal::{Block, Failure, Journal, Options, Outcome, Position};
use napi::bindgen_prelude::{Float64ArraySlice, Uint8Array, Uint8ArraySlice};
use napi::{Error, Result};
use napi_derive::napi;
use reactor::{Completion, Environment};

/// An append-only log and its thread.
#[napi(js_name = "Journal")]
pub struct JsJournal {
    id: u32,
    inner: Journal,
    /// What the last outcome left to be taken.
    rest: RefCell<Rest>,
}

#[derive(Default)]
enum Rest {
    #[default]
    Nothing,
    Bodies(Vec<u8>),
    Failure(Failure),
}

/// Why something was not done.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct JsJournalFailure {
    pub kind: String,
    pub path: String,
    pub syscall: String,
    pub errno: i32,
    pub offset: f64,
    pub reason: String,
}

impl JsJournal {
    pub(crate) fn open(
        environment: &Arc<Environment>,
        directory: String,
        synced: bool,
        segment_bytes: f64,
    ) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let environment = Arc::clone(environment);
        let wake = move || environment.complete(Completion::Journal(id));
        let options = Options { directory: directory.into(), synced, segment_bytes: segment_bytes as u64 };
        let inner = Journal::open(options, disk(), Box::new(wake));
        let inner = inner.map_err(|error| Error::from_reason(error.to_string()))?;
        Ok(Self { id, inner, rest: RefCell::default() })
    }
}

#[napi]
impl JsJournal {
    /// The id that `drain` reports.
    #[napi(getter, catch_unwind)]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// `count` appends whose records are the first `length` bytes.
    #[napi(catch_unwind)]
    pub fn append(&self, records: Uint8ArraySlice, length: u32, count: u32) {
        self.inner.append(records.get(..length as usize).unwrap_or_default().to_vec(), count);
    }

    /// Asks for a block of records; without an end the replay ends at what is written by then.
    #[napi(catch_unwind)]
    pub fn read(&self, segment: f64, offset: f64, end_segment: f64, end_offset: f64) {
        let end = position(end_segment, end_offset);
        self.inner.read(position(segment, offset), (end != Position::default()).then_some(end));
    }

    /// Removes what is only below a sequence.
    #[napi(catch_unwind)]
    pub fn compact(&self, below: f64) {
        self.inner.compact(below as u64);
    }

    /// Ends it behind what was given before.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.inner.close();
    }

    /// The kind of the oldest outcome, 0 for none; its numbers go into `numbers`.
    #[napi(catch_unwind)]
    pub fn next_outcome(&self, mut numbers: Float64ArraySlice) -> u32 {
        let Some(outcome) = self.inner.next_outcome() else { return 0 };
        let (kind, values, rest) = match outcome {
            Outcome::Done(count) => (1, [f64::from(count), 0.0, 0.0, 0.0], Rest::Nothing),
            Outcome::Block(Block { bodies, next, until }) => {
                let [next_segment, next_offset] = numbers_of(next);
                let [end_segment, end_offset] = numbers_of(until);
                (2, [next_segment, next_offset, end_segment, end_offset], Rest::Bodies(bodies))
            }
            Outcome::Failed(count, failure) => (3, [f64::from(count), 0.0, 0.0, 0.0], Rest::Failure(failure)),
        };
        // SAFETY: JavaScript runs nothing while this call lasts, so nobody else touches its memory.
        for (into, value) in unsafe { numbers.as_mut() }.iter_mut().zip(values) {
            *into = value;
        }
        self.rest.replace(rest);
        kind
    }

    /// The records of the last outcome.
    #[napi(catch_unwind)]
    pub fn take_bodies(&self) -> Uint8Array {
        match self.rest.take() {
            Rest::Bodies(bodies) => bodies.into(),
            _ => Vec::new().into(),
        }
    }

    /// The reason of the last outcome.
    #[napi(catch_unwind)]
    pub fn take_failure(&self) -> JsJournalFailure {
        match self.rest.take() {
            Rest::Failure(failure) => failure.into(),
            _ => JsJournalFailure::default(),
        }
    }
}

impl From<Failure> for JsJournalFailure {
    fn from(failure: Failure) -> Self {
        let of_call = |kind: &str, syscall: &str, errno, path: std::path::PathBuf| Self {
            kind: kind.to_owned(),
            path: path.to_string_lossy().into_owned(),
            syscall: syscall.to_owned(),
            errno,
            ..Self::default()
        };
        match failure {
            Failure::Corrupt { path, offset, reason } => Self {
                offset: number_of(offset),
                reason: reason.to_owned(),
                ..of_call("corrupt", "", 0, path)
            },
            Failure::Locked { path } => of_call("locked", "flock", 0, path),
            Failure::Io { syscall, errno, path } => of_call("io", syscall, errno, path),
            Failure::Poisoned { syscall, errno, path } => of_call("poisoned", syscall, errno, path),
            Failure::Closed => Self { kind: "closed".to_owned(), ..Self::default() },
        }
    }
}

fn position(segment: f64, offset: f64) -> Position {
    Position { segment: segment as u64, offset: offset as u64 }
}

fn numbers_of(position: Position) -> [f64; 2] {
    [number_of(position.segment), number_of(position.offset)]
}

#[expect(clippy::cast_precision_loss, reason = "no file is that long")]
fn number_of(value: u64) -> f64 {
    value as f64
}

#[cfg(not(feature = "faults"))]
fn disk() -> Box<dyn journal::Disk> {
    Box::new(journal::System)
}

#[cfg(feature = "faults")]
fn disk() -> Box<dyn journal::Disk> {
    crate::faults::disk()
}
