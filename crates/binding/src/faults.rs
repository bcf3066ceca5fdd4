//! A disk that fails when a test says so. In no published build.

use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};

use journal::{Disk, System};
use napi_derive::napi;

/// What goes wrong with every journal of this process from now on; negative = never.
#[derive(Clone, Copy)]
struct Plan {
    /// A write takes no more bytes than this.
    short: i64,
    /// Bytes until the disk is full.
    room: i64,
    /// Syncs until one fails.
    syncs: i64,
}

const NOTHING: Plan = Plan { short: -1, room: -1, syncs: -1 };
static PLAN: Mutex<Plan> = Mutex::new(NOTHING);

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// Says what goes wrong from now on.
#[napi(catch_unwind, js_name = "failDisk")]
pub fn fail_disk(short: i64, room: i64, syncs: i64) {
    *PLAN.lock().unwrap_or_else(PoisonError::into_inner) = Plan { short, room, syncs };
}

pub(crate) fn disk() -> Box<dyn Disk> {
    Box::new(Faulty)
}

struct Faulty;

impl Disk for Faulty {
    fn write_at(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut plan = PLAN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut length = bytes.len() as i64;
        if plan.short >= 0 {
            length = length.min(plan.short.max(1));
        }
        if plan.room >= 0 {
            if plan.room == 0 {
                return Err(io::Error::from_raw_os_error(ENOSPC));
            }
            length = length.min(plan.room);
            plan.room -= length;
        }
        drop(plan);
        System.write_at(file, bytes.get(..length as usize).unwrap_or(bytes), offset)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        let mut plan = PLAN.lock().unwrap_or_else(PoisonError::into_inner);
        if plan.syncs == 0 {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        plan.syncs = (plan.syncs - 1).max(-1);
        drop(plan);
        System.sync(file)
    }
}
