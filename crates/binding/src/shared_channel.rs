//! The JavaScript object of one instance of a shared channel. Results are numbers; `src/native/shared.ts` names them.
//!
//! What is called for every single message is a function of its own that is bound to its channel: finding the channel behind an
//! object costs a call more than sending does, and takes a lock that all threads share.

use std::sync::Arc;

use flow::{Channel, Intake, Member, Overflow, Receiving, Sending, Settings, Settled};
use napi::bindgen_prelude::{
    Float64ArraySlice, FunctionCallContext, Null, Object, Uint8Array, Uint8ArraySlice, Uint32ArraySlice,
};
use napi::{Either, Env, Result};
use napi_derive::napi;

use crate::environment::JsEnvironment;

/// One instance's part in a channel. `wait` 0 tries once.
#[napi(js_name = "SharedChannel")]
pub struct JsSharedChannel {
    inner: Arc<Channel>,
}

#[napi]
impl JsEnvironment {
    /// A new channel of that name.
    #[napi(catch_unwind)]
    pub fn open_channel(
        &self,
        id: String,
        capacity: f64,
        max_bytes: f64,
        overflow: u32,
        codec: u32,
    ) -> JsSharedChannel {
        const OVERFLOWS: [Overflow; 4] =
            [Overflow::Block, Overflow::DropNewest, Overflow::DropOldest, Overflow::Error];
        let overflow = OVERFLOWS.get(overflow as usize).copied().unwrap_or(Overflow::Block);
        // Infinity becomes the largest number there is.
        let settings =
            Settings { capacity: capacity as usize, max_bytes: max_bytes as usize, overflow, codec };
        let wake = Arc::clone(&self.environment);
        self.channel(Channel::open(id, settings, wake))
    }

    /// The channel of that name; null once nobody holds it.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "that is how strings are handed over")]
    pub fn join_channel(&self, id: String) -> Either<JsSharedChannel, Null> {
        let wake = Arc::clone(&self.environment);
        Channel::join(&id, wake).map_or(Either::B(Null), |channel| Either::A(self.channel(channel)))
    }
}

impl JsEnvironment {
    fn channel(&self, inner: Arc<Channel>) -> JsSharedChannel {
        let member: Arc<dyn Member> = Arc::clone(&inner) as Arc<dyn Member>;
        self.environment.members().add(Arc::downgrade(&member));
        JsSharedChannel { inner }
    }
}

