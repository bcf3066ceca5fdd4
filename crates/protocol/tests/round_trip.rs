//! Every message survives encoding and decoding, and no bytes at all make a decoder panic or read past their end.

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::{
    Answer, Cgroup, Containment, Control, DecodeError, Extras, Frame, MAX_EXTRA_FDS, MAX_INLINE, Resource,
    SpawnRequest, Stage, Status, Stdio, Strings,
};

fn string() -> impl Strategy<Value = Vec<u8>> {
    vec(1_u8..=255, 0..24)
}

fn containment() -> impl Strategy<Value = Containment> {
    prop_oneof![Just(Containment::None), Just(Containment::Group), Just(Containment::Tree)]
}

fn slot() -> impl Strategy<Value = Stdio> {
    prop_oneof![Just(Stdio::Null), Just(Stdio::Passed)]
}

fn stderr_slot() -> impl Strategy<Value = Stdio> {
    prop_oneof![Just(Stdio::Null), Just(Stdio::Passed), Just(Stdio::SameAsStdout)]
}

fn extras() -> impl Strategy<Value = Option<Box<Extras>>> {
    let id = || proptest::option::of(0..u32::MAX);
    let limits = proptest::array::uniform6(proptest::option::of(any::<u64>()));
    let bound = || proptest::option::of(any::<u64>());
    let cpu = proptest::option::of((any::<u64>(), any::<u64>()));
    let cgroup = (string(), bound(), bound(), cpu)
        .prop_map(|(parent, memory_max, pids_max, cpu_max)| Cgroup { parent, memory_max, pids_max, cpu_max });
    let nice = proptest::option::of(-20_i8..=19);
    let descriptors = vec(slot(), 0..=MAX_EXTRA_FDS);
    let fields = (id(), id(), nice, limits, descriptors, proptest::option::of(cgroup));
    proptest::option::of(fields.prop_map(|(uid, gid, nice, limits, descriptors, cgroup)| {
        Box::new(Extras { uid, gid, nice, limits, descriptors, cgroup })
    }))
}

fn request() -> impl Strategy<Value = SpawnRequest> {
    let numbers = (1_u64.., any::<u32>(), any::<u32>(), 0_u32..=0o777, 1_u8..=64, containment());
    let switches = (any::<bool>(), any::<bool>(), any::<bool>());
    let strings = (string(), vec(1_u8..=255, 1..24), vec(string(), 1..6), vec(string(), 0..6));
    (numbers, switches, (slot(), slot(), stderr_slot()), strings, extras()).prop_map(
        |(
            (child, environment, kill_timeout_ms, umask, kill_signal, containment),
            (kill_on_exit, setsid, foreground),
            (stdin, stdout, stderr),
            (cwd, file, argv, env),
            mut extras,
        )| {
            if let (Containment::None | Containment::Group, Some(extras)) = (containment, &mut extras) {
                extras.cgroup = None;
            }
            SpawnRequest {
                child,
                environment,
                containment,
                kill_on_exit,
                kill_signal,
                kill_timeout_ms,
                umask,
                setsid,
                foreground,
                stdio: [stdin, stdout, stderr],
                cwd,
                file,
                argv: Strings::from_iter(argv),
                env: Strings::from_iter(env),
                extras,
            }
        },
    )
}

fn control() -> impl Strategy<Value = Control> {
    prop_oneof![
        (any::<u64>(), 0_u8..=64, any::<bool>()).prop_map(|(child, signal, tree)| Control::Signal {
            child,
            signal,
            tree
        }),
        (any::<u64>(), 0_u8..=64, any::<u32>()).prop_map(|(child, signal, kill_timeout_ms)| {
            Control::Terminate { child, signal, kill_timeout_ms }
        }),
        any::<u64>().prop_map(|child| Control::Cancel { child }),
        any::<u64>().prop_map(|child| Control::Release { child }),
        any::<u32>().prop_map(|environment| Control::KillEnvironment { environment }),
        any::<u64>().prop_map(|child| Control::Foreground { child }),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        (0_u8..28, any::<i32>()).prop_filter_map("a stage", |(byte, errno)| {
            Stage::from_byte(byte).map(|stage| Status::Failed { stage, errno })
        }),
        (any::<i32>(), containment()).prop_map(|(pid, containment)| Status::Started { pid, containment }),
        any::<i32>().prop_map(|pid| Status::Started { pid, containment: Containment::Cgroup }),
        Just(Status::Stopped),
        Just(Status::Orphaned),
        (any::<i32>(), any::<i32>(), any::<bool>(), any::<u64>(), any::<u64>(), any::<u64>()).prop_map(
            |(code, signal, core_dumped, max_rss_bytes, user_us, system_us)| Status::Exited {
                code,
                signal,
                core_dumped,
                max_rss_bytes,
                user_us,
                system_us
            }
        ),
        any::<u32>().prop_map(|survivors| Status::Empty { survivors }),
    ]
}

