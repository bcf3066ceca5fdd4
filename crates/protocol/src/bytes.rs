//! Cursors over little-endian bytes: a reader that never reads past its end, and a writer into an array of fixed size.

use crate::error::DecodeError;
use crate::strings::Strings;

/// What is left of a message. Every `take_*` either advances past a whole field or fails.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated(field))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(field).map(u8::from_le_bytes)
    }

    pub(crate) fn bool(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        match self.u8(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Invalid(field)),
        }
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        self.array(field).map(i32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// A length-prefixed string that a C program could take: a NUL inside it is refused.
    pub(crate) fn string(&mut self, field: &'static str) -> Result<Vec<u8>, DecodeError> {
        let head = self.counted(field)?;
        if head.contains(&0) {
            return Err(DecodeError::Invalid(field));
        }
        Ok(head.to_vec())
    }

    /// A length-prefixed list of strings, each ended by a NUL.
    pub(crate) fn strings(&mut self, field: &'static str) -> Result<Strings, DecodeError> {
        let bytes = self.counted(field)?;
        Strings::from_terminated(bytes.to_vec()).ok_or(DecodeError::Invalid(field))
    }

    fn counted(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.u32(field)?).map_err(|_| DecodeError::Truncated(field))?;
        let (head, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated(field))?;
        self.rest = rest;
        Ok(head)
    }

    /// Padding: `count` bytes that must be zero.
    pub(crate) fn zeros(&mut self, count: usize) -> Result<(), DecodeError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::Truncated("padding"))?;
        self.rest = rest;
        if head.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(DecodeError::Invalid("padding")) }
    }

    pub(crate) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) const fn end(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Trailing) }
    }
}

/// An array being filled from its front; what is never written stays zero.
pub(crate) struct Fixed<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Fixed<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], at: 0 }
    }

    pub(crate) fn put(mut self, value: &[u8]) -> Self {
        let slot = self.bytes.get_mut(self.at..).and_then(|rest| rest.get_mut(..value.len()));
        debug_assert!(slot.is_some(), "a field does not fit");
        if let Some(slot) = slot {
            slot.copy_from_slice(value);
            self.at += value.len();
        }
        self
    }

    pub(crate) const fn done(self) -> [u8; N] {
        self.bytes
    }
}

pub(crate) fn push_string(into: &mut Vec<u8>, value: &[u8]) {
    push_count(into, value.len());
    into.extend_from_slice(value);
}

/// A count past `u32` can't be sent at all; saturated it is refused by the decoder as truncated instead of being misread.
fn push_count(into: &mut Vec<u8>, count: usize) {
    into.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}
