//! The log on a disk that works and on disks that don't: order, rotation, compaction, poison, the lock.
#![allow(clippy::unwrap_used, reason = "a failing test is the point")]

mod support;

use std::fs;
use std::sync::atomic::Ordering;

use journal::{Failure, System};
use proptest::prelude::*;
use support::{EPOCH, EVENT, Faults, Folder, PUBLISHED, add, body, event, framed, replay};

#[test]
fn a_second_owner_is_refused_until_the_first_has_closed() {
    let folder = Folder::new();
    let log = folder.open().unwrap();
    assert_eq!(folder.open().unwrap_err(), Failure::Locked { path: folder.0.clone() });
    log.close().unwrap();
    folder.open().unwrap();
}

#[test]
fn a_directory_that_is_missing_is_made_with_its_parents() {
    let folder = Folder::new();
    let mut options = folder.options(1 << 20);
    options.directory = folder.0.join("a/b/c");
    journal::Log::open(&options, Box::new(System)).unwrap();
    assert!(folder.0.join("a/b/c/00000000000000000001.segment").is_file());
}

#[test]
fn what_can_not_be_opened_says_why() {
    let folder = Folder::new();
    let mut options = folder.options(1 << 20);
    options.directory = folder.0.join("file/below");
    fs::write(folder.0.join("file"), "").unwrap();
    let failure = journal::Log::open(&options, Box::new(System)).unwrap_err();
    assert!(matches!(failure, Failure::Io { syscall: "mkdir", .. }), "{failure}");
}

#[test]
fn segments_are_synced_before_the_next_one_is_made() {
    let folder = Folder::new();
    let faults = Faults::new();
    let mut options = folder.options(100);
    options.synced = false;
    let mut log = journal::Log::open(&options, faults.disk()).unwrap();
    faults.log.lock().unwrap().clear();
    add(&mut log, &[event(1)]).unwrap();
    assert_eq!(*faults.log.lock().unwrap(), ["write"], "'written' syncs nothing by itself");
    add(&mut log, &[event(2)]).unwrap();
    // The full segment; the new one's header and the directory; the record, whose write waits for the commit.
    assert_eq!(*faults.log.lock().unwrap(), ["write", "sync", "write", "sync", "sync", "write"]);
}

#[test]
fn a_commit_is_one_write_and_one_sync_however_many_records_wait() {
    let folder = Folder::new();
    let faults = Faults::new();
    let mut log = folder.open_with(1 << 20, faults.disk()).unwrap();
    faults.log.lock().unwrap().clear();
    for sequence in 1..=1000 {
        log.append(&framed(&[event(sequence)])).unwrap();
    }
    log.commit().unwrap();
    assert_eq!(*faults.log.lock().unwrap(), ["write", "sync"]);
}

#[test]
fn short_writes_are_continued() {
    let folder = Folder::new();
    let faults = Faults::new();
    faults.short.store(1, Ordering::SeqCst);
    let mut log = folder.open_with(200, faults.disk()).unwrap();
    let bodies: Vec<_> = (1..=20).map(event).collect();
    add(&mut log, &bodies).unwrap();
    assert_eq!(replay(&log).unwrap(), bodies);
    drop(log);
    assert_eq!(replay(&folder.open().unwrap()).unwrap(), bodies);
}

#[test]
fn a_full_disk_poisons_at_every_byte_and_what_was_acknowledged_is_there_afterwards() {
    let size = 3 * (12 + event(1).len()) as i64;
    for room in 0..size {
        let folder = Folder::new();
        let faults = Faults::new();
        let mut log = folder.open_with(1 << 20, faults.disk()).unwrap();
        add(&mut log, &[event(1)]).unwrap();
        faults.room.store(room, Ordering::SeqCst);
        let failure = add(&mut log, &[event(2), event(3), event(4)]).unwrap_err();
        assert!(matches!(failure, Failure::Poisoned { syscall: "write", errno: 28, .. }), "{failure}");
        drop(log);
        let bodies = replay(&folder.open().unwrap()).unwrap();
        assert_eq!(bodies, (1..=4).map(event).take(bodies.len()).collect::<Vec<_>>(), "room for {room}");
        assert!(!bodies.is_empty());
    }
}

