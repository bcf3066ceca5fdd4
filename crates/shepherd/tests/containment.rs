//! Nothing of a tree survives its end, whoever ends it or dies: the target, Node, the keeper, the shepherd.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test is the point")]

mod driver;

use std::fs;
use std::io::pipe;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use driver::{Node, is_dead, line, pidfd, wait_for_death};
use protocol::{Containment, Control, NEVER, Status, Stdio};

const BOTH: [Containment; 2] = [Containment::Tree, Containment::Group];

/// A polite leader and a member of its group that ignores SIGTERM; prints the member's number when it does.
const STUBBORN: &str = r#"(trap "" TERM; sh -c 'echo $$; exec sleep 1000') & exec sleep 1000"#;

/// A descendant in a session of its own whose parent is gone, ignoring SIGTERM; prints its number.
const DAEMON: &str = r#"(trap "" TERM; setsid sh -c 'echo $$; exec sleep 1000' &) ; exec sleep 1000"#;

fn member(stdout: &mut std::io::PipeReader) -> OwnedFd {
    pidfd(line(stdout).parse().unwrap())
}

#[test]
fn a_member_that_ignores_sigterm_dies_after_the_timeout() {
    let mut node = Node::resident();
    for containment in BOTH {
        let (mut child, mut stdout) = node.shell(containment, STUBBORN);
        child.started();
        let stubborn = member(&mut stdout);
        let begun = Instant::now();
        node.command(Control::Terminate { child: child.id, signal: 15, kill_timeout_ms: 150 });
        assert_eq!(child.exited(), (-1, 15));
        child.empty();
        wait_for_death(&stubborn);
        assert!(begun.elapsed() < Duration::from_millis(1500));
        child.release(&node);
    }
    node.finish();
}

#[test]
fn a_daemon_of_the_tree_is_found() {
    let mut node = Node::resident();
    let (mut child, mut stdout) = node.shell(Containment::Tree, DAEMON);
    child.started();
    let daemon = member(&mut stdout);
    node.command(Control::Terminate { child: child.id, signal: 15, kill_timeout_ms: 50 });
    child.exited();
    child.empty();
    wait_for_death(&daemon);
    child.release(&node);
    node.finish();
}

#[test]
fn leftovers_are_killed_or_left_as_asked() {
    let mut node = Node::resident();
    let script = "(trap '' TERM; setsid sh -c 'echo $$; exec sleep 1000' &); read word; exit 3";
    let mut request = node.request(Containment::Tree, &["sh", "-c", script]);
    request.stdio = [Stdio::Passed, Stdio::Passed, Stdio::Null];
    let (input, feed) = pipe().unwrap();
    let (mut stdout, writer) = pipe().unwrap();
    let mut child = node.send(&request, &[input.as_raw_fd(), writer.as_raw_fd()]);
    let daemon = member(&mut stdout);
    drop((input, feed));
    child.started();
    assert_eq!(child.exited(), (3, 0));
    child.empty();
    wait_for_death(&daemon);

    for (containment, script) in [(BOTH[0], script), (BOTH[1], "sh -c 'echo $$; exec sleep 1000' & exit 3")] {
        let mut request = node.request(containment, &["sh", "-c", script]);
        request.kill_on_exit = false;
        request.stdio[1] = Stdio::Passed;
        let (mut stdout, writer) = pipe().unwrap();
        let mut child = node.send(&request, &[writer.as_raw_fd()]);
        let left = line(&mut stdout);
        child.started();
        assert_eq!(child.exited(), (3, 0));
        // Answered after the exit was seen: it has not been taken for the end of the tree.
        node.command(Control::Release { child: child.id });
        node.command(Control::Signal { child: child.id, signal: 0, tree: true });
        assert!(fs::exists(format!("/proc/{left}/stat")).unwrap());
        node.command(Control::Terminate { child: child.id, signal: 9, kill_timeout_ms: NEVER });
        child.empty();
        assert_eq!(child.next(), None);
    }
    node.finish();
}

#[test]
fn a_daemon_that_left_its_group_lives_until_node_is_gone() {
    let mut node = Node::resident();
    let script = "(trap '' TERM; setsid sh -c 'echo $$; exec sleep 1000' &); exit 0";
    let mut request = node.request(Containment::Group, &["sh", "-c", script]);
    request.kill_on_exit = false;
    request.stdio[1] = Stdio::Passed;
    let (mut stdout, writer) = pipe().unwrap();
    let mut child = node.send(&request, &[writer.as_raw_fd()]);
    let daemon = line(&mut stdout);
    let watched = pidfd(daemon.parse().unwrap());
    child.started();
    child.exited();
    node.command(Control::Release { child: child.id });
    // A whole child later the shepherd has looked at its family several times, and has seen that the group is empty.
    let (mut other, _stdout) = node.shell(Containment::Tree, "exit 0");
    other.started();
    other.exited();
    other.empty();
    other.release(&node);
    child.empty();
    assert!(!is_dead(&watched));
    node.finish();
    wait_for_death(&watched);
}

#[test]
fn the_zombie_is_held_until_release() {
    let mut node = Node::resident();
    for containment in BOTH {
        let (mut child, _stdout) = node.shell(containment, "exit 0");
        let pid = child.started();
        child.exited();
        child.empty();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        assert!(stat.contains(") Z "), "{stat}");
        child.release(&node);
        assert!(!fs::exists(format!("/proc/{pid}/stat")).unwrap());
        // Node that closes its end instead releases too.
        let (mut child, _stdout) = node.shell(containment, "exit 0");
        child.started();
        child.exited();
        child.empty();
    }
    node.finish();
}

