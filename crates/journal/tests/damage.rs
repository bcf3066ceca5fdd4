//! Bytes that are missing or wrong, everywhere they can be.
#![allow(clippy::unwrap_used, reason = "a failing test is the point")]

mod support;

use std::fs;

use journal::Failure;
use support::{Folder, add, event, flip, replay};

const HEADER: usize = 24;
const HEAD: usize = 12;

fn written(count: u64) -> (Folder, Vec<usize>) {
    let folder = Folder::new();
    let mut log = folder.open().unwrap();
    let mut ends = vec![HEADER];
    for sequence in 1..=count {
        add(&mut log, &[event(sequence)]).unwrap();
        ends.push(ends.last().unwrap() + HEAD + event(sequence).len());
    }
    log.close().unwrap();
    let [segment] = folder.segments().try_into().unwrap();
    assert_eq!(fs::metadata(segment).unwrap().len(), *ends.last().unwrap() as u64);
    (folder, ends)
}

#[test]
fn a_torn_last_record_is_cut_at_every_length_and_the_log_goes_on_behind_the_cut() {
    let (original, ends) = written(3);
    for length in 0..ends[3] {
        let folder = original.copy();
        let [segment] = folder.segments().try_into().unwrap();
        fs::OpenOptions::new().write(true).open(&segment).unwrap().set_len(length as u64).unwrap();
        let whole = ends.iter().filter(|end| **end <= length).count().saturating_sub(1) as u64;
        let mut expected: Vec<_> = (1..=whole).map(event).collect();
        let mut log = folder.open().unwrap();
        assert_eq!(replay(&log).unwrap(), expected, "cut at {length}");
        add(&mut log, &[event(99)]).unwrap();
        drop(log);
        expected.push(event(99));
        assert_eq!(replay(&folder.open().unwrap()).unwrap(), expected, "cut at {length}, then appended");
    }
}

#[test]
fn a_flipped_byte_before_good_records_is_corruption_with_its_place() {
    let (original, ends) = written(4);
    for at in 0..ends[3] {
        let folder = original.copy();
        let [segment] = folder.segments().try_into().unwrap();
        flip(&segment, at);
        // The record that the byte is in; the header counts as a place of its own.
        let place = ends.iter().rev().find(|end| **end <= at).copied().unwrap_or(0) as u64;
        let Err(Failure::Corrupt { path, offset, .. }) = folder.open() else { panic!("byte {at} was taken") };
        assert_eq!((path, offset), (segment.clone(), place), "byte {at}");
        // Nothing was repaired: it is found again.
        assert!(matches!(folder.open(), Err(Failure::Corrupt { .. })), "byte {at}, the second time");
    }
}

#[test]
fn a_flipped_byte_in_the_very_last_record_can_not_be_told_from_a_torn_one_and_is_cut() {
    let (original, ends) = written(3);
    for at in ends[2]..ends[3] {
        let folder = original.copy();
        let [segment] = folder.segments().try_into().unwrap();
        flip(&segment, at);
        assert_eq!(replay(&folder.open().unwrap()).unwrap(), [event(1), event(2)], "byte {at}");
        assert_eq!(fs::metadata(&segment).unwrap().len(), ends[2] as u64);
    }
}

#[test]
fn garbage_of_any_length_behind_the_last_record_is_cut() {
    let (original, ends) = written(2);
    for garbage in [vec![0; 1], vec![0; 4096], vec![0xff; 300_000], (0..=255).cycle().take(70_000).collect()]
    {
        let folder = original.copy();
        let [segment] = folder.segments().try_into().unwrap();
        let bytes = [fs::read(&segment).unwrap(), garbage].concat();
        fs::write(&segment, bytes).unwrap();
        assert_eq!(replay(&folder.open().unwrap()).unwrap(), [event(1), event(2)]);
        assert_eq!(fs::metadata(&segment).unwrap().len(), ends[2] as u64);
    }
}

#[test]
fn the_image_of_a_record_inside_a_torn_payload_does_not_count_as_a_good_one() {
    let (inner, _) = written(3);
    let image = fs::read(&inner.segments()[0]).unwrap();
    let folder = Folder::new();
    let mut log = folder.open().unwrap();
    add(&mut log, &[event(1)]).unwrap();
    add(&mut log, &[support::body(support::EVENT, 2, "", &image)]).unwrap();
    drop(log);
    let [segment] = folder.segments().try_into().unwrap();
    let length = fs::metadata(&segment).unwrap().len();
    fs::OpenOptions::new().write(true).open(&segment).unwrap().set_len(length - 1).unwrap();
    assert_eq!(replay(&folder.open().unwrap()).unwrap(), [event(1)]);
}

#[test]
fn what_is_torn_anywhere_but_in_the_last_segment_is_corruption() {
    let original = Folder::new();
    let mut log = original.open_with(100, Box::new(journal::System)).unwrap();
    for sequence in 1..=9 {
        add(&mut log, &[event(sequence)]).unwrap();
    }
    drop(log);
    let count = original.segments().len();
    assert!(count > 3);
    for at in 0..count - 1 {
        let folder = original.copy();
        let segment = folder.segments()[at].clone();
        let length = fs::metadata(&segment).unwrap().len();
        fs::OpenOptions::new().write(true).open(&segment).unwrap().set_len(length - 1).unwrap();
        let Err(Failure::Corrupt { path, .. }) = folder.open() else { panic!("segment {at} was taken") };
        assert_eq!(path, segment);
    }
}

#[test]
fn a_missing_segment_is_corruption_that_names_it() {
    let folder = Folder::new();
    let mut log = folder.open_with(100, Box::new(journal::System)).unwrap();
    for sequence in 1..=9 {
        add(&mut log, &[event(sequence)]).unwrap();
    }
    drop(log);
    let missing = folder.segments()[1].clone();
    fs::remove_file(&missing).unwrap();
    let Err(Failure::Corrupt { path, .. }) = folder.open() else { panic!("the gap was passed over") };
    assert_eq!(path, missing);
}

#[test]
fn bytes_that_go_bad_while_it_is_open_are_found_by_the_replay() {
    let folder = Folder::new();
    let mut log = folder.open().unwrap();
    add(&mut log, &[event(1), event(2)]).unwrap();
    let [segment] = folder.segments().try_into().unwrap();
    flip(&segment, HEADER + HEAD + 3);
    let Err(Failure::Corrupt { offset, .. }) = replay(&log) else { panic!("a bad record was replayed") };
    assert_eq!(offset, HEADER as u64);
}

#[test]
fn a_segment_of_a_later_format_is_refused_and_left_alone() {
    let (folder, _) = written(1);
    let [segment] = folder.segments().try_into().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[8] = 2;
    let checksum = crc32c::crc32c(&bytes[..20]).to_le_bytes();
    bytes[20..24].copy_from_slice(&checksum);
    fs::write(&segment, &bytes).unwrap();
    assert!(matches!(folder.open(), Err(Failure::Corrupt { offset: 0, .. })));
    assert_eq!(fs::read(&segment).unwrap(), bytes);
}