#[test]
fn a_failed_sync_poisons_wherever_it_happens() {
    // Of the record; then of the new segment's header, of the directory, of the record in it.
    for (segment_bytes, failing) in [(1 << 20, 1), (100, 2), (100, 3), (100, 4)] {
        let folder = Folder::new();
        let faults = Faults::new();
        let mut log = folder.open_with(segment_bytes, faults.disk()).unwrap();
        let before = faults.syncs.load(Ordering::SeqCst);
        faults.failing_sync.store(before + failing, Ordering::SeqCst);
        let failure = (1..=2).find_map(|sequence| add(&mut log, &[event(sequence)]).err()).unwrap();
        assert!(matches!(failure, Failure::Poisoned { errno: 5, .. }), "sync {failing}: {failure}");
        drop(log);
        folder.open().unwrap();
    }
}

#[test]
fn a_disk_that_fails_while_it_is_opened_fails_the_opening_only() {
    for failing in 1..=4 {
        let folder = Folder::new();
        let faults = Faults::new();
        faults.failing_sync.store(failing, Ordering::SeqCst);
        match folder.open_with(1 << 20, faults.disk()) {
            Err(Failure::Io { errno: 5, .. }) => {}
            Ok(_) => assert_eq!(failing, 4),
            Err(other) => panic!("{other}"),
        }
        let mut log = folder.open().unwrap();
        add(&mut log, &[event(1)]).unwrap();
    }
}

#[test]
fn compaction_removes_whole_segments_below_and_nothing_else() {
    let folder = Folder::new();
    let mut log = folder.open_with(150, Box::new(System)).unwrap();
    for sequence in 1..=30 {
        add(&mut log, &[event(sequence)]).unwrap();
    }
    let before = folder.segments().len();
    log.compact(1).unwrap();
    assert_eq!(folder.segments().len(), before);
    log.compact(16).unwrap();
    assert!(folder.segments().len() < before);
    let bodies = replay(&log).unwrap();
    let first = 30 - bodies.len() as u64 + 1;
    assert!(first > 1 && first <= 16, "first {first}");
    assert_eq!(bodies, (first..=30).map(event).collect::<Vec<_>>());
    log.compact(1_000_000).unwrap();
    let left = replay(&log).unwrap();
    assert_eq!(left.last(), Some(&event(30)), "the newest event tells where to go on");
    drop(log);
    assert_eq!(replay(&folder.open().unwrap()).unwrap(), left);
}

#[test]
fn compaction_keeps_the_last_word_on_each_processor_in_its_order() {
    let folder = Folder::new();
    let mut log = folder.open_with(200, Box::new(System)).unwrap();
    add(&mut log, &[body(PUBLISHED, 1, "idle", b""), body(EPOCH, 1, "idle", b"e")]).unwrap();
    add(&mut log, &[body(EPOCH, 7, "busy", b""), body(PUBLISHED, 1, "busy", b"")]).unwrap();
    for sequence in 1..=20 {
        add(&mut log, &[event(sequence), body(PUBLISHED, sequence, "busy", b"")]).unwrap();
    }
    log.compact(21).unwrap();
    for reopened in [false, true] {
        if reopened {
            drop(log);
            log = folder.open().unwrap();
        }
        let bodies = replay(&log).unwrap();
        let kept: Vec<_> = bodies.into_iter().filter(|body| body[0] != EVENT).collect();
        let last = |wanted: &[Vec<u8>]| kept.iter().rposition(|body| wanted.contains(body)).unwrap();
        assert!(last(&[body(PUBLISHED, 1, "idle", b"")]) < last(&[body(EPOCH, 1, "idle", b"e")]));
        // Behind its epoch comes what was published after it, so a reader ends with 20.
        assert!(last(&[body(EPOCH, 7, "busy", b"")]) < last(&[body(PUBLISHED, 20, "busy", b"")]));
    }
}

