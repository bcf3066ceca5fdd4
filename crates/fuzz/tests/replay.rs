//! What libFuzzer found worth keeping, again; and bytes that are made up anew, near to those and far from them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test is the point")]

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Each line is one input.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target).with_extension("hex");
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
    let line =
        |line: &str| line.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    fs::read_to_string(path).unwrap().lines().map(line).collect()
}

/// One of the corpus with some of its bytes changed, taken out or put in.
fn damaged(target: &str) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), 0..4, any::<u8>()), 0..8);
    (select(corpus(target)), changes).prop_map(|(mut bytes, changes)| {
        for (at, kind, byte) in changes {
            let at = at.index(bytes.len() + 1);
            match (kind, bytes.get_mut(at)) {
                (0, Some(there)) => *there = byte,
                (1, Some(there)) => *there ^= 1 << (byte % 8),
                (2, Some(_)) => drop(bytes.drain(at..)),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

fn any_bytes(target: &str) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![damaged(target), vec(any::<u8>(), 0..400)]
}

#[test]
fn the_corpus_holds() {
    let (frames, segments) = (corpus("frames"), corpus("segments"));
    assert!(frames.len() > 10 && segments.len() > 10);
    for bytes in frames {
        fuzz::frames(&bytes);
    }
    for bytes in segments {
        fuzz::segments(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn any_bytes_are_a_message_or_refused(bytes in any_bytes("frames")) {
        fuzz::frames(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_segments_are_recovered_or_named_corrupt(bytes in any_bytes("segments")) {
        fuzz::segments(&bytes);
    }
}
