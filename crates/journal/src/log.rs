//! The log itself, for one thread: open and repair, append, commit, rotate, compact, read.
//!
//! # What is on the disk when
//! A segment is synced as a whole before the next one is made, whatever the durability, so only the last one can be torn.
//! A segment's name is durable before a record in it is acknowledged. Compaction first repeats, durably, what it must not
//! forget, then removes segments from the oldest on, each removal durable before the next: what is left has no gap.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;

use crate::directory::Directory;
use crate::disk::{Disk, write_all};
use crate::failure::Failure;
use crate::frame::{HEAD, head};
use crate::processors::Processors;
use crate::record::{Bodies, MAX_BODY, Record};
use crate::recovery::{check, make, note, repair};
use crate::scan::{BLOCK, Cursor, Next};
use crate::segment::{self, HEADER, Segment};

/// Bytes after which a group is handed to the system in between; it is synced as a whole all the same.
const WRITE: usize = 1024 * 1024;

/// How a log is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where its files are; made when it is missing.
    pub directory: PathBuf,
    /// Whether a commit waits for the disk, and not only for the system.
    pub synced: bool,
    /// A segment that has reached this many bytes takes no more records.
    pub segment_bytes: u64,
}

/// A place between two records. Segment 0 is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The segment's number.
    pub segment: u64,
    /// Bytes from the segment's beginning.
    pub offset: u64,
}

/// Some records of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Bodies, each behind its length; empty at the end.
    pub bodies: Vec<u8>,
    /// Where the next block begins.
    pub next: Position,
    /// Where the replay ends: what was there when it began.
    pub until: Position,
}

/// An open log. Its directory is locked while it lives.
pub struct Log {
    directory: Directory,
    disk: Box<dyn Disk>,
    synced: bool,
    segment_bytes: u64,
    /// Oldest first; the last one is written to.
    segments: VecDeque<Segment>,
    active: Segment,
    file: File,
    /// Framed records that follow the active segment's bytes.
    pending: Vec<u8>,
    is_dirty: bool,
    processors: Processors,
}

impl fmt::Debug for Log {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Log").field("directory", &self.directory.path).finish_non_exhaustive()
    }
}

impl Log {
    /// Opens or makes a log: checks every record, and cuts off what a write left half done at the very end.
    ///
    /// # Errors
    /// [`Failure::Corrupt`], [`Failure::Locked`] or what the system said.
    pub fn open(options: &Options, mut disk: Box<dyn Disk>) -> Result<Self, Failure> {
        let directory = Directory::open(&options.directory, &mut *disk)?;
        let mut processors = Processors::default();
        let mut segments = VecDeque::new();
        let numbers = directory.segments()?;
        let last = numbers.last().copied();
        let mut file = None;
        for number in numbers {
            let path = segment::path(&directory.path, number);
            let is_last = Some(number) == last;
            let opened = OpenOptions::new().read(true).write(is_last).open(&path);
            let opened = opened.map_err(|error| Failure::io("open", &path, &error))?;
            let known = check(&opened, &path, number, is_last, &mut processors)?;
            segments.push_back(known);
            file = Some(opened);
        }
        let known = segments.pop_back().zip(file);
        let (active, file) = match known {
            Some((active, file)) => (repair(&mut *disk, &directory.path, &file, active)?, file),
            None => (Segment::empty(1), make(&mut *disk, &directory.path, 1)?),
        };
        // Whoever made the last segment may have died before its name was durable.
        directory.sync(&mut *disk)?;
        let Options { synced, segment_bytes, .. } = *options;
        let pending = Vec::new();
        Ok(Self {
            directory,
            disk,
            synced,
            segment_bytes,
            segments,
            active,
            file,
            pending,
            is_dirty: false,
            processors,
        })
    }

    /// Adds records, given as bodies that each follow their length. They are there after the next [`Log::commit`].
    ///
    /// # Errors
    /// [`Failure::Poisoned`] when a write failed; nothing may be appended after that.
    pub fn append(&mut self, records: &[u8]) -> Result<(), Failure> {
        let mut bodies = Bodies::of(records);
        for body in &mut bodies {
            self.put(body).map_err(Failure::poison)?;
        }
        if bodies.is_complete() { Ok(()) } else { Err(self.malformed().poison()) }
    }

    /// Returns when everything that was added is written, and on the disk if the log is a synced one.
    ///
    /// # Errors
    /// [`Failure::Poisoned`]; nothing may be appended after that.
    pub fn commit(&mut self) -> Result<(), Failure> {
        let done = self.write().and_then(|()| if self.synced { self.sync() } else { Ok(()) });
        done.map_err(Failure::poison)
    }