#[test]
fn what_compaction_must_keep_is_durable_before_anything_is_removed() {
    let folder = Folder::new();
    let faults = Faults::new();
    let mut log = folder.open_with(100, faults.disk()).unwrap();
    add(&mut log, &[body(PUBLISHED, 1, "idle", b"")]).unwrap();
    for sequence in 1..=5 {
        add(&mut log, &[event(sequence)]).unwrap();
    }
    let before = folder.segments().len();
    faults.failing_sync.store(faults.syncs.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    assert!(matches!(log.compact(5), Err(Failure::Poisoned { .. })));
    assert!(folder.segments().len() >= before);
}

#[test]
fn a_replay_passes_over_what_is_removed_meanwhile_and_ends_where_it_began_to_end() {
    let folder = Folder::new();
    let mut log = folder.open_with(1000, Box::new(System)).unwrap();
    let large = |sequence| body(EVENT, sequence, "", &vec![7; 300_000]);
    for sequence in 1..=4 {
        add(&mut log, &[large(sequence)]).unwrap();
    }
    let first = log.read(journal::Position::default(), None).unwrap();
    assert_eq!(first.bodies, framed(&[large(1)]));
    log.compact(3).unwrap();
    add(&mut log, &[event(5)]).unwrap();
    let second = log.read(first.next, Some(first.until)).unwrap();
    assert_eq!(second.bodies, framed(&[large(3)]));
    let third = log.read(second.next, Some(second.until)).unwrap();
    assert_eq!(third.bodies, framed(&[large(4)]));
    assert!(log.read(third.next, Some(third.until)).unwrap().bodies.is_empty());
}

#[test]
fn blocks_are_bounded() {
    let folder = Folder::new();
    let mut log = folder.open_with(1 << 30, Box::new(System)).unwrap();
    let bodies: Vec<_> = (0..1000).map(|sequence| body(EVENT, sequence, "", &[1; 1000])).collect();
    add(&mut log, &bodies).unwrap();
    let block = log.read(journal::Position::default(), None).unwrap();
    assert!(block.bodies.len() < 256 * 1024 + 1100);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is appended in whatever groups to segments of whatever size comes back, also after a new opening.
    #[test]
    fn records_come_back_as_they_were(
        groups in prop::collection::vec(prop::collection::vec((1_u8..=3, any::<u64>(), "[a-z]{0,5}", prop::collection::vec(any::<u8>(), 0..2000)), 0..6), 0..12),
        segment_bytes in 1_u64..5000,
    ) {
        let folder = Folder::new();
        let mut log = folder.open_with(segment_bytes, Box::new(System)).unwrap();
        let mut all = Vec::new();
        for group in groups {
            let bodies: Vec<_> = group.iter().map(|(kind, sequence, name, payload)| body(*kind, *sequence, name, payload)).collect();
            add(&mut log, &bodies).unwrap();
            all.extend(bodies);
        }
        prop_assert_eq!(&replay(&log).unwrap(), &all);
        drop(log);
        prop_assert_eq!(&replay(&folder.open_with(segment_bytes, Box::new(System)).unwrap()).unwrap(), &all);
    }

    /// Opening never panics and never reads beyond the file, whatever is in it.
    #[test]
    fn any_bytes_are_a_log_or_a_typed_failure(bytes in prop::collection::vec(any::<u8>(), 0..400), header in any::<bool>()) {
        let folder = Folder::new();
        drop(folder.open().unwrap());
        let [segment] = folder.segments().try_into().unwrap();
        let start = if header { fs::read(&segment).unwrap() } else { Vec::new() };
        fs::write(&segment, [start, bytes].concat()).unwrap();
        let log = folder.open().unwrap();
        prop_assert!(replay(&log).unwrap().is_empty());
    }
}