#[test]
fn everything_dies_with_node() {
    let mut node = Node::resident();
    let mut stdouts = Vec::new();
    let mut children = Vec::new();
    for round in 0..30 {
        let script = [STUBBORN, DAEMON, "echo $$; exec sleep 1000"][round % 3];
        let (mut child, mut stdout) = node.shell(BOTH[round % 2], script);
        child.started();
        // A detached descendant in group mode belongs to nobody: it may be dead before it has spoken.
        if script != DAEMON || round % 2 == 0 {
            line(&mut stdout);
        }
        stdouts.push(stdout);
        children.push(child);
    }
    let begun = Instant::now();
    node.hang_up();
    node.wait_for_shepherd();
    assert!(begun.elapsed() < Duration::from_millis(200 + 500), "{:?}", begun.elapsed());
    assert_eq!(node.census(), Vec::<String>::new());
    for (round, mut child) in children.into_iter().enumerate() {
        if BOTH[round % 2] == Containment::Tree {
            assert_eq!(child.next(), Some(Status::Orphaned));
        }
        assert_eq!(child.exited(), (-1, 15));
        child.empty();
        assert_eq!(child.next(), None);
    }
}

#[test]
fn a_keeper_holds_an_exact_list_of_descriptors() {
    let mut node = Node::resident();
    let (mut others, _stdout) = node.shell(Containment::Group, "exec sleep 1000");
    others.started();
    for _ in 0..3 {
        let mut request = node.request(Containment::Tree, &["sleep", "1000"]);
        request.stdio = [Stdio::Passed; 3];
        let (reader, writer) = pipe().unwrap();
        let mut child = node.send(&request, &[reader.as_raw_fd(), writer.as_raw_fd(), writer.as_raw_fd()]);
        let keeper = Node::parent_of(child.started());
        let mut list: Vec<(i32, String)> = fs::read_dir(format!("/proc/{keeper}/fd"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let kind = fs::read_link(entry.path()).unwrap().into_os_string().into_string().unwrap();
                (entry.file_name().into_string().unwrap().parse().unwrap(), kind)
            })
            .collect();
        list.sort();
        let kinds: Vec<&str> = list.iter().map(|(_, kind)| kind.split(":[").next().unwrap()).collect();
        let null = "/dev/null";
        assert_eq!(
            kinds,
            [null, null, null, "socket", "pipe", "anon_inode:[signalfd]".split(":[").next().unwrap()]
        );
        assert_eq!(list.iter().map(|(fd, _)| *fd).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    }
    node.finish();
}

#[test]
fn a_killed_keeper_takes_its_tree_along() {
    let mut node = Node::resident();
    let (mut child, mut stdout) = node.shell(Containment::Tree, DAEMON);
    let pid = child.started();
    let target = pidfd(pid);
    let daemon = member(&mut stdout);
    let keeper = pidfd(Node::parent_of(pid));
    signal(&keeper, libc::SIGKILL);
    wait_for_death(&target);
    wait_for_death(&daemon);
    assert_eq!(child.next(), None, "no status is invented");
    node.finish();
}

#[test]
fn a_killed_shepherd_takes_its_trees_along() {
    let mut node = Node::resident();
    let (mut tree, mut stdout) = node.shell(Containment::Tree, DAEMON);
    tree.started();
    let daemon = member(&mut stdout);
    let (mut group, _stdout) = node.shell(Containment::Group, "exec sleep 1000");
    let grouped = pidfd(group.started());
    node.kill_shepherd();
    wait_for_death(&grouped);
    wait_for_death(&daemon);
    assert_eq!(tree.next(), Some(Status::Orphaned), "told before its tree is ended");
    assert_eq!(tree.exited(), (-1, 15));
    tree.empty();
    assert_eq!(tree.next(), None);
    assert_eq!(group.next(), None);
    node.wait_for_shepherd();
    assert_eq!(node.census(), Vec::<String>::new());
}

#[test]
fn an_environment_ends_with_its_own_children_only() {
    let mut node = Node::resident();
    for containment in BOTH {
        let mut doomed = node.request(containment, &["sleep", "1000"]);
        doomed.environment = 2;
        let spared = node.request(containment, &["sleep", "1000"]);
        let mut doomed = node.send(&doomed, &[]);
        let mut spared = node.send(&spared, &[]);
        doomed.started();
        spared.started();
        node.command(Control::KillEnvironment { environment: 2 });
        assert_eq!(doomed.exited(), (-1, 15));
        doomed.empty();
        assert_eq!(doomed.next(), None, "nobody releases it");
        node.command(Control::Signal { child: spared.id, signal: 10, tree: false });
        assert_eq!(spared.exited(), (-1, 10));
    }
    node.finish();
}

#[test]
fn a_fork_storm_converges() {
    let mut node = Node::resident();
    let script = "echo $$; i=0; while [ $i -lt 60 ]; do (setsid sh -c 'sleep 1000 & sleep 1000 & wait' &); i=$((i+1)); done; echo done; wait; exec sleep 1000";
    let (mut child, mut stdout) = node.shell(Containment::Tree, script);
    child.started();
    line(&mut stdout);
    line(&mut stdout);
    node.command(Control::Terminate { child: child.id, signal: 15, kill_timeout_ms: 0 });
    child.exited();
    assert_eq!(child.next(), Some(Status::Empty { survivors: 0 }));
    child.release(&node);
    node.finish();
}

fn signal(process: &OwnedFd, signal: i32) {
    let info = std::ptr::null::<u8>();
    // SAFETY: no memory is passed.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal, info, 0) };
    assert_eq!(result, 0);
}
