//! The JavaScript object of one end of a pipe. Results are numbers: a count, or a negative errno.

use std::sync::Arc;

use napi::Either;
use napi::bindgen_prelude::{Null, Uint8Array, Uint8ArraySlice, Undefined};
use napi_derive::napi;
use reactor::{Endpoint, Watch};

/// One end of a pipe.
#[napi(js_name = "Endpoint")]
pub struct JsEndpoint {
    pub(crate) inner: Arc<Endpoint>,
}

/// The taken bytes, null at the end, undefined for nothing yet, or a negative errno.
type Block = Either<Uint8Array, Either<Null, Either<Undefined, i32>>>;

#[napi]
impl JsEndpoint {
    /// The id that `drain` reports.
    #[napi(getter, catch_unwind)]
    pub fn id(&self) -> u32 {
        self.inner.id()
    }

    /// Whether the I/O thread reads ahead.
    #[napi(getter, catch_unwind)]
    pub fn reads_ahead(&self) -> bool {
        self.inner.reads_ahead()
    }

    /// One `read(2)` into part of `into`.
    #[napi(catch_unwind)]
    pub fn read(&self, mut into: Uint8ArraySlice, offset: u32, length: u32) -> i32 {
        // SAFETY: JavaScript runs nothing while this call lasts, so nobody else touches its memory.
        let bytes = unsafe { into.as_mut() };
        let part = range(bytes.len(), offset, length).and_then(|range| bytes.get_mut(range));
        part.map_or(-process::EINVAL, |part| count(self.inner.read(part)))
    }

    /// One `write(2)` of part of `from`.
    #[napi(catch_unwind)]
    pub fn write(&self, from: Uint8ArraySlice, offset: u32, length: u32) -> i32 {
        let part = range(from.len(), offset, length).and_then(|range| from.get(range));
        part.map_or(-process::EINVAL, |part| count(self.inner.write(part)))
    }

    /// Asks for one completion: 1 = readable, 2 = writable, 4 = hang-up.
    #[napi(catch_unwind)]
    pub fn arm(&self, mode: u32) -> i32 {
        let watch = match mode {
            1 => Watch::Readable,
            2 => Watch::Writable,
            4 => Watch::HangUp,
            _ => return -process::EINVAL,
        };
        count(self.inner.arm(watch).map(|()| 0))
    }

    /// Takes the question back.
    #[napi(catch_unwind)]
    pub fn disarm(&self) {
        self.inner.disarm();
    }

    /// Bytes in the kernel's pipe.
    #[napi(catch_unwind)]
    pub fn buffered(&self) -> u32 {
        self.inner.buffered().ok().and_then(|bytes| u32::try_from(bytes).ok()).unwrap_or(0)
    }

    /// Whether nobody is left on the other side.
    #[napi(catch_unwind)]
    pub fn hung_up(&self) -> bool {
        self.inner.hung_up()
    }

    /// Asks for another size of the pipe.
    #[napi(catch_unwind)]
    pub fn set_pipe_size(&self, bytes: u32) -> i32 {
        count(self.inner.set_pipe_size(bytes as usize))
    }

    /// Changes the size of the terminal that this is the master of.
    #[napi(catch_unwind)]
    pub fn resize(&self, columns: u16, rows: u16) -> i32 {
        count(self.inner.resize(columns, rows).map(|()| 0))
    }

    /// The character that ends a terminal's input, and 256 for each time it is to be written; 0 = none. `last`: the last
    /// byte that was written, -1 = none yet.
    #[napi(catch_unwind)]
    pub fn input_end(&self, last: i32, raw: bool) -> i32 {
        let end = self.inner.input_end(u8::try_from(last).ok(), raw);
        count(end.map(|end| end.map_or(0, |end| usize::from(end.times) * 256 + usize::from(end.character))))
    }

    /// Bytes that were read ahead.
    #[napi(catch_unwind)]
    pub fn take_block(&self, max_bytes: u32) -> Block {
        match self.inner.take_block(max_bytes as usize) {
            Ok(Some(bytes)) if bytes.is_empty() => Either::B(Either::A(Null)),
            Ok(Some(bytes)) => Either::A(Uint8Array::from(bytes)),
            Ok(None) => Either::B(Either::B(Either::A(()))),
            Err(error) => Either::B(Either::B(Either::B(count(Err(error))))),
        }
    }

    /// Closes it; repeated calls do nothing.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.inner.close();
    }
}

impl Drop for JsEndpoint {
    /// A forgotten object must not keep a descriptor for the rest of the process's life.
    fn drop(&mut self) {
        self.inner.close();
    }
}

fn range(available: usize, offset: u32, length: u32) -> Option<std::ops::Range<usize>> {
    let start = offset as usize;
    let end = start.checked_add(length as usize)?;
    (end <= available).then_some(start..end)
}

fn count(result: std::io::Result<usize>) -> i32 {
    match result {
        Ok(count) => i32::try_from(count).unwrap_or(i32::MAX),
        Err(error) => -error.raw_os_error().unwrap_or(process::EIO),
    }
}
