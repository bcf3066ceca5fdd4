//! Every order in which a few threads can take the locks of a channel or a semaphore. A thread that waits sleeps, so a wake-up
//! that is lost in any of them is a deadlock, which loom reports. Run by `npm run proof:loom`.
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a failing test is the point")]

#[path = "support/orders.rs"]
mod orders;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flow::{Channel, Member, Overflow, Receiving, Semaphore, Sending, Settings, Settled};
use loom::thread;
use orders::in_every_order;
use support::{Bell, collect, join_channel, join_semaphore, open_channel, open_semaphore, receive, take};

fn settings(capacity: usize) -> Settings {
    Settings { capacity, max_bytes: usize::MAX, overflow: Overflow::Block, codec: 0 }
}

fn send(channel: &Channel, bell: &Bell, byte: u8) -> bool {
    match channel.send(Some(1), &[byte]) {
        Sending::Accepted => true,
        Sending::Waiting => loop {
            match channel.settled(1) {
                Settled::Waiting => bell.sleep(),
                settled => break settled == Settled::Done,
            }
        },
        _ => false,
    }
}

#[test]
fn a_sender_and_a_receiver_that_sleep_hand_over_every_message() {
    for capacity in [0, 1] {
        in_every_order(move || {
            let (channel, bell) = open_channel("handed over", settings(capacity));
            let (other, others) = join_channel("handed over");
            let sender = thread::spawn(move || {
                assert!(send(&other, &others, 1) && send(&other, &others, 2));
            });
            assert_eq!(receive(&channel, &bell), Ok(vec![1]));
            assert_eq!(receive(&channel, &bell), Ok(vec![2]));
            sender.join().unwrap();
        });
    }
}

#[test]
fn closing_wakes_who_waits_for_a_message_and_who_waits_for_room() {
    in_every_order(|| {
        let (channel, _) = open_channel("closed", settings(1));
        assert_eq!(channel.send(None, &[1]), Sending::Accepted);
        let (receiver, receivers) = join_channel("closed");
        let (keeper, keepers) = join_channel("closed");
        let receiver = thread::spawn(move || {
            assert_eq!(receive(&receiver, &receivers), Ok(vec![1]));
            receive(&receiver, &receivers)
        });
        let keeper = thread::spawn(move || match keeper.reserve(Some(1), 1) {
            Sending::Waiting => loop {
                match keeper.settled(1) {
                    Settled::Waiting => keepers.sleep(),
                    settled => break settled == Settled::Done,
                }
            },
            reserving => reserving == Sending::Accepted,
        });
        channel.close(None);
        // A place that was still given is given back by the end of its member, or the channel would never be over.
        keeper.join().unwrap();
        assert_eq!(receiver.join().unwrap(), Err(Receiving::Ended));
    });
}

#[test]
fn a_receive_that_is_given_up_while_something_is_sent_has_it_or_leaves_it() {
    in_every_order(|| {
        let (channel, _) = open_channel("given up", settings(1));
        let (other, _) = join_channel("given up");
        let taken = take(&channel, Some(1));
        assert_eq!(taken, Err(Receiving::Nothing));
        let sender = thread::spawn(move || assert_eq!(other.send(None, &[7]), Sending::Accepted));
        let given = if channel.give_up(1) { None } else { Some(collect(&channel, 1)) };
        sender.join().unwrap();
        assert_eq!(given.unwrap_or_else(|| take(&channel, None)), Ok(vec![7]));
    });
}

#[test]
fn what_a_member_was_given_when_it_left_wakes_the_next_one() {
    in_every_order(|| {
        let (channel, bell) = open_channel("left", settings(1));
        let (leaving, _) = join_channel("left");
        let (sender, _) = join_channel("left");
        assert_eq!(take(&leaving, Some(1)), Err(Receiving::Nothing));
        let leaver = thread::spawn(move || leaving.leave());
        let sender = thread::spawn(move || assert_eq!(sender.send(None, &[7]), Sending::Accepted));
        assert_eq!(receive(&channel, &bell), Ok(vec![7]));
        leaver.join().unwrap();
        sender.join().unwrap();
    });
}

fn acquire(semaphore: &Semaphore, bell: &Bell, count: u32) {
    if !semaphore.acquire(1, count) {
        while !semaphore.is_granted(1) {
            bell.sleep();
        }
    }
}

#[test]
fn threads_that_sleep_for_permits_all_get_them_and_never_hold_too_many() {
    in_every_order(|| {
        let (semaphore, bell) = open_semaphore("all", 2);
        let held = Arc::new(AtomicUsize::new(0));
        let workers: Vec<_> = [1, 2]
            .map(|count| {
                let ((semaphore, bell), held) = (join_semaphore("all"), Arc::clone(&held));
                thread::spawn(move || {
                    acquire(&semaphore, &bell, count);
                    assert!(held.fetch_add(count as usize, Ordering::Relaxed) + count as usize <= 2);
                    held.fetch_sub(count as usize, Ordering::Relaxed);
                    semaphore.release(count);
                })
            })
            .into();
        acquire(&semaphore, &bell, 1);
        assert!(held.load(Ordering::Relaxed) <= 1);
        semaphore.release(1);
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(semaphore.available(), 2);
    });
}

#[test]
fn a_wait_that_is_given_up_while_permits_come_has_them_or_passes_them_on() {
    in_every_order(|| {
        let (holder, _) = open_semaphore("passed on", 1);
        let (aborting, _) = join_semaphore("passed on");
        let (next, bell) = join_semaphore("passed on");
        assert!(holder.acquire(1, 1));
        assert!(!aborting.acquire(1, 1));
        let releasing = Arc::clone(&holder);
        let release = thread::spawn(move || releasing.release(1));
        let waiter = thread::spawn(move || {
            acquire(&next, &bell, 1);
            next.release(1);
        });
        if !aborting.give_up(1) {
            assert!(aborting.is_granted(1));
            aborting.release(1);
        }
        release.join().unwrap();
        waiter.join().unwrap();
        assert_eq!(holder.available(), 1);
    });
}

#[test]
fn a_member_that_leaves_while_it_is_given_permits_gives_them_back() {
    in_every_order(|| {
        let (holder, bell) = open_semaphore("left", 1);
        let (leaving, _) = join_semaphore("left");
        assert!(holder.acquire(1, 1));
        assert!(!leaving.acquire(1, 1));
        let leaver = thread::spawn(move || leaving.leave());
        holder.release(1);
        acquire(&holder, &bell, 1);
        holder.release(1);
        leaver.join().unwrap();
        assert_eq!(holder.available(), 1);
    });
}
