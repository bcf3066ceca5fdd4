//! A leaf of the control groups for one tree: made before the start, killed as a whole, removed when nothing of the tree is
//! left. Whatever the tree does, nobody leaves it: that reaches those whom no signal of ours does.
//!
//! A leaf's name says whose it is, so that a later guard removes what a killed one left behind. It names the pid namespace too:
//! in another one the same number is somebody else's, or nobody's, and says nothing about the life of its owner.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use libc::pid_t;
use protocol::{Cgroup, Stage};

use crate::exec::Failure;
use crate::ladder::UNKILLABLE_AFTER;
use crate::sys;

const PREFIX: &str = "sluicegate.";

/// How long one wait for the end of killed processes may take before they are killed again.
const PATIENCE: Duration = Duration::from_millis(100);

/// A leaf that exists.
#[derive(Debug)]
pub struct Leaf(PathBuf);

/// The ways into a leaf, open before there is a child that needs one.
#[derive(Debug)]
pub struct Entrance {
    folder: OwnedFd,
    members: OwnedFd,
}

impl Entrance {
    pub fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// Takes the calling process in. Async-signal-safe.
    pub fn enter(&self) -> io::Result<()> {
        sys::write(self.members.as_fd(), b"0")
    }
}

impl Leaf {
    /// Makes the leaf that was asked for, with its limits; or nothing. `child` tells it from this process's other ones.
    /// What dead guards have left beside it goes first.
    pub fn make(wanted: &Cgroup, child: u64) -> Result<(Self, Entrance), Failure> {
        let parent = parent_of(wanted).map_err(failed(Stage::CgroupParent))?;
        let owner = Owner::of_this_process().map_err(failed(Stage::CgroupParent))?;
        owner.sweep(&parent);
        let path = parent.join(format!("{PREFIX}{}.{}.{}.{child}", owner.namespace, owner.pid, owner.start));
        fs::create_dir(&path).map_err(failed(Stage::CgroupLeaf))?;
        let leaf = Self(path);
        match leaf.prepare(&parent, wanted) {
            Ok(entrance) => Ok((leaf, entrance)),
            Err(failure) => {
                leaf.remove();
                Err(failure)
            }
        }
    }

    fn prepare(&self, parent: &Path, wanted: &Cgroup) -> Result<Entrance, Failure> {
        let write = |name: &str| File::options().write(true).open(self.0.join(name)).map(OwnedFd::from);
        write("cgroup.kill").map_err(failed(Stage::CgroupKill))?;
        let number = |value: u64| value.to_string();
        let limits = [
            ("memory", "memory.max", wanted.memory_max.map(number), Stage::CgroupMemory),
            ("pids", "pids.max", wanted.pids_max.map(number), Stage::CgroupPids),
            (
                "cpu",
                "cpu.max",
                wanted.cpu_max.map(|(quota, period)| format!("{quota} {period}")),
                Stage::CgroupCpu,
            ),
        ];
        for (controller, file, value, stage) in limits {
            let Some(value) = value else { continue };
            let file = self.0.join(file);
            if !file.exists() {
                // Present only where the parent has handed the controller down.
                let switch = parent.join("cgroup.subtree_control");
                fs::write(switch, format!("+{controller}")).map_err(failed(stage))?;
            }
            fs::write(file, value).map_err(failed(stage))?;
        }
        let folder = File::open(&self.0).map_err(failed(Stage::CgroupJoin))?;
        let members = write("cgroup.procs").map_err(failed(Stage::CgroupJoin))?;
        Ok(Entrance { folder: folder.into(), members })
    }

    /// SIGKILL to all that is in it, and to what is being forked in it at this moment.
    pub fn kill(&self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
    }

    /// Ends what is left in it, and removes it with all that was made below it. False when somebody outlives that.
    pub fn remove(&self) -> bool {
        self.remove_within(UNKILLABLE_AFTER)
    }

    fn remove_within(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.is_populated() {
            if Instant::now() >= deadline {
                return false;
            }
            self.kill();
            self.wait();
        }
        remove_folders(&self.0).is_ok()
    }

    fn is_populated(&self) -> bool {
        let events = fs::read_to_string(self.0.join("cgroup.events")).unwrap_or_default();
        events.lines().any(|line| line == "populated 1")
    }

    /// Waits until what it says of its population may have changed.
    fn wait(&self) {
        let Ok(events) = File::open(self.0.join("cgroup.events")) else { return };
        // A change since the file was last read counts, and so does one before the wait begins.
        let _ = io::read_to_string(&events);
        if self.is_populated() {
            sys::poll(&mut [sys::interest(events.as_fd(), libc::POLLPRI)], Some(PATIENCE));
        }
    }
}

