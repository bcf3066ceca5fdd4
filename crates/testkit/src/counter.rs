//! Eight bytes in a shared file: how far a program came, readable by a test while the program is blocked or stopped.

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::start::Failure;

const SIZE: usize = size_of::<AtomicU64>();

/// A little-endian counter, mapped from a file or (without a path) kept in memory only.
pub struct Counter {
    cell: NonNull<AtomicU64>,
}

impl Counter {
    /// Creates or truncates the file at `path` and maps it.
    pub fn open(path: Option<&str>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self { cell: NonNull::from(Box::leak(Box::new(AtomicU64::new(0)))) });
        };
        let name = CString::new(path).map_err(|_| Failure::new("counter path"))?;
        // SAFETY: the name is a C string; the call touches no other memory.
        let fd = unsafe { libc::open(name.as_ptr(), libc::O_RDWR | libc::O_CREAT | libc::O_CLOEXEC, 0o600) };
        // SAFETY: plain calls on a descriptor; a bad one makes them fail.
        let sized = fd >= 0 && unsafe { libc::ftruncate(fd, SIZE as libc::off_t) } == 0;
        if !sized {
            return Err(Failure::last("open counter"));
        }
        // SAFETY: a fresh shared mapping of a file of exactly this size, kept until the process ends.
        let map = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                fd,
                0,
            )
        };
        if map == libc::MAP_FAILED {
            return Err(Failure::last("map counter"));
        }
        // SAFETY: the descriptor is ours and not used again; the mapping stays valid without it.
        unsafe { libc::close(fd) };
        NonNull::new(map.cast()).map(|cell| Self { cell }).ok_or(Failure::new("map counter"))
    }

    /// Sets the value.
    pub fn set(&self, value: u64) {
        // SAFETY: the cell is aligned to a page or a box, and lives until the process ends.
        unsafe { self.cell.as_ref() }.store(value.to_le(), Ordering::SeqCst);
    }
}
