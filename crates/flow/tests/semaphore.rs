//! What a semaphore promises to its members.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failing test is the point"
)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use flow::{Member, Semaphore};
use support::{join_semaphore as join, open_semaphore as open};

#[test]
fn a_large_request_that_waits_is_overtaken_by_nobody() {
    let (semaphore, bell) = open("fifo", 3);
    let (other, _) = join("fifo");
    assert!(semaphore.acquire(1, 2));
    assert!(!other.acquire(1, 3));
    assert!(!semaphore.acquire(2, 1));
    assert!(!semaphore.try_acquire(1));
    semaphore.release(2);
    assert!(other.is_granted(1));
    assert!(!semaphore.is_granted(2));
    other.release(3);
    assert_eq!(bell.taken(), [2]);
    assert!(semaphore.is_granted(2));
}

#[test]
fn giving_up_lets_go_on_who_was_held_back_and_leaks_nothing() {
    let (semaphore, _) = open("given up", 3);
    let (other, bell) = join("given up");
    assert!(semaphore.acquire(1, 2));
    assert!(!semaphore.acquire(2, 3));
    assert!(!other.acquire(1, 1));
    assert!(semaphore.give_up(2));
    assert_eq!(bell.taken(), [1]);
    assert!(!other.give_up(1), "what was granted stays granted");
    assert!(other.is_granted(1) && !other.is_granted(1));
    semaphore.release(2);
    other.release(1);
    assert_eq!(semaphore.available(), 3);
}

#[test]
fn a_member_that_leaves_gives_back_what_it_holds_and_what_it_was_just_granted() {
    let (semaphore, bell) = open("left", 2);
    let (worker, _) = join("left");
    assert!(worker.acquire(1, 1));
    assert!(semaphore.acquire(1, 1));
    assert!(!worker.acquire(2, 1));
    assert!(!semaphore.acquire(2, 2));
    semaphore.release(1);
    worker.leave();
    assert_eq!(bell.taken(), [2]);
    assert!(semaphore.is_granted(2));
    worker.release(1);
    assert!(!worker.try_acquire(1));
    semaphore.release(2);
    assert_eq!(semaphore.available(), 2);
    drop((semaphore, worker));
    assert!(Semaphore::join("left", bell).is_none());
}

#[test]
fn threads_that_sleep_while_they_wait_never_hold_more_than_there_are() {
    let (keeper, _) = open("threads", 3);
    let held = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for weight in [1_u32, 2, 3] {
            let held = &held;
            scope.spawn(move || {
                let (semaphore, bell) = join("threads");
                for _ in 0..5000 {
                    if !semaphore.acquire(1, weight) {
                        while !semaphore.is_granted(1) {
                            bell.sleep();
                        }
                    }
                    let weight = weight as usize;
                    assert!(held.fetch_add(weight, Ordering::SeqCst) + weight <= 3);
                    held.fetch_sub(weight, Ordering::SeqCst);
                    semaphore.release(weight as u32);
                }
            });
        }
    });
    assert_eq!(keeper.available(), 3);
}
