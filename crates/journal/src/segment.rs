//! A segment's name and header. What is in it, and when it goes, is decided by others.

use std::path::{Path, PathBuf};

/// Bytes before the first record.
pub(crate) const HEADER: usize = 24;

const MAGIC: [u8; 8] = *b"sluicejl";
const FORMAT: u32 = 1;
const ENDING: &str = ".segment";
const DIGITS: usize = 20;

/// What is known of a segment without its records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// From 1, without gaps, in the order of writing.
    pub(crate) number: u64,
    /// Its length, whatever of it is still in the page cache.
    pub(crate) bytes: u64,
    /// The highest sequence of an event in it.
    pub(crate) last_event: Option<u64>,
}

impl Segment {
    pub(crate) fn empty(number: u64) -> Self {
        Self { number, bytes: HEADER as u64, last_event: None }
    }
}

pub(crate) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:0DIGITS$}{ENDING}"))
}

/// The number in a segment's name; None for other files.
pub(crate) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| *number > 0)
}

pub(crate) fn header(number: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    let checked = [MAGIC.as_slice(), &FORMAT.to_le_bytes(), &number.to_le_bytes()].concat();
    let parts = checked.iter().copied().chain(crc32c::crc32c(&checked).to_le_bytes());
    for (into, byte) in bytes.iter_mut().zip(parts) {
        *into = byte;
    }
    bytes
}

/// How a header reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Good,
    /// Whole, but of a format that came later.
    Unknown,
    Bad,
}

pub(crate) fn check(bytes: &[u8], segment: u64) -> Header {
    if bytes == header(segment) {
        return Header::Good;
    }
    let Some((checked, checksum)) = bytes.split_last_chunk::<4>() else { return Header::Bad };
    let is_whole = bytes.len() == HEADER && crc32c::crc32c(checked) == u32::from_le_bytes(*checksum);
    let is_other = checked.get(8..12).is_some_and(|format| format != FORMAT.to_le_bytes());
    if is_whole && is_other && checked.starts_with(&MAGIC) { Header::Unknown } else { Header::Bad }
}

#[cfg(test)]
mod tests {
    use super::{HEADER, Header, check, header, number, path};

    #[test]
    fn a_name_reads_back_and_other_names_do_not() {
        let name = path("x".as_ref(), 42);
        assert_eq!(number(name.file_name().unwrap().to_str().unwrap()), Some(42));
        for other in ["lock", "42.segment", "0000000000000000004x.segment", "00000000000000000000.segment"] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn a_header_is_good_for_its_own_segment_only_and_no_flipped_byte_passes() {
        let good = header(7);
        assert_eq!(check(&good, 7), Header::Good);
        assert_eq!(check(&good, 8), Header::Bad);
        for at in 0..HEADER {
            let mut bad = good;
            bad[at] ^= 0x40;
            assert_eq!(check(&bad, 7), Header::Bad, "byte {at}");
            assert_eq!(check(&good[..at], 7), Header::Bad, "cut at {at}");
        }
    }
}
