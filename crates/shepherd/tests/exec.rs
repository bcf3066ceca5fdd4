//! What a target gets and how its start and end are told, in each kind of containment.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test is the point")]

mod driver;

use std::io::pipe;
use std::os::fd::AsRawFd;

use driver::{Node, line, rest};
use protocol::{Containment, Stage, Stdio};

const BOTH: [Containment; 2] = [Containment::Tree, Containment::Group];

#[test]
fn exit_code_and_signal_are_told() {
    let mut node = Node::resident();
    for containment in BOTH {
        let (mut child, mut stdout) = node.shell(containment, "echo hello; exit 7");
        assert!(child.started() > 1);
        assert_eq!(rest(&mut stdout), "hello\n");
        assert_eq!(child.exited(), (7, 0));
        child.empty();
        child.release(&node);
        let (mut child, _stdout) = node.shell(containment, "kill -9 $$");
        child.started();
        assert_eq!(child.exited(), (-1, 9));
        child.empty();
        child.release(&node);
    }
    node.finish();
}

#[test]
fn failures_name_their_stage() {
    let mut node = Node::resident();
    for containment in BOTH {
        let mut fails = |file: &str, cwd: &str, path: Option<&str>| {
            let mut request = node.request(containment, &[file]);
            request.cwd = cwd.as_bytes().to_vec();
            if let Some(path) = path {
                request.env = node.env(path);
            }
            let mut child = node.send(&request, &[]);
            let failure = child.failed();
            assert_eq!(child.next(), None);
            failure
        };
        assert_eq!(fails("/nonexistent/tool", "/", None), (Stage::Exec, libc::ENOENT));
        assert_eq!(fails("no-such-tool", "/", None), (Stage::Exec, libc::ENOENT));
        assert_eq!(fails("/etc/passwd", "/", None), (Stage::Exec, libc::EACCES));
        assert_eq!(fails("/etc/passwd/tool", "/", None), (Stage::Exec, libc::ENOTDIR));
        assert_eq!(fails("passwd", "/", Some("/etc:/nonexistent")), (Stage::Exec, libc::EACCES));
        assert_eq!(fails("tool", "/", Some("/nonexistent:/etc/passwd")), (Stage::Exec, libc::ENOENT));
        assert_eq!(fails("true", "/bin", Some(":.:bin")), (Stage::Exec, libc::ENOENT));
        assert_eq!(fails("true", "/nonexistent", None), (Stage::Chdir, libc::ENOENT));
    }
    node.finish();
}

#[test]
fn a_text_file_is_not_given_to_a_shell() {
    let mut node = Node::resident();
    let path = std::env::temp_dir().join(format!("sluice-text-{}", std::process::id()));
    std::fs::write(&path, "exit 0\n").unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for containment in BOTH {
        let request = node.request(containment, &[path.to_str().unwrap()]);
        assert_eq!(node.send(&request, &[]).failed(), (Stage::Exec, libc::ENOEXEC));
    }
    std::fs::remove_file(&path).unwrap();
    node.finish();
}

#[test]
fn a_target_starts_clean() {
    let mut node = Node::resident();
    for containment in BOTH {
        let script = "grep -E '^Sig(Blk|Ign)' /proc/self/status; umask; pwd; ls /proc/self/fd | tr '\\n' ' '";
        let mut request = node.request(containment, &["sh", "-c", script]);
        request.umask = 0o27;
        request.cwd = b"/usr".to_vec();
        request.stdio = [Stdio::Null, Stdio::Passed, Stdio::SameAsStdout];
        let (mut stdout, writer) = pipe().unwrap();
        let mut child = node.send(&request, &[writer.as_raw_fd()]);
        drop(writer);
        let zero = "0000000000000000";
        // The list is ls's own: its fourth descriptor is the folder it reads.
        let expected = format!("SigBlk:\t{zero}\nSigIgn:\t{zero}\n0027\n/usr\n0 1 2 3 ");
        assert_eq!(rest(&mut stdout), expected);
        child.started();
        assert_eq!(child.exited(), (0, 0));
    }
    node.finish();
}

#[test]
fn standard_error_follows_standard_output_and_input_arrives() {
    let mut node = Node::resident();
    for containment in BOTH {
        let mut request = node.request(containment, &["sh", "-c", "cat; echo err >&2; echo out"]);
        request.stdio = [Stdio::Passed, Stdio::Passed, Stdio::SameAsStdout];
        let (input, mut feed) = pipe().unwrap();
        let (mut stdout, writer) = pipe().unwrap();
        let mut child = node.send(&request, &[input.as_raw_fd(), writer.as_raw_fd()]);
        drop((input, writer));
        child.started();
        std::io::Write::write_all(&mut feed, b"in\n").unwrap();
        drop(feed);
        assert_eq!(rest(&mut stdout), "in\nerr\nout\n");
    }
    node.finish();
}

#[test]
fn a_megabyte_of_arguments_travels_in_a_memfd() {
    let mut node = Node::resident();
    for containment in BOTH {
        let long = "x".repeat(100_000);
        let mut argv = vec!["sh", "-c", "echo $# ${#10} ", "sh"];
        argv.extend([long.as_str(); 10]);
        let mut request = node.request(containment, &argv);
        request.stdio[1] = Stdio::Passed;
        let (mut stdout, writer) = pipe().unwrap();
        let mut child = node.send(&request, &[writer.as_raw_fd()]);
        drop(writer);
        child.started();
        assert_eq!(line(&mut stdout), "10 100000");
    }
    node.finish();
}

#[test]
fn no_end_is_held_by_anybody_else_once_started() {
    let mut node = Node::resident();
    for containment in BOTH {
        let mut request = node.request(containment, &["sh", "-c", "exec >&-; read line"]);
        request.stdio = [Stdio::Passed, Stdio::Passed, Stdio::Null];
        let (input, _feed) = pipe().unwrap();
        let (mut stdout, writer) = pipe().unwrap();
        let mut child = node.send(&request, &[input.as_raw_fd(), writer.as_raw_fd()]);
        drop((input, writer));
        child.started();
        assert_eq!(rest(&mut stdout), "", "the target has closed its end, and that was the last");
    }
    node.finish();
}

#[test]
fn a_session_of_its_own_and_a_group_of_its_own() {
    let mut node = Node::resident();
    for (containment, setsid) in [(BOTH[0], true), (BOTH[1], true), (BOTH[0], false), (BOTH[1], false)] {
        let mut request = node.request(containment, &["sh", "-c", "cut -d' ' -f1,5,6 /proc/$$/stat"]);
        request.setsid = setsid;
        request.stdio[1] = Stdio::Passed;
        let (mut stdout, writer) = pipe().unwrap();
        let mut child = node.send(&request, &[writer.as_raw_fd()]);
        drop(writer);
        let pid = child.started().to_string();
        let text = line(&mut stdout);
        let fields: Vec<&str> = text.split(' ').collect();
        assert_eq!(fields[..2], [&pid, &pid]);
        assert_eq!(fields[2] == pid, setsid);
    }
    node.finish();
}
