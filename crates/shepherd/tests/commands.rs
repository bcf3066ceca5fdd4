//! Commands reach the child they name, also one whose spawn they have overtaken, and damaged messages harm nobody.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test is the point")]

mod driver;

use std::io::pipe;
use std::os::fd::AsRawFd;

use driver::{Node, line, pidfd, rest, wait_for_death};
use protocol::{Containment, Control, Frame, Stage, Status, Stdio};

const BOTH: [Containment; 2] = [Containment::Tree, Containment::Group];

#[test]
fn a_signal_goes_to_the_target_or_to_the_tree() {
    let mut node = Node::resident();
    for containment in BOTH {
        let script = "trap 'echo parent' USR1; (trap 'echo child; exit' USR1; echo ready; while :; do sleep 0.05; done) & while :; do wait; done";
        let (mut child, mut stdout) = node.shell(containment, script);
        child.started();
        assert_eq!(line(&mut stdout), "ready");
        node.command(Control::Signal { child: child.id, signal: 10, tree: false });
        assert_eq!(line(&mut stdout), "parent");
        node.command(Control::Signal { child: child.id, signal: 10, tree: true });
        let mut both = [line(&mut stdout), line(&mut stdout)];
        both.sort();
        assert_eq!(both, ["child", "parent"]);
    }
    node.finish();
}

#[test]
fn a_stopped_target_is_terminated() {
    let mut node = Node::resident();
    for containment in BOTH {
        let (mut child, _stdout) = node.shell(containment, "exec sleep 1000");
        child.started();
        node.command(Control::Signal { child: child.id, signal: 19, tree: false });
        node.command(Control::Terminate { child: child.id, signal: 15, kill_timeout_ms: 5000 });
        assert_eq!(child.exited(), (-1, 15));
    }
    node.finish();
}

#[test]
fn the_shorter_of_two_timeouts_wins() {
    let mut node = Node::resident();
    for containment in BOTH {
        let (mut child, mut stdout) =
            node.shell(containment, "trap '' TERM; echo ready; while :; do sleep 1000; done");
        child.started();
        assert_eq!(line(&mut stdout), "ready");
        node.command(Control::Terminate { child: child.id, signal: 15, kill_timeout_ms: protocol::NEVER });
        node.command(Control::Terminate { child: child.id, signal: 15, kill_timeout_ms: 60 });
        node.command(Control::Terminate { child: child.id, signal: 15, kill_timeout_ms: 60_000 });
        assert_eq!(child.exited(), (-1, 9));
        child.empty();
    }
    node.finish();
}

#[test]
fn a_cancelled_child_ends_without_waiting_for_a_release() {
    let mut node = Node::resident();
    for containment in BOTH {
        let (mut child, mut stdout) = node.shell(containment, "trap '' TERM; echo ready; exec sleep 1000");
        let target = pidfd(child.started());
        assert_eq!(line(&mut stdout), "ready");
        node.command(Control::Cancel { child: child.id });
        wait_for_death(&target);
        assert_eq!(child.exited(), (-1, 9));
        child.empty();
        assert_eq!(child.next(), None);
    }
    node.finish();
}

#[test]
fn a_cancel_overtakes_its_spawn() {
    let mut node = Node::resident();
    for round in 0..40 {
        let request = node.request(BOTH[round % 2], &["sleep", "1000"]);
        let (status, writer) = pipe().unwrap();
        node.send_message(&request, &[], &writer);
        drop(writer);
        node.command(Control::Cancel { child: request.child });
        assert_eq!(node.answer(), request.child);
        // Whatever had come of it by then ends: with nothing said, or with a start that is undone.
        let mut child = driver::Spawned { id: request.child, status };
        match child.next() {
            None => {}
            Some(Status::Started { pid, .. }) => {
                assert!(pid > 1);
                while child.next().is_some() {}
            }
            other => unexpected(other),
        }
    }
    node.finish();
}

#[test]
fn of_starts_that_are_given_up_beside_others_no_target_is_left() {
    let mut node = Node::resident();
    for _ in 0..60 {
        let mut children = Vec::new();
        for _ in 0..12 {
            let request = node.request(Containment::Group, &["sleep", "1000"]);
            let (status, writer) = pipe().unwrap();
            node.send_message(&request, &[], &writer);
            children.push(driver::Spawned { id: request.child, status });
        }
        // Half of them amid the starts of the others.
        for child in children.iter().step_by(2) {
            node.command(Control::Cancel { child: child.id });
        }
        for _ in 0..12 {
            node.answer();
        }
        for (index, mut child) in children.into_iter().enumerate() {
            if index % 2 == 1 {
                child.started();
                node.command(Control::Cancel { child: child.id });
            }
            while child.next().is_some() {}
        }
    }
    node.comes_to_rest();
    node.finish();
}

fn unexpected(record: Option<Status>) {
    assert_eq!(record, None);
}