#[napi]
impl JsSharedChannel {
    /// What is called for every single message, as functions that are bound to this channel: `send` of a wait, bytes and how
    /// many of them; `receive` of a wait, memory and a place for a length; `collect` likewise.
    #[napi(catch_unwind)]
    pub fn bound<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let mut functions = Object::new(env)?;
        let channel = Arc::clone(&self.inner);
        let send = move |call: FunctionCallContext<'_>| {
            let bytes: Uint8ArraySlice = call.get(1)?;
            Ok(sending(channel.send(number(call.get(0)?), first(&bytes, call.get(2)?))))
        };
        functions.set("send", env.create_function_from_closure::<(), _, _>("send", send)?)?;
        let channel = Arc::clone(&self.inner);
        let receive = into_memory(move |wait, intake| channel.take(number(wait), 1, 1, false, intake));
        functions.set("receive", env.create_function_from_closure::<(), _, _>("receive", receive)?)?;
        let channel = Arc::clone(&self.inner);
        let collect = into_memory(move |wait, intake| channel.collect(wait, intake));
        functions.set("collect", env.create_function_from_closure::<(), _, _>("collect", collect)?)?;
        Ok(functions)
    }

    /// Keeps places free.
    #[napi(catch_unwind)]
    pub fn reserve(&self, wait: u32, count: f64) -> i32 {
        sending(self.inner.reserve(number(wait), count as usize))
    }

    /// Sends into a place that is kept free; false when there is none any more.
    #[napi(catch_unwind)]
    pub fn fulfil(&self, bytes: Uint8ArraySlice, length: u32) -> bool {
        self.inner.fulfil(first(&bytes, length))
    }

    /// Gives places back.
    #[napi(catch_unwind)]
    pub fn release(&self, count: f64) {
        self.inner.release(count as usize);
    }

    /// Takes from `min` to `max` messages.
    #[napi(catch_unwind)]
    pub fn take(
        &self,
        wait: u32,
        min: u32,
        max: u32,
        is_timed: bool,
        mut into: Uint8ArraySlice,
        mut lengths: Uint32ArraySlice,
    ) -> i32 {
        // SAFETY: JavaScript runs nothing while this call lasts, so nobody else touches its memory.
        let mut intake = Intake::new(unsafe { into.as_mut() }, unsafe { lengths.as_mut() });
        receiving(self.inner.take(number(wait), min as usize, max as usize, is_timed, &mut intake))
    }

    /// Gives a wait for more what is there.
    #[napi(catch_unwind)]
    pub fn hurry(&self, wait: u32) -> bool {
        self.inner.hurry(wait)
    }

    /// What became of a wait: 0 nothing yet, 1 done, 2 refused.
    #[napi(catch_unwind)]
    pub fn settled(&self, wait: u32) -> i32 {
        match self.inner.settled(wait) {
            Settled::Waiting => 0,
            Settled::Done => 1,
            Settled::Refused => 2,
        }
    }

    /// Ends a wait; false when it was served before.
    #[napi(catch_unwind)]
    pub fn give_up(&self, wait: u32) -> bool {
        self.inner.give_up(wait)
    }

    /// No more input.
    #[napi(catch_unwind)]
    pub fn close(&self, cause: Option<Uint8ArraySlice>) {
        self.inner.close(cause.as_deref());
    }

    /// Nobody receives any more.
    #[napi(catch_unwind)]
    pub fn cancel(&self, cause: Option<Uint8ArraySlice>) {
        self.inner.cancel(cause.as_deref());
    }

    /// What it was closed or canceled with.
    #[napi(catch_unwind)]
    pub fn cause(&self) -> Either<Uint8Array, Null> {
        self.inner.cause().map_or(Either::B(Null), |cause| Either::A(cause.to_vec().into()))
    }

    /// Whether receivers are told the cause in place of the end.
    #[napi(catch_unwind)]
    pub fn has_failed(&self) -> bool {
        self.inner.has_failed()
    }

    /// Takes no more input.
    #[napi(catch_unwind)]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// True when it is over; else the wait is woken then.
    #[napi(catch_unwind)]
    pub fn watch(&self, wait: u32) -> bool {
        self.inner.watch(wait)
    }

    /// Writes the levels, then what it was opened with.
    #[napi(catch_unwind)]
    pub fn measure(&self, mut into: Float64ArraySlice) {
        let Settings { capacity, max_bytes, overflow, codec } = self.inner.settings();
        let levels = self.inner.levels();
        let values = [
            bound(levels.length),
            bound(levels.held_bytes),
            bound(levels.peak_length),
            count(levels.sent),
            count(levels.received),
            count(levels.dropped),
            bound(levels.waiting_senders),
            bound(levels.waiting_receivers),
            levels.send_wait.as_secs_f64() * 1000.0,
            levels.longest_send_wait.as_secs_f64() * 1000.0,
            bound(levels.available),
            bound(capacity),
            bound(max_bytes),
            f64::from(codec),
            f64::from(overflow as u8),
        ];
        // SAFETY: as above.
        for (place, value) in unsafe { into.as_mut() }.iter_mut().zip(values) {
            *place = value;
        }
    }

    /// Ends this instance's part.
    #[napi(catch_unwind)]
    pub fn leave(&self) {
        self.inner.leave();
    }
}

/// A function of a wait, memory and lengths that puts messages into that memory.
fn into_memory(
    fetch: impl Fn(u32, &mut Intake<'_>) -> Receiving + 'static,
) -> impl Fn(FunctionCallContext<'_>) -> Result<i32> + 'static {
    move |call| {
        let mut into: Uint8ArraySlice = call.get(1)?;
        let mut lengths: Uint32ArraySlice = call.get(2)?;
        // SAFETY: JavaScript runs nothing while this call lasts, so nobody else touches its memory.
        let mut intake = Intake::new(unsafe { into.as_mut() }, unsafe { lengths.as_mut() });
        Ok(receiving(fetch(call.get(0)?, &mut intake)))
    }
}

fn number(wait: u32) -> Option<u32> {
    (wait != 0).then_some(wait)
}

fn first(bytes: &[u8], length: u32) -> &[u8] {
    bytes.get(..length as usize).unwrap_or(bytes)
}

fn sending(outcome: Sending) -> i32 {
    match outcome {
        Sending::Accepted => 0,
        Sending::Waiting => 1,
        Sending::Full => 2,
        Sending::Closed => 3,
        Sending::Dropped => 4,
    }
}

fn receiving(outcome: Receiving) -> i32 {
    match outcome {
        Receiving::Taken(count) => i32::try_from(count).unwrap_or(i32::MAX),
        Receiving::Nothing => 0,
        Receiving::Ended => -1,
        Receiving::TooLarge => -2,
        Receiving::Stirred => -3,
    }
}

/// The largest number stands for no bound.
fn bound(value: usize) -> f64 {
    if value == usize::MAX { f64::INFINITY } else { count(value as u64) }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "JavaScript has no other number, and nothing here reaches 2^53"
)]
fn count(value: u64) -> f64 {
    value as f64
}
