//! The directory of a log: made durably, held by a lock, listed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::disk::Disk;
use crate::failure::Failure;
use crate::segment;

/// A directory that nobody else opens while this lives.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    handle: File,
    /// Closed with the process, however that ends, which is what lets go of the lock.
    _lock: File,
}

impl Directory {
    pub(crate) fn open(path: &Path, disk: &mut dyn Disk) -> Result<Self, Failure> {
        create(path, disk)?;
        let handle = File::open(path).map_err(|error| Failure::io("open", path, &error))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(|error| Failure::io("open", &lock_path, &error))?;
        // Of the open file, not of the process: a second one in this very process is refused as well.
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_owned(), handle, _lock: lock }),
            Err(Errno::WOULDBLOCK) => Err(Failure::Locked { path: path.to_owned() }),
            Err(error) => Err(Failure::io("flock", &lock_path, &error.into())),
        }
    }

    /// The numbers of the segments, in order and without gaps.
    pub(crate) fn segments(&self) -> Result<Vec<u64>, Failure> {
        let failure = |error: io::Error| Failure::io("readdir", &self.path, &error);
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failure)? {
            let name = entry.map_err(failure)?.file_name();
            numbers.extend(name.to_str().and_then(segment::number));
        }
        numbers.sort_unstable();
        let expected = numbers.first().copied().unwrap_or_default()..;
        match numbers.iter().zip(expected).find(|(number, expected)| *number != expected) {
            None => Ok(numbers),
            Some((_, missing)) => Err(Failure::Corrupt {
                path: segment::path(&self.path, missing),
                offset: 0,
                reason: "the segment is missing",
            }),
        }
    }

    /// Returns when the names in it are on the disk.
    pub(crate) fn sync(&self, disk: &mut dyn Disk) -> Result<(), Failure> {
        sync(&self.handle, &self.path, disk)
    }
}

/// Makes what is missing of the path. A name that is there already is synced too: whoever made it may have died before.
fn create(path: &Path, disk: &mut dyn Disk) -> Result<(), Failure> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_there = path.is_dir();
    if !is_there {
        create(parent, disk)?;
        match fs::create_dir(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            Err(error) => return Err(Failure::io("mkdir", path, &error)),
        }
    }
    match File::open(parent) {
        Ok(handle) => sync(&handle, parent, disk),
        // A parent that may be passed through but not read: its names are somebody else's care.
        Err(_) if is_there => Ok(()),
        Err(error) => Err(Failure::io("open", parent, &error)),
    }
}

fn sync(handle: &File, path: &Path, disk: &mut dyn Disk) -> Result<(), Failure> {
    match disk.sync(handle) {
        // The file system keeps nothing back for directories.
        Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => Ok(()),
        done => done.map_err(|error| Failure::io("fsync", path, &error)),
    }
}