/// Folders of the hierarchy hold files that go with them; only folders have to be removed, the deepest first.
fn remove_folders(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_folders(&entry.path())?;
        }
    }
    fs::remove_dir(path)
}

fn failed(stage: Stage) -> impl Fn(io::Error) -> Failure {
    move |error| Failure { stage, errno: sys::number(&error) }
}

/// The folder of the hierarchy that was named, or this process's own.
fn parent_of(wanted: &Cgroup) -> io::Result<PathBuf> {
    let parent = if wanted.parent.is_empty() {
        own_folder().ok_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))?
    } else {
        sys::path(&wanted.parent)
    };
    if sys::is_cgroup2(&parent)? { Ok(parent) } else { Err(io::Error::from_raw_os_error(libc::ENOTSUP)) }
}

/// Where the unified hierarchy is mounted, and where in it this process lies.
fn own_folder() -> Option<PathBuf> {
    let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = membership.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounts.lines().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        let below = own.strip_prefix(root.trim_end_matches('/'))?;
        system.starts_with("cgroup2 ").then(|| Path::new(point).join(below.trim_start_matches('/')))
    })
}

/// Who has made a leaf: the number alone could be somebody else's by now.
struct Owner {
    namespace: u64,
    pid: pid_t,
    start: u64,
}

impl Owner {
    fn of_this_process() -> io::Result<Self> {
        let pid = sys::own_pid();
        let start = sys::start_of(pid).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))?;
        Ok(Self { namespace: sys::pid_namespace()?, pid, start })
    }

    /// Ends and removes the leaves of guards that are dead. Nobody else would.
    fn sweep(&self, parent: &Path) {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| self.is_left_behind(name)) {
                // What can't be ended holds nobody up for long; the next guard tries again.
                Leaf(entry.path()).remove_within(PATIENCE);
            }
        }
    }

    fn is_left_behind(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(PREFIX) else { return false };
        let numbers: Option<Vec<u64>> = rest.split('.').map(|number| number.parse().ok()).collect();
        let Some([namespace, pid, start, _]) = numbers.as_deref() else { return false };
        let living = pid_t::try_from(*pid).ok().and_then(sys::start_of);
        *namespace == self.namespace && living != Some(*start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_leaves_of_dead_owners_in_this_namespace_are_left_behind() {
        let own = Owner::of_this_process().unwrap();
        let name = |namespace, pid, start| format!("sluicegate.{namespace}.{pid}.{start}.7");
        assert!(!own.is_left_behind(&name(own.namespace, own.pid, own.start)), "it lives");
        assert!(own.is_left_behind(&name(own.namespace, own.pid, own.start + 1)), "its number is another's");
        assert!(own.is_left_behind(&name(own.namespace, pid_t::MAX, 1)), "nobody has its number");
        assert!(!own.is_left_behind(&name(own.namespace + 1, pid_t::MAX, 1)), "nothing is known of it");
        for stranger in ["sluicegate", "sluicegate.1.2.3", "sluicegate.a.b.c.d", "system.slice"] {
            assert!(!own.is_left_behind(stranger));
        }
    }

    /// On a plain folder, where each file takes what is written to it. What the kernel makes of it, it shows only where it has
    /// the controllers.
    #[test]
    fn limits_are_written_in_the_kernels_words() {
        let parent = std::env::temp_dir().join(format!("sluicegate-leaf-{}", sys::own_pid()));
        let leaf = Leaf(parent.join("leaf"));
        fs::create_dir_all(&leaf.0).unwrap();
        for file in ["cgroup.kill", "cgroup.procs", "pids.max", "cpu.max"] {
            fs::write(leaf.0.join(file), "").unwrap();
        }
        let wanted = Cgroup {
            memory_max: Some(1 << 30),
            pids_max: Some(100),
            cpu_max: Some((50_000, 100_000)),
            ..Cgroup::default()
        };
        assert!(leaf.prepare(&parent, &wanted).is_ok());
        let written = |file: &str| fs::read_to_string(leaf.0.join(file)).unwrap();
        assert_eq!([written("memory.max"), written("pids.max")], ["1073741824", "100"]);
        assert_eq!(written("cpu.max"), "50000 100000");
        let asked_for = fs::read_to_string(parent.join("cgroup.subtree_control")).unwrap();
        assert_eq!(asked_for, "+memory", "the one whose file was not there");
        fs::remove_dir_all(parent).unwrap();
    }
}