#[test]
fn a_terminate_that_overtakes_its_spawn_is_not_lost() {
    let mut node = Node::resident();
    for round in 0..20 {
        let request = node.request(BOTH[round % 2], &["sleep", "1000"]);
        let (status, writer) = pipe().unwrap();
        node.send_message(&request, &[], &writer);
        drop(writer);
        node.command(Control::Terminate { child: request.child, signal: 15, kill_timeout_ms: 1000 });
        assert_eq!(node.answer(), request.child);
        let mut child = driver::Spawned { id: request.child, status };
        child.started();
        assert_eq!(child.exited(), (-1, 15));
    }
    node.finish();
}

#[test]
fn damaged_messages_are_answered() {
    let mut node = Node::resident();
    node.send_frame(b"nonsense", &[]);
    assert_eq!(node.answer(), 0);

    let (_reader, writer) = pipe().unwrap();
    let mut request = node.request(Containment::Tree, &["true"]);
    request.umask = 0o7777;
    let mut child = {
        let (status, theirs) = pipe().unwrap();
        node.send_frame(&Frame::Spawn(request.encode()).encode(), &[theirs.as_raw_fd()]);
        driver::Spawned { id: request.child, status }
    };
    assert_eq!(node.answer(), request.child);
    assert_eq!(child.failed(), (Stage::Decode, libc::EBADMSG));

    // One descriptor too many, and one too few: then what was sent last is missing.
    let request = node.request(Containment::Tree, &["true"]);
    assert_eq!(node.send(&request, &[]).started().min(2), 2);
    let request = node.request(Containment::Tree, &["true"]);
    let mut child = node.send(&request, &[writer.as_raw_fd()]);
    assert_eq!(child.next(), None);
    let mut request = node.request(Containment::Tree, &["true"]);
    request.stdio[0] = Stdio::Passed;
    let mut child = node.send(&request, &[]);
    assert_eq!(child.next(), None);

    let request = node.request(Containment::None, &["true"]);
    assert_eq!(node.send(&request, &[]).failed(), (Stage::Containment, libc::EINVAL));
    node.finish();
}

#[test]
fn only_node_itself_is_obeyed() {
    let mut node = Node::resident();
    let request = node.request(Containment::Tree, &["true"]);
    node.send(&request, &[]).started();
    for containment in BOTH {
        let request = node.request(containment, &["true"]);
        let (status, writer) = pipe().unwrap();
        node.send_from_stranger(&Frame::Spawn(request.encode()).encode(), &[writer.as_raw_fd()]);
        drop(writer);
        assert_eq!(node.answer(), request.child);
        let mut child = driver::Spawned { id: request.child, status };
        assert_eq!(child.failed(), (Stage::Credentials, libc::EPERM));
        assert_eq!(child.next(), None);
    }
    node.finish();
}

#[test]
fn a_shepherd_without_room_for_descriptors_says_so() {
    let mut node = Node::resident();
    let limit = libc::rlimit { rlim_cur: 8, rlim_max: 1024 };
    // SAFETY: one structure is read.
    let result =
        unsafe { libc::prlimit(node.shepherd, libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut()) };
    assert_eq!(result, 0);
    let (reader, writer) = pipe().unwrap();
    for containment in BOTH {
        let mut request = node.request(containment, &["true"]);
        request.stdio = [Stdio::Passed; 3];
        let ends = [reader.as_raw_fd(), writer.as_raw_fd(), writer.as_raw_fd()];
        let mut child = node.send(&request, &ends);
        assert_eq!(child.next(), None, "the status pipe itself was lost");
        // Room for the status pipe alone: receiving works, going on doesn't.
        let request = node.request(containment, &["true"]);
        assert_eq!(node.send(&request, &[]).failed(), (Stage::Fork, libc::EMFILE));
    }
    node.finish();
}

#[test]
fn a_one_shot_target_outlives_its_starter() {
    let mut node = Node::start("oneshot");
    let mut request = node.request(Containment::None, &["sh", "-c", "echo started; read line; echo $line"]);
    request.setsid = true;
    request.stdio = [Stdio::Passed, Stdio::Passed, Stdio::Null];
    let (input, mut feed) = pipe().unwrap();
    let (mut stdout, writer) = pipe().unwrap();
    let mut child = node.send(&request, &[input.as_raw_fd(), writer.as_raw_fd()]);
    drop((input, writer));
    let target = pidfd(child.started());
    assert_eq!(line(&mut stdout), "started");
    node.hang_up();
    node.wait_for_shepherd();
    std::io::Write::write_all(&mut feed, b"alive\n").unwrap();
    assert_eq!(rest(&mut stdout), "alive\n");
    wait_for_death(&target);
    node.finish_after_shepherd();
}

#[test]
fn a_one_shot_tells_the_exit() {
    let mut node = Node::start("oneshot");
    let (mut child, _stdout) = node.shell(Containment::None, "exit 4");
    child.started();
    assert_eq!(child.exited(), (4, 0));
    child.empty();
    child.release(&node);
    node.finish();
    let mut node = Node::start("oneshot");
    let request = node.request(Containment::None, &["/nonexistent"]);
    assert_eq!(node.send(&request, &[]).failed(), (Stage::Exec, libc::ENOENT));
    node.finish();
}
