//! What an environment takes part in, and how it is told of its waits there.
#![allow(clippy::unwrap_used, reason = "a failing test is the point")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use flow::{Member, Semaphore};
use reactor::{Completion, Environment, Reactor};

fn environment() -> (Arc<Environment>, Arc<AtomicUsize>) {
    let wakes = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&wakes);
    let wake = move || {
        counter.fetch_add(1, Ordering::SeqCst);
    };
    (Reactor::global().unwrap().environment(Box::new(wake)), wakes)
}

fn member(semaphore: &Arc<Semaphore>) -> Weak<dyn Member> {
    let member: Arc<dyn Member> = Arc::clone(semaphore) as Arc<dyn Member>;
    Arc::downgrade(&member)
}

#[test]
fn an_environment_that_ends_leaves_what_it_takes_part_in_and_is_told_of_nothing_more() {
    let (mine, wakes) = environment();
    let (theirs, no_wakes) = environment();
    let held = Semaphore::open("retired".to_owned(), 2, Arc::clone(&theirs) as Arc<dyn flow::Wake>);
    theirs.members().add(member(&held));
    let own = Semaphore::join("retired", Arc::clone(&mine) as Arc<dyn flow::Wake>).unwrap();
    mine.members().add(member(&own));
    assert!(held.acquire(1, 2));
    assert!(!held.acquire(2, 1));
    assert!(!own.acquire(7, 2));
    Reactor::global().unwrap().retire(&theirs);
    let mut told = Vec::new();
    mine.drain(8, |completion| told.push(completion)).unwrap();
    assert_eq!(told, [Completion::Wait(7)]);
    assert!(own.is_granted(7));
    assert_eq!(wakes.load(Ordering::SeqCst), 1);
    assert_eq!(no_wakes.load(Ordering::SeqCst), 0);
    // One that has left for itself does not disturb the end of the rest.
    own.leave();
    Reactor::global().unwrap().retire(&mine);
}