proptest! {
    #[test]
    fn messages_survive(request in request(), control in control(), status in status(), child: u64, length in 1_u32..1_000_000) {
        let bytes = request.encode();
        prop_assert_eq!(SpawnRequest::peek_child(&bytes), Some(request.child));
        prop_assert_eq!(SpawnRequest::decode(&bytes), Ok(request));
        prop_assert_eq!(Control::decode(&control.encode()), Ok(control));
        prop_assert_eq!(Status::decode(&status.encode()), Ok(status));
        prop_assert_eq!(Answer::decode(&Answer { child }.encode()), Ok(Answer { child }));
        for frame in [Frame::Spawn(bytes), Frame::SpawnInMemfd { child, length }] {
            let mut bytes = frame.encode();
            prop_assert!(!Frame::wants_answer(&bytes));
            prop_assert_eq!(Frame::decode(&bytes), Ok(frame.clone()));
            Frame::ask_for_answer(&mut bytes);
            prop_assert!(Frame::wants_answer(&bytes));
            prop_assert_eq!(Frame::decode(&bytes), Ok(frame));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Frame::decode(&bytes);
        let _ = SpawnRequest::decode(&bytes);
        let _ = Control::decode(&bytes);
        let _ = Status::decode(&bytes);
        let _ = Answer::decode(&bytes);
    }

    #[test]
    fn a_damaged_request_decodes_to_itself_or_not_at_all(request in request(), at: prop::sample::Index, byte: u8) {
        let mut bytes = request.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(other) = SpawnRequest::decode(&bytes) {
            prop_assert_eq!(other.encode(), bytes);
        }
    }

    #[test]
    fn no_prefix_and_no_extension_is_a_message(request in request(), control in control(), status in status()) {
        let bytes = request.encode();
        for end in 0..bytes.len() {
            prop_assert!(SpawnRequest::decode(&bytes[..end]).is_err());
        }
        prop_assert_eq!(SpawnRequest::decode(&[bytes, vec![0]].concat()), Err(DecodeError::Trailing));
        prop_assert!(Control::decode(&[&control.encode()[..], &[0]].concat()).is_err());
        prop_assert!(Status::decode(&[&status.encode()[..], &[0]].concat()).is_err());
        prop_assert!(Status::decode(&status.encode()[..47]).is_err());
    }
}

#[test]
fn every_stage_has_its_own_word() {
    let words: Vec<_> = (0..=u8::MAX).filter_map(Stage::from_byte).map(Stage::as_str).collect();
    let mut distinct = words.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(words.len(), 28);
    assert_eq!(distinct.len(), words.len());
}

#[test]
fn what_nobody_asked_for_is_one_byte() {
    let mut request = SpawnRequest {
        child: 1,
        environment: 1,
        containment: Containment::Tree,
        kill_on_exit: false,
        kill_signal: 15,
        kill_timeout_ms: 5000,
        umask: 0o22,
        setsid: false,
        foreground: false,
        stdio: [Stdio::Null; 3],
        cwd: b"/".to_vec(),
        file: b"true".to_vec(),
        argv: Strings::from_iter(["true"]),
        env: Strings::default(),
        extras: None,
    };
    let plain = request.encode();
    assert_eq!(plain.last(), Some(&0));
    let mut with = |extras| {
        request.extras = Some(Box::new(extras));
        SpawnRequest::decode(&request.encode()).map(|request| request.passed())
    };
    assert_eq!(with(Extras { descriptors: vec![Stdio::Passed, Stdio::Null], ..Extras::default() }), Ok(1));
    let refused = [
        ("uid", Extras { uid: Some(u32::MAX), ..Extras::default() }),
        ("gid", Extras { gid: Some(u32::MAX), ..Extras::default() }),
        ("nice", Extras { nice: Some(20), ..Extras::default() }),
        ("descriptors", Extras { descriptors: vec![Stdio::SameAsStdout], ..Extras::default() }),
        ("descriptors", Extras { descriptors: vec![Stdio::Null; MAX_EXTRA_FDS + 1], ..Extras::default() }),
    ];
    for (field, extras) in refused {
        assert_eq!(with(extras), Err(DecodeError::Invalid(field)));
    }
    assert_eq!(Resource::ALL.len(), Resource::COUNT);
}

#[test]
fn limits_are_refused() {
    assert!(Frame::decode(&Frame::Spawn(vec![1; MAX_INLINE]).encode()).is_ok());
    assert!(Frame::decode(&Frame::Spawn(vec![1; MAX_INLINE + 1]).encode()).is_err());
    assert!(Frame::decode(&Frame::Spawn(Vec::new()).encode()).is_err());
    assert!(Frame::decode(&Frame::SpawnInMemfd { child: 1, length: u32::MAX }.encode()).is_err());
    assert!(Control::decode(&Control::Signal { child: 1, signal: 65, tree: false }.encode()).is_err());
}
