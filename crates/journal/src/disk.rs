//! The two calls on which durability rests, as a seam: tests put a disk here that fails.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Writes and syncs for the log's thread.
pub trait Disk: Send {
    /// One write at an offset; may take fewer bytes than it was given.
    ///
    /// # Errors
    /// What the system said.
    fn write_at(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Returns when the file's bytes and its length are on the disk; for a directory, its entries.
    ///
    /// # Errors
    /// What the system said.
    fn sync(&mut self, file: &File) -> io::Result<()>;
}

/// The real one.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Disk for System {
    fn write_at(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    /// `fdatasync`, which includes the length; on macOS the call that empties the drive's cache as well.
    fn sync(&mut self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// Writes everything, however small the steps are that the system takes.
pub(crate) fn write_all(disk: &mut dyn Disk, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut rest = bytes;
    let mut at = offset;
    while !rest.is_empty() {
        match disk.write_at(file, rest, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => {
                rest = rest.get(taken..).unwrap_or_default();
                at += taken as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
