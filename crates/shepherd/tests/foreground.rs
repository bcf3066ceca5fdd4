//! A foreground child gets the terminal, its stops are told, and it goes on when it is told to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test is the point")]

mod driver;

use std::fs::File;
use std::io::{Read, Write, pipe};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use driver::{Node, line};
use protocol::{Containment, Control, Status, Stdio};

const BOTH: [Containment; 2] = [Containment::Tree, Containment::Group];

/// A terminal's master and the path of its other side.
fn terminal() -> (File, String) {
    // SAFETY: constants and a buffer of the length given.
    unsafe {
        let master = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC);
        assert!(master >= 0 && libc::grantpt(master) == 0 && libc::unlockpt(master) == 0);
        let mut name = [0_u8; 64];
        assert_eq!(libc::ptsname_r(master, name.as_mut_ptr().cast(), name.len()), 0);
        let end = name.iter().position(|byte| *byte == 0).unwrap();
        (File::from(OwnedFd::from_raw_fd(master)), String::from_utf8(name[..end].to_vec()).unwrap())
    }
}

fn slave(path: &str) -> File {
    let flags = std::os::unix::fs::OpenOptionsExt::custom_flags(
        File::options().read(true).write(true),
        libc::O_NOCTTY,
    )
    .open(path);
    flags.unwrap()
}

const SCRIPT: &str = "cut -d' ' -f1,8 /proc/$$/stat; read word; echo got $word";

#[test]
fn a_stop_is_told_and_undone() {
    let (mut master, path) = terminal();
    let mut node = Node::on_terminal(&path);
    let tty = slave(&path);
    for containment in BOTH {
        let mut request = node.request(containment, &["sh", "-c", SCRIPT]);
        request.foreground = true;
        request.stdio = [Stdio::Passed, Stdio::Passed, Stdio::Null];
        let (mut stdout, writer) = pipe().unwrap();
        let mut child = node.send(&request, &[tty.as_raw_fd(), writer.as_raw_fd()]);
        drop(writer);
        let pid = child.started();
        assert_eq!(line(&mut stdout), format!("{pid} {pid}"));
        master.write_all(b"\x1a").unwrap();
        assert_eq!(child.next(), Some(Status::Stopped));
        node.command(Control::Foreground { child: child.id });
        master.write_all(b"word\n").unwrap();
        assert_eq!(line(&mut stdout), "got word");
        assert_eq!(child.exited(), (0, 0));
    }
    node.finish();
}

#[test]
fn a_new_session_takes_the_terminal_over_and_another_leaves_it() {
    let (_master, path) = terminal();
    let mut node = Node::resident();
    let tty = slave(&path);
    for setsid in [true, false] {
        let mut request = node.request(Containment::Tree, &["sh", "-c", SCRIPT]);
        request.foreground = true;
        request.setsid = setsid;
        request.stdio = [Stdio::Passed, Stdio::Passed, Stdio::Null];
        let (mut stdout, writer) = pipe().unwrap();
        let mut child = node.send(&request, &[tty.as_raw_fd(), writer.as_raw_fd()]);
        drop(writer);
        let pid = child.started();
        let words = line(&mut stdout);
        if setsid {
            assert_eq!(words, format!("{pid} {pid}"));
        } else {
            // Not the terminal of this session: it is an open file like any other.
            assert!(!words.ends_with(&format!(" {pid}")), "{words}");
        }
        node.command(Control::Terminate { child: child.id, signal: 9, kill_timeout_ms: 0 });
        child.exited();
    }
    node.finish();
}

#[test]
fn the_stop_of_a_target_with_a_terminal_of_its_own_is_nobodys_business() {
    let mut node = Node::resident();
    for containment in BOTH {
        let (mut master, path) = terminal();
        let tty = slave(&path);
        let mut request = node.request(containment, &["sh", "-c", "kill -STOP $$; read word"]);
        request.foreground = true;
        request.setsid = true;
        request.stdio = [Stdio::Passed, Stdio::Passed, Stdio::SameAsStdout];
        let mut child = node.send(&request, &[tty.as_raw_fd(), tty.as_raw_fd()]);
        let pid = child.started();
        while !std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") T ") {
            std::thread::yield_now();
        }
        // Whoever is told to signal a target looks at it first.
        node.command(Control::Signal { child: child.id, signal: libc::SIGCONT as u8, tree: false });
        master.write_all(b"word\n").unwrap();
        assert_eq!(child.exited(), (0, 0));
    }
    node.finish();
}

#[test]
fn nobody_but_the_target_holds_a_terminal_of_its_own() {
    let mut node = Node::resident();
    for containment in BOTH {
        let (mut master, path) = terminal();
        let tty = slave(&path);
        let mut request = node.request(containment, &["sh", "-c", "read word; echo got $word"]);
        request.foreground = true;
        request.setsid = true;
        request.stdio = [Stdio::Passed, Stdio::Passed, Stdio::SameAsStdout];
        let mut child = node.send(&request, &[tty.as_raw_fd(), tty.as_raw_fd()]);
        child.started();
        drop(tty);
        master.write_all(b"word\n").unwrap();
        let mut shown = Vec::new();
        // The end of a terminal is an error here, and comes although the target's zombie is still held.
        let end = master.read_to_end(&mut shown).unwrap_err();
        assert_eq!(end.raw_os_error(), Some(libc::EIO));
        assert_eq!(String::from_utf8(shown).unwrap(), "word\r\ngot word\r\n");
        assert_eq!(child.exited(), (0, 0));
    }
    node.finish();
}
