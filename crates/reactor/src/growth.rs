//! Lets the pipe of a child that is read as fast as it writes become larger. Owns the decision and the bound on how many
//! pipes are; the descriptor belongs to the endpoint.
//!
//! A larger pipe saves a wake-up on each side for every default pipe's worth of bytes, but the kernel counts its pages against
//! the user, of whom all pipes that come after fall back to two pages once the quota is spent. So no pipe grows before its reader
//! has kept up with several full ones, and a process grows only so many at a time. One that nobody reads stays as it is.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sys;

/// What a pipe holds when nobody asked for anything else. A read of so much has emptied a full one.
const DEFAULT: usize = 64 * 1024;

/// What it becomes.
const GROWN: usize = 256 * 1024;

/// Full reads in a row before that.
const FULL_READS: u8 = 4;

/// Grown pipes in a process: a quarter of what an unprivileged user's quota of 16,384 pages allows.
const MOST: usize = 64;

static GROWN_NOW: AtomicUsize = AtomicUsize::new(0);

/// What one pipe has done to deserve it.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    full_reads: u8,
    place: Option<Place>,
    refused: bool,
}

impl Growth {
    /// A read brought `count` bytes.
    pub(crate) fn saw(&mut self, count: usize, fd: BorrowedFd<'_>) {
        if self.place.is_some() || self.refused {
            return;
        }
        self.full_reads = if count < DEFAULT { 0 } else { self.full_reads + 1 };
        if self.full_reads < FULL_READS {
            return;
        }
        self.full_reads = 0;
        if let Some(place) = Place::take() {
            self.refused = sys::set_pipe_size(fd, GROWN).is_err();
            self.place = (!self.refused).then_some(place);
        }
    }
}

/// One of the places for grown pipes, given back when it is dropped.
#[derive(Debug)]
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let more = |count: usize| (count < MOST).then_some(count + 1);
        GROWN_NOW.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        GROWN_NOW.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::fd::AsFd;

    use super::{DEFAULT, FULL_READS, GROWN, Growth};

    #[test]
    fn only_full_reads_in_a_row_let_a_pipe_grow_and_it_does_once() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let size = || rustix::pipe::fcntl_getpipe_size(&reader).unwrap();
        let mut growth = Growth::default();
        for _ in 0..FULL_READS {
            for _ in 1..FULL_READS {
                growth.saw(DEFAULT, reader.as_fd());
            }
            growth.saw(DEFAULT - 1, reader.as_fd());
        }
        assert_eq!(size(), DEFAULT);
        for _ in 0..FULL_READS {
            growth.saw(DEFAULT, reader.as_fd());
        }
        assert_eq!(size(), GROWN);
        drop(growth);
    }
}
