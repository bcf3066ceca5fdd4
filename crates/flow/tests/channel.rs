//! What a channel promises to its members, one thing at a time, and many threads at once.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failing test is the point"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use flow::{Channel, Intake, Member, Overflow, Receiving, Sending, Settings, Settled, Wake};
use support::{Bell, collect, join_channel as join, open_channel as open, receive, take};

fn settings(capacity: usize) -> Settings {
    Settings { capacity, max_bytes: usize::MAX, overflow: Overflow::Block, codec: 0 }
}

#[test]
fn what_a_member_was_given_and_has_not_fetched_goes_to_the_next_when_it_leaves() {
    let (channel, _) = open("returned", settings(2));
    let (worker, bell) = join("returned");
    assert_eq!(take(&worker, Some(1)), Err(Receiving::Nothing));
    assert_eq!(take(&worker, Some(2)), Err(Receiving::Nothing));
    for byte in 1..=4 {
        assert_eq!(channel.send(None, &[byte]), Sending::Accepted);
    }
    assert_eq!(bell.taken(), [1, 2]);
    channel.close(None);
    worker.leave();
    let received: Vec<_> = (0..4).map(|_| take(&channel, None).unwrap()).collect();
    assert_eq!(received, [[1], [2], [3], [4]]);
    assert_eq!(take(&channel, None), Err(Receiving::Ended));
}

#[test]
fn what_comes_back_keeps_its_place_however_often_it_was_given() {
    let (channel, _) = open("places", settings(3));
    let (first, second, third) = (join("places").0, join("places").0, join("places").0);
    assert_eq!(take(&first, Some(1)), Err(Receiving::Nothing));
    assert_eq!(take(&second, Some(1)), Err(Receiving::Nothing));
    for byte in 1..=3 {
        assert_eq!(channel.send(None, &[byte]), Sending::Accepted);
    }
    assert_eq!(take(&channel, None), Ok(vec![3]));
    assert_eq!(take(&third, Some(1)), Err(Receiving::Nothing));
    // The third member is given what the first had, and has to give it back too.
    first.leave();
    second.leave();
    third.leave();
    channel.send(None, &[4]);
    let received: Vec<_> = (0..3).map(|_| take(&channel, None).unwrap()).collect();
    assert_eq!(received, [[1], [2], [4]]);
}

#[test]
fn the_end_is_not_told_while_a_message_may_still_come_back() {
    let (channel, bell) = open("held back", settings(1));
    let (worker, _) = join("held back");
    assert_eq!(take(&worker, Some(1)), Err(Receiving::Nothing));
    assert_eq!(channel.send(None, &[7]), Sending::Accepted);
    channel.close(None);
    assert_eq!(take(&channel, Some(5)), Err(Receiving::Nothing));
    drop(worker);
    assert_eq!(bell.taken(), [5]);
    assert_eq!(collect(&channel, 5), Ok(vec![7]));
    assert!(channel.watch(6));
}

#[test]
fn a_member_that_leaves_takes_its_sends_and_its_places_with_it() {
    let (channel, bell) = open("left", settings(2));
    let (worker, _) = join("left");
    assert_eq!(worker.reserve(None, 2), Sending::Accepted);
    assert_eq!(worker.send(Some(1), &[1]), Sending::Waiting);
    assert_eq!(channel.send(Some(1), &[2]), Sending::Waiting);
    worker.leave();
    assert_eq!(bell.taken(), [1]);
    assert_eq!(channel.settled(1), Settled::Done);
    assert_eq!(channel.levels().length, 1);
    assert_eq!(take(&channel, None), Ok(vec![2]));
}

#[test]
fn closing_wakes_every_member_and_refuses_reservations_only() {
    let (channel, bell) = open("closed", settings(1));
    let (worker, others) = join("closed");
    assert_eq!(channel.send(None, &[1]), Sending::Accepted);
    assert_eq!(worker.send(Some(1), &[2]), Sending::Waiting);
    assert_eq!(worker.reserve(Some(2), 1), Sending::Waiting);
    channel.close(Some(b"why"));
    assert_eq!(worker.settled(2), Settled::Refused);
    assert_eq!(worker.settled(1), Settled::Waiting);
    assert_eq!((take(&channel, None), worker.settled(1)), (Ok(vec![1]), Settled::Done));
    assert_eq!(take(&channel, None), Ok(vec![2]));
    assert_eq!(take(&channel, Some(3)), Err(Receiving::Ended));
    assert_eq!(channel.cause().as_deref(), Some(&b"why"[..]));
    assert!(channel.has_failed());
    assert_eq!(others.taken(), [2, 1]);
    assert!(bell.taken().is_empty());
}

