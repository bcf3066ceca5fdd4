//! A child's events as numbers, laid out as `src/native/event.ts` reads them. What numbers can't say is taken by a call of
//! its own: our ends of the pipes, the words of a failure.

use std::sync::Arc;

use napi_derive::napi;
use process::{Event, Exit, Failure};
use reactor::Endpoint;

/// What an event left to be taken.
pub(crate) enum Rest {
    Nothing,
    /// Of 0, 1 and 2, and two for each descriptor beyond them.
    Ends([Option<Arc<Endpoint>>; 3], Vec<Option<Arc<Endpoint>>>),
    Failure(Failure),
}

/// The words of a failure.
#[napi(object, object_from_js = false)]
pub struct JsFailure {
    pub stage: String,
    pub code: String,
    pub detail: String,
}

impl From<Failure> for JsFailure {
    fn from(Failure { stage, code, detail, .. }: Failure) -> Self {
        Self { stage: stage.to_owned(), code: code.unwrap_or("").to_owned(), detail }
    }
}

/// Writes the event's numbers and returns its kind.
pub(crate) fn put(event: Event, numbers: &mut [f64]) -> (u32, Rest) {
    let (kind, values, rest): (u32, &[f64], Rest) = match event {
        Event::Started { pid, containment, stdio, extra } => {
            let bits =
                [1.0, 2.0, 4.0].iter().zip(&stdio).map(|(bit, end)| if end.is_some() { *bit } else { 0.0 });
            (1, &[f64::from(pid), f64::from(containment as u8), bits.sum()], Rest::Ends(stdio, extra))
        }
        Event::Failed(failure) => (2, &[f64::from(failure.errno)], Rest::Failure(failure)),
        Event::Exited(Exit { code, signal, core_dumped, lost, max_rss_bytes, user_us, system_us }) => {
            let flags = [core_dumped, lost].map(f64::from);
            let [core_dumped, lost] = flags;
            let [max_rss, user, system] = [max_rss_bytes, user_us, system_us].map(number);
            (
                3,
                &[f64::from(code), f64::from(signal), core_dumped, lost, max_rss, user, system],
                Rest::Nothing,
            )
        }
        Event::Stopped => (4, &[], Rest::Nothing),
        Event::Orphaned => (5, &[], Rest::Nothing),
        Event::Empty { survivors } => (6, &[f64::from(survivors)], Rest::Nothing),
    };
    for (place, value) in numbers.iter_mut().zip(values) {
        *place = *value;
    }
    (kind, rest)
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has no other number, and no process reaches 2^53")]
fn number(value: u64) -> f64 {
    value as f64
}
