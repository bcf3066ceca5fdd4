//! What stands before each body in a segment: its length, its checksum, and a checksum of those two and of the place.
//!
//! The place is in it so that the image of a record inside a payload, or in bytes left over from elsewhere, is never taken
//! for a record when the end of a torn segment is searched.

use crate::record::{BODY_HEAD, MAX_BODY};

/// Bytes before each body.
pub(crate) const HEAD: usize = 12;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) length: usize,
    checksum: u32,
}

impl Head {
    /// The head that was written at this place; None when these bytes are none.
    pub(crate) fn read(bytes: &[u8], segment: u64, offset: u64) -> Option<Self> {
        let (words, _) = bytes.as_chunks::<4>();
        let [length, checksum, own, ..] = words else { return None };
        let (length, checksum) = (u32::from_le_bytes(*length), u32::from_le_bytes(*checksum));
        let fits = (BODY_HEAD..=MAX_BODY).contains(&(length as usize));
        let is_own = fits && u32::from_le_bytes(*own) == place(segment, offset, length, checksum);
        is_own.then_some(Self { length: length as usize, checksum })
    }

    pub(crate) fn fits(self, body: &[u8]) -> bool {
        crc32c::crc32c(body) == self.checksum
    }
}

/// The head of a body at a place.
pub(crate) fn head(body: &[u8], segment: u64, offset: u64) -> [u8; HEAD] {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let checksum = crc32c::crc32c(body);
    let mut bytes = [0; HEAD];
    let words = [length, checksum, place(segment, offset, length, checksum)];
    for (into, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *into = word.to_le_bytes();
    }
    bytes
}

fn place(segment: u64, offset: u64, length: u32, checksum: u32) -> u32 {
    let mut bytes = [0; 24];
    let numbers = [segment, offset, (u64::from(checksum) << 32) | u64::from(length)];
    for (into, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
        *into = number.to_le_bytes();
    }
    crc32c::crc32c(&bytes)
}