#[test]
fn nobody_overtakes_who_waits_longer() {
    let (channel, _) = open("order", settings(3));
    let (other, _) = join("order");
    let (mut memory, mut lengths) = ([0; 100], [0; 10]);
    let mut intake = Intake::new(&mut memory, &mut lengths);
    assert_eq!(other.take(Some(1), 3, 3, false, &mut intake), Receiving::Nothing);
    channel.send(None, &[1]);
    assert_eq!(take(&channel, None), Err(Receiving::Nothing));
    assert!(other.give_up(1));
    assert_eq!(channel.reserve(None, 1), Sending::Accepted);
    assert_eq!(other.reserve(Some(2), 3), Sending::Waiting);
    assert_eq!(channel.send(None, &[2]), Sending::Full);
    assert!(other.give_up(2));
    assert_eq!(channel.send(None, &[2]), Sending::Accepted);
    assert_eq!(channel.send(Some(3), &[3]), Sending::Waiting);
    assert_eq!((take(&channel, None), take(&channel, None)), (Ok(vec![1]), Ok(vec![2])));
}

#[test]
fn a_message_that_has_no_room_in_the_receivers_memory_stays() {
    let (channel, _) = open("large", settings(4));
    channel.send(None, &[1; 100]);
    let (mut memory, mut lengths) = ([0; 99], [0; 1]);
    let taken = channel.take(None, 1, 1, false, &mut Intake::new(&mut memory, &mut lengths));
    assert_eq!((taken, lengths), (Receiving::TooLarge, [100]));
    assert_eq!(take(&channel, None), Ok(vec![1; 100]));
}

#[test]
fn a_wait_for_more_is_told_once_that_there_is_something_and_takes_it_when_hurried() {
    let (channel, bell) = open("timed", settings(10));
    let (mut memory, mut lengths) = ([0; 100], [0; 10]);
    let taken = channel.take(Some(1), 3, 10, true, &mut Intake::new(&mut memory, &mut lengths));
    assert_eq!(taken, Receiving::Nothing);
    assert!(!channel.hurry(1));
    channel.send(None, &[1]);
    channel.send(None, &[2]);
    assert_eq!(bell.taken(), [1]);
    assert!(channel.hurry(1));
    assert_eq!(channel.collect(1, &mut Intake::new(&mut memory, &mut lengths)), Receiving::Taken(2));
    assert_eq!(memory[..2], [1, 2]);
}

#[test]
fn it_is_forgotten_with_its_last_member_and_frees_what_it_held() {
    let (channel, _) = open("forgotten", settings(10));
    let held = Bell::new();
    let other = Channel::join("forgotten", Arc::clone(&held) as Arc<dyn Wake>).unwrap();
    channel.send(None, &[0; 1000]);
    drop(channel);
    assert!(Channel::join("forgotten", Arc::clone(&held) as Arc<dyn Wake>).is_some());
    drop(other);
    assert!(Channel::join("forgotten", Arc::clone(&held) as Arc<dyn Wake>).is_none());
    assert_eq!(Arc::strong_count(&held), 1);
    let (left, _) = open("left last", settings(1));
    left.send(None, &[1]);
    left.leave();
    assert!(Channel::join("left last", held).is_none());
    assert_eq!(left.levels().length, 0);
}

/// Every thread sleeps whenever it has to wait, so a wake-up that is lost would hang the test.
#[test]
fn threads_that_sleep_while_they_wait_hand_over_every_message_once() {
    const EACH: u32 = 20_000;
    for capacity in [0, 1, 16] {
        let id = format!("threads {capacity}");
        let (keeper, _) = open(&id, settings(capacity));
        let (sum, count) = (AtomicU64::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..2)
                .map(|from| {
                    let id = &id;
                    scope.spawn(move || {
                        let (channel, bell) = join(id);
                        for at in 0..EACH {
                            if channel.send(Some(1), &(from * EACH + at).to_le_bytes()) == Sending::Waiting {
                                while channel.settled(1) == Settled::Waiting {
                                    bell.sleep();
                                }
                            }
                        }
                    })
                })
                .collect();
            for _ in 0..2 {
                scope.spawn(|| {
                    let (channel, bell) = join(&id);
                    while let Ok(bytes) = receive(&channel, &bell) {
                        let number = u32::from_le_bytes(bytes.try_into().unwrap());
                        sum.fetch_add(u64::from(number), Ordering::Relaxed);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            for sender in senders {
                sender.join().unwrap();
            }
            keeper.close(None);
        });
        let all = u64::from(EACH) * 2;
        assert_eq!(u64::from(count.into_inner()), all);
        assert_eq!(sum.into_inner(), all * (all - 1) / 2);
    }
}

#[test]
fn members_that_come_and_go_at_any_moment_lose_nothing_that_was_accepted() {
    let (keeper, _) = open("come and go", settings(8));
    let accepted = AtomicU32::new(0);
    let received = AtomicU32::new(0);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let (channel, _) = join("come and go");
                    // Waits for two, fetches at most one of what it is given, and leaves.
                    let taken = [take(&channel, Some(1)), take(&channel, Some(2))];
                    let fetched =
                        if taken[0].is_err() { collect(&channel, 1) } else { Err(Receiving::Nothing) };
                    let count = taken.iter().chain([&fetched]).filter(|result| result.is_ok()).count();
                    received.fetch_add(count as u32, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            for at in 0..50_000_u32 {
                if keeper.send(None, &at.to_le_bytes()) == Sending::Accepted {
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
    });
    while take(&keeper, None).is_ok() {
        received.fetch_add(1, Ordering::Relaxed);
    }
    assert_eq!(accepted.into_inner(), received.into_inner());
}
