//! The shepherd and its keepers under valgrind, where there is one, through a storm of starts, failures, kills and damaged messages:
//! no memory is used wrongly or lost, and no descriptor is open at the end that was not there at the beginning.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test is the point")]

mod driver;

use std::fs;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use driver::Node;
use protocol::{Containment, Control, Stdio};

const BURSTS: usize = 4;

fn valgrind() -> Option<&'static str> {
    ["/usr/bin/valgrind", "/usr/local/bin/valgrind"].into_iter().find(|path| Path::new(path).exists())
}

/// Starts some children, ends each in its own way, and waits for all of it. None whose start fails: valgrind makes a fork of a
/// vfork, so the word of the failure would stay in the child.
fn burst(node: &mut Node, containment: Containment) {
    let (mut ends, _output) = node.shell(containment, "exit 3");
    let (mut killed, _output) = node.shell(containment, "exec sleep 1000");
    let (mut stubborn, mut output) = node.shell(containment, "trap '' TERM; sleep 1000 & echo up; wait");
    let (mut canceled, _output) = node.shell(containment, "sleep 1000 & sleep 1000");
    let mut large = node.request(containment, &["true", &"x".repeat(40_000)]);
    large.stdio = [Stdio::Null, Stdio::Null, Stdio::SameAsStdout];
    let mut large = node.send(&large, &[]);
    node.send_frame(b"no message at all", &[node.control.as_ref().unwrap().as_raw_fd()]);
    assert_eq!(node.answer(), 0);

    for child in [&mut ends, &mut killed, &mut stubborn, &mut canceled, &mut large] {
        assert!(child.started() > 1);
    }
    assert_eq!(driver::line(&mut output), "up");
    node.command(Control::Signal { child: killed.id, signal: 9, tree: true });
    node.command(Control::Terminate { child: stubborn.id, signal: 15, kill_timeout_ms: 20 });
    node.command(Control::Cancel { child: canceled.id });
    assert_eq!(ends.exited(), (3, 0));
    assert_eq!(killed.exited(), (-1, 9));
    assert_eq!(stubborn.exited(), (-1, 9));
    assert_eq!(canceled.exited(), (-1, 9));
    assert_eq!(large.exited(), (0, 0));
    for mut child in [ends, killed, stubborn, large] {
        child.empty();
        child.release(node);
    }
    while canceled.next().is_some() {}
}

/// What valgrind wrote about each process that came to an end of its own.
fn reports(folder: &Path) -> Vec<(PathBuf, String)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap()));
    all.filter(|(_, report)| report.contains("ERROR SUMMARY")).collect()
}

#[test]
fn a_storm_of_starts_and_kills_loses_no_memory_and_no_descriptor() {
    let Some(valgrind) = valgrind() else { return };
    let folder = std::env::temp_dir().join(format!("sluicegate-valgrind-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let log = format!("--log-file={}/%p", folder.display());
    let mut node = Node::inside(&[valgrind, "--leak-check=full", "--track-fds=yes", &log]);
    for round in 0..BURSTS {
        burst(&mut node, [Containment::Tree, Containment::Group][round % 2]);
    }
    // Keepers without an order end by themselves; with the shepherd they would be killed, and report nothing.
    let patience = Instant::now() + Duration::from_secs(60);
    while reports(&folder).is_empty() {
        assert!(Instant::now() < patience, "no keeper came to its end");
        std::thread::sleep(Duration::from_millis(20));
    }
    let shepherd = folder.join(node.shepherd.to_string());
    node.finish();
    let reports = reports(&folder);
    for (path, report) in &reports {
        let is_clean = report.contains("ERROR SUMMARY: 0 errors")
            && report.contains("FILE DESCRIPTORS: 3 open")
            && (report.contains("no leaks are possible") || report.contains("definitely lost: 0 bytes"));
        assert!(is_clean, "{}", report);
        assert!(*path != shepherd || report.contains("in use at exit: 0 bytes"), "{report}");
    }
    assert!(reports.iter().any(|(path, _)| *path == shepherd));
    assert!(reports.len() > 1);
    fs::remove_dir_all(&folder).unwrap();
}