    /// Removes the oldest segments whose events are all below a sequence. The one with the newest event stays, and so does
    /// the last word on every processor.
    ///
    /// # Errors
    /// What the system said of a removal; [`Failure::Poisoned`] when a write or a sync failed.
    pub fn compact(&mut self, below: u64) -> Result<(), Failure> {
        let all = || self.segments.iter().chain([&self.active]);
        let newest = all().filter_map(|segment| segment.last_event).max();
        let goes = |segment: &&Segment| {
            segment.last_event.is_none_or(|event| event < below && Some(event) != newest)
        };
        let count = self.segments.iter().take_while(goes).count();
        let Some(first_kept) = all().nth(count).map(|segment| segment.number) else { return Ok(()) };
        if count == 0 {
            return Ok(());
        }
        self.carry(first_kept).map_err(Failure::poison)?;
        for _ in 0..count {
            let Some(segment) = self.segments.front() else { break };
            let path = segment::path(&self.directory.path, segment.number);
            fs::remove_file(&path).map_err(|error| Failure::io("unlink", &path, &error))?;
            self.segments.pop_front();
            self.directory.sync(&mut *self.disk).map_err(Failure::poison)?;
        }
        Ok(())
    }

    /// The records at a place, as many as make a block. Those of segments that were removed meanwhile are passed over.
    ///
    /// # Errors
    /// [`Failure::Corrupt`] or what the system said.
    pub fn read(&self, from: Position, until: Option<Position>) -> Result<Block, Failure> {
        let until = until.unwrap_or(Position { segment: self.active.number, offset: self.active.bytes });
        let mut at = from;
        let mut bodies = Vec::new();
        for segment in self.segments.iter().chain([&self.active]) {
            if segment.number < at.segment || segment.number > until.segment {
                continue;
            }
            if segment.number > at.segment {
                at = Position { segment: segment.number, offset: HEADER as u64 };
            }
            let end = if segment.number == until.segment { until.offset } else { segment.bytes };
            if at.offset < end {
                at.offset = self.read_segment(at, end, &mut bodies)?;
            }
            if bodies.len() >= BLOCK {
                break;
            }
        }
        Ok(Block { bodies, next: at, until })
    }

    /// Writes and syncs what is left, and lets go of the directory.
    ///
    /// # Errors
    /// [`Failure::Poisoned`].
    pub fn close(mut self) -> Result<(), Failure> {
        self.write().and_then(|()| self.sync()).map_err(Failure::poison)
    }

    fn put(&mut self, body: &[u8]) -> Result<(), Failure> {
        let Some(record) = Record::read(body).filter(|_| body.len() <= MAX_BODY) else {
            return Err(self.malformed());
        };
        let mut offset = self.active.bytes + self.pending.len() as u64;
        if offset > HEADER as u64 && offset + (HEAD + body.len()) as u64 > self.segment_bytes {
            self.rotate()?;
            offset = self.active.bytes;
        }
        self.pending.extend_from_slice(&head(body, self.active.number, offset));
        self.pending.extend_from_slice(body);
        note(&mut self.active, &mut self.processors, record, body);
        if self.pending.len() >= WRITE { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Failure> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = write_all(&mut *self.disk, &self.file, &self.pending, self.active.bytes);
        written.map_err(|error| Failure::io("write", &self.active_path(), &error))?;
        self.is_dirty = true;
        self.active.bytes += self.pending.len() as u64;
        self.pending.clear();
        // A single huge record must not hold its memory for ever.
        self.pending.shrink_to(2 * WRITE);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Failure> {
        if self.is_dirty {
            let synced = self.disk.sync(&self.file);
            synced.map_err(|error| Failure::io("fdatasync", &self.active_path(), &error))?;
            self.is_dirty = false;
        }
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), Failure> {
        self.write()?;
        self.sync()?;
        let number = self.active.number + 1;
        self.file = make(&mut *self.disk, &self.directory.path, number)?;
        self.directory.sync(&mut *self.disk)?;
        self.segments.push_back(std::mem::replace(&mut self.active, Segment::empty(number)));
        Ok(())
    }

    fn carry(&mut self, first_kept: u64) -> Result<(), Failure> {
        for body in self.processors.carried(first_kept) {
            self.put(&body)?;
        }
        self.write()?;
        self.sync()
    }

    fn read_segment(&self, at: Position, end: u64, bodies: &mut Vec<u8>) -> Result<u64, Failure> {
        let path = segment::path(&self.directory.path, at.segment);
        let opened = File::open(&path).map_err(|error| Failure::io("open", &path, &error))?;
        let mut cursor = Cursor::new(&opened, at.segment, at.offset, end);
        while bodies.len() < BLOCK {
            let offset = cursor.offset();
            match cursor.next().map_err(|error| Failure::io("read", &path, &error))? {
                Next::Record(_, body) => {
                    bodies.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
                    bodies.extend_from_slice(body);
                }
                Next::Bad(reason) | Next::Unknown(reason) => {
                    return Err(Failure::Corrupt { path, offset, reason });
                }
                Next::End => break,
            }
        }
        Ok(cursor.offset())
    }

    fn active_path(&self) -> PathBuf {
        segment::path(&self.directory.path, self.active.number)
    }

    fn malformed(&self) -> Failure {
        Failure::Io { syscall: "append", errno: 0, path: self.directory.path.clone() }
    }
}
