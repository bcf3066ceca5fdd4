//! The recovery of a log: whatever its segments hold, opening it gives what a second, simpler reader of the format finds, or
//! names the same damage; and what was opened once opens again, goes on, and keeps what it had.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use journal::{Disk, Failure, Log, Options, Position};

use crate::image::image;
use crate::reference::expected;

/// Keeps nothing back, since nobody will pull the plug.
struct Instant;

impl Disk for Instant {
    fn write_at(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    fn sync(&mut self, _file: &File) -> io::Result<()> {
        Ok(())
    }
}

/// Removed at the end, also by a panic.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Memory, where there is such a folder: a hundred thousand of these a minute are nothing for a disk.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("sluicegate-fuzz-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Makes segments of the bytes and opens them as a log.
pub fn segments(bytes: &[u8]) {
    let folder = Folder::new();
    let segments = image(bytes);
    let path = |number: u64| folder.0.join(format!("{number:020}.segment"));
    for (number, segment) in (1..).zip(&segments) {
        fs::write(path(number), segment).unwrap();
    }
    let mut bodies = match (open(&folder.0), expected(&segments)) {
        (Ok(log), Ok(bodies)) => {
            assert_eq!(replay(&log), bodies);
            bodies
        }
        (Err(Failure::Corrupt { path: found, offset, .. }), Err((number, place))) => {
            assert_eq!((found, offset), (path(number), place));
            // Nothing was repaired, and nothing was cut.
            for (number, segment) in (1..).zip(&segments) {
                assert_eq!(&fs::read(path(number)).unwrap(), segment);
            }
            return;
        }
        (opened, expected) => panic!("opened as {opened:?}, expected {expected:?}"),
    };
    let next = [&[1, 4, 0, 0], [7; 16].as_slice(), b"next"].concat();
    let mut log = open(&folder.0).unwrap();
    log.append(&[&(next.len() as u32).to_le_bytes(), next.as_slice()].concat()).unwrap();
    log.commit().unwrap();
    drop(log);
    bodies.push(next);
    assert_eq!(replay(&open(&folder.0).unwrap()), bodies);
}

fn open(directory: &Path) -> Result<Log, Failure> {
    let options = Options { directory: directory.to_owned(), synced: false, segment_bytes: 1 << 20 };
    Log::open(&options, Box::new(Instant))
}

fn replay(log: &Log) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    let (mut at, mut until) = (Position::default(), None);
    loop {
        let block = log.read(at, until).unwrap();
        if block.bodies.is_empty() {
            return bodies;
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
