//! What `/proc` says about the family of a process. Every answer is old the moment it is given.

use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

use libc::pid_t;

use super::super::own_pid;

/// Whether `/proc` counts processes as this process does: it may be missing, or belong to another pid namespace.
pub fn is_usable() -> bool {
    let own = own_pid().to_string();
    fs::read_link("/proc/self").is_ok_and(|link| link.as_os_str().as_bytes() == own.as_bytes())
        && fs::metadata("/proc/thread-self/children").is_ok()
}

/// The children of every thread of a process, zombies included; `None` when it can't be read.
pub fn children_of(pid: pid_t) -> Option<Vec<pid_t>> {
    if pid == own_pid() {
        return own_children();
    }
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let lists = threads.filter_map(|thread| fs::read(thread.ok()?.path().join("children")).ok());
    Some(lists.flat_map(|list| numbers(&list)).collect())
}

/// Asked at every death, so without the calls that `fs::read` makes to guess a size.
fn own_children() -> Option<Vec<pid_t>> {
    let mut file = fs::File::open("/proc/thread-self/children").ok()?;
    let mut list = Vec::new();
    let mut block = [0; 4096];
    loop {
        match file.read(&mut block) {
            // The kernel fills the block as long as there is more.
            Ok(got) if got < block.len() / 2 => {
                list.extend_from_slice(block.get(..got)?);
                return Some(numbers(&list));
            }
            Ok(got) => list.extend_from_slice(block.get(..got)?),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// The parent of a process and whether it is still alive: neither a zombie nor dead.
pub fn parent_of(pid: pid_t) -> Option<(pid_t, bool)> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; what follows its last parenthesis is state, then parent.
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = stat.get(name_end + 1..)?.split(|byte| *byte == b' ').filter(|field| !field.is_empty());
    let alive = !matches!(fields.next()?, b"Z" | b"X" | b"x");
    Some((number(fields.next()?)?, alive))
}

fn numbers(list: &[u8]) -> Vec<pid_t> {
    list.split(|byte| *byte == b' ').filter_map(number).collect()
}

fn number(digits: &[u8]) -> Option<pid_t> {
    std::str::from_utf8(digits).ok()?.trim().parse().ok()
}
