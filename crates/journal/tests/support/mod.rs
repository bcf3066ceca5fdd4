//! What the tests of the log share: a folder that goes away, bodies, disks that fail.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "each test file uses a part; a failing test is the point"
)]

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use journal::{Disk, Failure, Log, Options, Position, System};

/// A new folder, removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sluicegate-log-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn options(&self, segment_bytes: u64) -> Options {
        Options { directory: self.0.clone(), synced: true, segment_bytes }
    }

    pub fn open(&self) -> Result<Log, Failure> {
        self.open_with(1 << 20, Box::new(System))
    }

    pub fn open_with(&self, segment_bytes: u64, disk: Box<dyn Disk>) -> Result<Log, Failure> {
        Log::open(&self.options(segment_bytes), disk)
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let mut paths: Vec<_> =
            entries.filter(|path| path.extension().is_some_and(|end| end == "segment")).collect();
        paths.sort();
        paths
    }

    pub fn copy(&self) -> Self {
        let copy = Self::new();
        for path in self.segments() {
            fs::copy(&path, copy.0.join(path.file_name().unwrap())).unwrap();
        }
        copy
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

pub const EVENT: u8 = 1;
pub const PUBLISHED: u8 = 2;
pub const EPOCH: u8 = 3;

pub fn body(kind: u8, sequence: u64, processor: &str, payload: &[u8]) -> Vec<u8> {
    let name = u16::try_from(processor.len()).unwrap().to_le_bytes();
    let flags = u8::from(!processor.is_empty()) | 4;
    [&[kind, flags], name.as_slice(), &sequence.to_le_bytes(), &[0; 8], processor.as_bytes(), payload]
        .concat()
}

pub fn event(sequence: u64) -> Vec<u8> {
    body(EVENT, sequence, "", format!("event {sequence}").as_bytes())
}

pub fn framed(bodies: &[Vec<u8>]) -> Vec<u8> {
    let length = |body: &Vec<u8>| u32::try_from(body.len()).unwrap().to_le_bytes();
    bodies.iter().flat_map(|body| [length(body).as_slice(), body].concat()).collect()
}

pub fn add(log: &mut Log, bodies: &[Vec<u8>]) -> Result<(), Failure> {
    log.append(&framed(bodies))?;
    log.commit()
}

/// Everything a replay gives.
pub fn replay(log: &Log) -> Result<Vec<Vec<u8>>, Failure> {
    let mut bodies = Vec::new();
    let mut at = Position::default();
    let mut until = None;
    loop {
        let block = log.read(at, until)?;
        if block.bodies.is_empty() {
            return Ok(bodies);
        }
        let mut rest = block.bodies.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (body, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            bodies.push(body.to_vec());
            rest = after;
        }
        (at, until) = (block.next, Some(block.until));
    }
}

pub fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

/// Counts, and fails from a certain write or sync on.
#[derive(Clone, Default)]
pub struct Faults {
    pub writes: Arc<AtomicI64>,
    pub syncs: Arc<AtomicI64>,
    /// Bytes taken by one write at most; 0 = all.
    pub short: Arc<AtomicI64>,
    /// Bytes until ENOSPC; negative = never.
    pub room: Arc<AtomicI64>,
    /// The sync that is the first to fail, counted from 1; 0 = none.
    pub failing_sync: Arc<AtomicI64>,
    pub log: Arc<Mutex<Vec<String>>>,
}

impl Faults {
    pub fn new() -> Self {
        let faults = Self::default();
        faults.room.store(-1, Ordering::SeqCst);
        faults
    }

    pub fn disk(&self) -> Box<dyn Disk> {
        Box::new(self.clone())
    }
}

impl Disk for Faults {
    fn write_at(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.log.lock().unwrap().push("write".to_owned());
        let mut length = bytes.len();
        let short = self.short.load(Ordering::SeqCst);
        if short > 0 {
            length = length.min(short as usize);
        }
        let room = self.room.load(Ordering::SeqCst);
        if room == 0 {
            return Err(io::Error::from_raw_os_error(28));
        }
        if room > 0 {
            length = length.min(room as usize);
            self.room.store(room - length as i64, Ordering::SeqCst);
        }
        System.write_at(file, &bytes[..length], offset)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        let count = self.syncs.fetch_add(1, Ordering::SeqCst) + 1;
        self.log.lock().unwrap().push("sync".to_owned());
        let failing = self.failing_sync.load(Ordering::SeqCst);
        if failing > 0 && count >= failing {
            return Err(io::Error::from_raw_os_error(5));
        }
        System.sync(file)
    }
}
