//! Reading a segment record by record, in bounded blocks, and telling a torn end from bytes that went bad.
//!
//! # What counts as torn
//! A write that was cut short leaves nothing good behind it. So a bad record is the torn end only if no good record begins
//! anywhere after it; a single one means that this place was whole once, and nothing is ever cut there.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::frame::{HEAD, Head};
use crate::record::Record;
use crate::segment::HEADER;

/// Bytes that are read at once; a longer record is read as a whole.
pub(crate) const BLOCK: usize = 256 * 1024;

/// What comes next in a segment.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    Record(Record<'a>, &'a [u8]),
    Bad(&'static str),
    /// Sound, but not of this format: never torn.
    Unknown(&'static str),
    End,
}

/// A place in a segment that moves on, and the bytes around it.
pub(crate) struct Cursor<'a> {
    file: &'a File,
    segment: u64,
    offset: u64,
    end: u64,
    block: Vec<u8>,
    /// Where in the segment the block begins.
    begin: u64,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(file: &'a File, segment: u64, offset: u64, end: u64) -> Self {
        Self { file, segment, offset, end, block: Vec::new(), begin: offset }
    }

    /// Where the next record begins; after a bad one, where that begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads on. After anything but a record the cursor stays where it is.
    pub(crate) fn next(&mut self) -> io::Result<Next<'_>> {
        if self.offset >= self.end {
            return Ok(Next::End);
        }
        let (segment, offset) = (self.segment, self.offset);
        let Some(bytes) = self.view(offset, HEAD)? else { return Ok(Next::Bad("a record ends in its head")) };
        let Some(head) = Head::read(bytes, segment, offset) else {
            return Ok(Next::Bad("the head of a record does not match its checksum"));
        };
        let after = offset + (HEAD + head.length) as u64;
        let Some(body) = self.view(offset + HEAD as u64, head.length)? else {
            return Ok(Next::Bad("a record is longer than its segment"));
        };
        if !head.fits(body) {
            return Ok(Next::Bad("a record does not match its checksum"));
        }
        if Record::read(body).is_none() {
            return Ok(Next::Unknown("a record is of a form that this version does not know"));
        }
        self.offset = after;
        // Looked up again, for the cursor could not move while the bytes were borrowed.
        let body = self.view(offset + HEAD as u64, head.length)?.unwrap_or_default();
        Ok(Record::read(body).map_or(Next::End, |record| Next::Record(record, body)))
    }

    /// Whether a good record begins anywhere after `offset`.
    pub(crate) fn has_record_after(&mut self, offset: u64) -> io::Result<bool> {
        let mut at = offset.max(HEADER as u64 - 1) + 1;
        while at < self.end {
            let segment = self.segment;
            let Some(bytes) = self.view(at, HEAD)? else { return Ok(false) };
            if let Some(head) = Head::read(bytes, segment, at)
                && let Some(body) = self.view(at + HEAD as u64, head.length)?
                && head.fits(body)
            {
                return Ok(true);
            }
            at += 1;
        }
        Ok(false)
    }

    /// The bytes at a place; None when the segment ends before they do.
    fn view(&mut self, offset: u64, length: usize) -> io::Result<Option<&[u8]>> {
        if length as u64 > self.end.saturating_sub(offset) {
            return Ok(None);
        }
        let known = self.begin + self.block.len() as u64;
        if offset < self.begin || offset + length as u64 > known {
            let wanted = (self.end - offset).min(length.max(BLOCK) as u64) as usize;
            self.block.resize(wanted, 0);
            self.begin = offset;
            self.file.read_exact_at(&mut self.block, offset)?;
        }
        let from = (offset - self.begin) as usize;
        Ok(self.block.get(from..from + length))
    }
}
