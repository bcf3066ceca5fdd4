//! What few targets ask for: descriptors beyond the standard three, limits, another identity; each failure by its own name.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test is the point")]

mod driver;

use std::io::pipe;
use std::os::fd::AsRawFd;

use driver::{Node, rest};
use protocol::{Containment, Extras, MAX_EXTRA_FDS, Resource, Stage, Stdio, UNLIMITED};

const BOTH: [Containment; 2] = [Containment::Tree, Containment::Group];

fn limit(resource: Resource, value: u64) -> Extras {
    let mut limits = [None; Resource::COUNT];
    for (slot, other) in limits.iter_mut().zip(Resource::ALL) {
        *slot = (other == resource).then_some(value);
    }
    Extras { limits, ..Extras::default() }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// What a shell with these extras writes to its standard output.
fn shown(node: &mut Node, containment: Containment, script: &str, extras: Extras) -> String {
    let mut request = node.request(containment, &["sh", "-c", script]);
    request.stdio[1] = Stdio::Passed;
    request.extras = Some(Box::new(extras));
    let (mut stdout, writer) = pipe().unwrap();
    let mut child = node.send(&request, &[writer.as_raw_fd()]);
    drop(writer);
    child.started();
    rest(&mut stdout)
}

#[test]
fn descriptors_take_their_numbers_whatever_lay_there() {
    let mut node = Node::resident();
    for mode in ["resident", "oneshot"] {
        for containment in BOTH {
            let mut one;
            let node = if mode == "resident" {
                &mut node
            } else {
                one = Node::start(mode);
                &mut one
            };
            let mut request = node.request(
                containment,
                &["sh", "-c", "cat /dev/fd/66; echo end >&3; ls /proc/self/fd | wc -l"],
            );
            let mut descriptors = vec![Stdio::Null; MAX_EXTRA_FDS];
            descriptors[0] = Stdio::Passed;
            descriptors[MAX_EXTRA_FDS - 1] = Stdio::Passed;
            request.stdio = [Stdio::Null, Stdio::Passed, Stdio::Null];
            request.extras = Some(Box::new(Extras { descriptors, ..Extras::default() }));
            let (mut stdout, writer) = pipe().unwrap();
            let (input, mut feed) = pipe().unwrap();
            std::io::Write::write_all(&mut feed, b"in\n").unwrap();
            drop(feed);
            let ends = [writer.as_raw_fd(), writer.as_raw_fd(), input.as_raw_fd()];
            let mut child = node.send(&request, &ends);
            drop((writer, input));
            // Each of the target's, and the one of the folder that ls reads.
            assert_eq!(rest(&mut stdout), format!("in\nend\n{}\n", 3 + MAX_EXTRA_FDS + 1));
            child.started();
            assert_eq!(child.exited(), (0, 0));
        }
    }
    node.finish();
}

#[test]
fn limits_and_nice_values_are_set_and_refused_by_name() {
    let mut node = Node::resident();
    for containment in BOTH {
        let all = Extras { nice: Some(19), ..limit(Resource::Nofile, 77) };
        assert_eq!(shown(&mut node, containment, "nice; ulimit -n; ulimit -Hn", all), "19\n77\n77\n");
        // No system lets the number of descriptors be without bound.
        let mut request = node.request(containment, &["true"]);
        request.extras = Some(Box::new(limit(Resource::Nofile, UNLIMITED)));
        assert_eq!(node.send(&request, &[]).failed(), (Stage::Limit(Resource::Nofile), libc::EPERM));
    }
    node.finish();
}

#[test]
fn another_identity_is_taken_on_by_root_and_refused_to_others() {
    let mut node = Node::resident();
    for containment in BOTH {
        let extras = Extras { uid: Some(65_534), gid: Some(65_533), ..Extras::default() };
        if is_root() {
            let script = "sed -n 's/^[UG]id://p; s/^Groups://p' /proc/self/status | tr -s '\\t ' ' '";
            let expected = " 65534 65534 65534 65534\n 65533 65533 65533 65533\n \n";
            assert_eq!(shown(&mut node, containment, script, extras), expected);
            continue;
        }
        let mut request = node.request(containment, &["true"]);
        request.extras = Some(Box::new(extras));
        assert_eq!(node.send(&request, &[]).failed(), (Stage::Uid, libc::EPERM));
        request = node.request(containment, &["true"]);
        request.extras = Some(Box::new(Extras { gid: Some(0), ..Extras::default() }));
        assert_eq!(node.send(&request, &[]).failed(), (Stage::Gid, libc::EPERM));
    }
    node.finish();
}
