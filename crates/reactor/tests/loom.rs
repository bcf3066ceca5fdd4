//! Every order in which a few threads can take the locks of the reactor: what is handed over between the I/O thread and the
//! others. A thread that waits sleeps, so a wake-up that is lost in any of them is a deadlock, which loom reports. Run by
//! `npm run proof:loom`.
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a failing test is the point")]

#[path = "../../flow/tests/support/orders.rs"]
mod orders;

use std::collections::BTreeSet;
use std::io::{PipeWriter, Write as _, pipe};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use loom::sync::atomic::AtomicBool;
use loom::sync::{Condvar, Mutex};
use loom::thread;
use orders::in_every_order;
use reactor::{Completion, Endpoint, Environment, IoLoop, Lane, Reactor, Watch};

/// The thread of an environment, asleep until it is woken.
struct Sleeper {
    is_woken: Mutex<bool>,
    changed: Condvar,
}

impl Sleeper {
    fn new() -> Arc<Self> {
        Arc::new(Self { is_woken: Mutex::new(false), changed: Condvar::new() })
    }

    fn environment(self: &Arc<Self>, reactor: &Reactor) -> Arc<Environment> {
        let sleeper = Arc::clone(self);
        reactor.environment(Box::new(move || {
            *sleeper.is_woken.lock().unwrap() = true;
            sleeper.changed.notify_one();
        }))
    }

    fn sleep(&self) {
        let mut is_woken = self.is_woken.lock().unwrap();
        while !*is_woken {
            is_woken = self.changed.wait(is_woken).unwrap();
        }
        *is_woken = false;
    }
}

/// As JavaScript does: again while the list was full.
fn drain(environment: &Environment, room: usize) -> Vec<Completion> {
    let mut all = Vec::new();
    loop {
        let before = all.len();
        environment.drain(room, |completion| all.push(completion)).unwrap();
        if all.len() - before < room {
            return all;
        }
    }
}

#[test]
fn a_job_that_any_thread_posts_is_done() {
    in_every_order(|| {
        let (reactor, mut io_loop) = Reactor::with_loop().unwrap();
        let done = Arc::new(Mutex::new(BTreeSet::new()));
        let threads = [1, 2].map(|number| {
            let (reactor, done) = (Arc::clone(&reactor), Arc::clone(&done));
            thread::spawn(move || {
                assert!(reactor.post(move |_| {
                    done.lock().unwrap().insert(number);
                }));
            })
        });
        while done.lock().unwrap().len() < 2 {
            io_loop.turn().unwrap();
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_completion_of_any_thread_wakes_its_environment() {
    for room in [1, 8] {
        in_every_order(move || {
            let (reactor, _io_loop) = Reactor::with_loop().unwrap();
            let sleeper = Sleeper::new();
            let environment = sleeper.environment(&reactor);
            let threads = [1, 2].map(|number| {
                let environment = Arc::clone(&environment);
                thread::spawn(move || environment.complete(Completion::Wait(number)))
            });
            let mut seen = 0;
            while seen < 2 {
                sleeper.sleep();
                seen += drain(&environment, room).len();
            }
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(seen, 2);
        });
    }
}

#[test]
fn no_wake_up_runs_when_an_environment_has_been_retired() {
    in_every_order(|| {
        let (reactor, _io_loop) = Reactor::with_loop().unwrap();
        let is_gone = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_gone);
        let environment = reactor.environment(Box::new(move || {
            assert!(!seen.load(Ordering::SeqCst));
            thread::yield_now();
            assert!(!seen.load(Ordering::SeqCst));
        }));
        let other = Arc::clone(&environment);
        let thread = thread::spawn(move || other.complete(Completion::Wait(1)));
        reactor.retire(&environment);
        is_gone.store(true, Ordering::SeqCst);
        thread.join().unwrap();
    });
}

#[test]
fn a_job_that_is_posted_while_the_loop_ends_is_refused_or_dropped() {
    in_every_order(|| {
        let (reactor, io_loop) = Reactor::with_loop().unwrap();
        let sleeper = Sleeper::new();
        let environment = sleeper.environment(&reactor);
        let owned = Arc::new(());
        let (posting, given) = (Arc::clone(&reactor), Arc::clone(&owned));
        let poster = thread::spawn(move || posting.post(move |_| drop(given)));
        io_loop.end();
        poster.join().unwrap();
        assert_eq!(Arc::strong_count(&owned), 1, "it lies in the inbox of a loop that is gone");
        sleeper.sleep();
        assert!(environment.drain(1, |_| ()).is_err());
    });
}

fn endpoint(
    reactor: &Arc<Reactor>,
    environment: &Arc<Environment>,
    lane: Lane,
) -> (Arc<Endpoint>, PipeWriter) {
    let (read, write) = pipe().unwrap();
    rustix::io::ioctl_fionbio(&read, true).unwrap();
    (Endpoint::new(reactor, environment, read.into(), lane).unwrap(), write)
}

/// The loop on a thread of its own, until a job says that it is over.
fn run(reactor: &Arc<Reactor>, mut io_loop: IoLoop) -> impl FnOnce() + use<> {
    let is_over = Arc::new(AtomicBool::new(false));
    let (seen, reactor) = (Arc::clone(&is_over), Arc::clone(reactor));
    let thread = thread::spawn(move || {
        while !seen.load(Ordering::SeqCst) {
            io_loop.turn().unwrap();
        }
    });
    move || {
        reactor.post(move |_| is_over.store(true, Ordering::SeqCst));
        thread.join().unwrap();
    }
}

/// The system would wake the poller; here a job that does nothing makes it look at the descriptors again.
fn write(reactor: &Reactor, mut to: &PipeWriter, bytes: &[u8]) {
    to.write_all(bytes).unwrap();
    reactor.post(|_| ());
}

#[test]
fn bytes_that_come_while_a_reader_parks_wake_it() {
    in_every_order(|| {
        let (reactor, io_loop) = Reactor::with_loop().unwrap();
        let sleeper = Sleeper::new();
        let environment = sleeper.environment(&reactor);
        let (endpoint, writer) = endpoint(&reactor, &environment, Lane::Demand);
        let end = run(&reactor, io_loop);
        let posting = Arc::clone(&reactor);
        let writing = thread::spawn(move || {
            write(&posting, &writer, b"x");
            writer
        });
        while endpoint.read(&mut [0; 8]).is_err() {
            endpoint.arm(Watch::Readable).unwrap();
            sleeper.sleep();
            assert_eq!(drain(&environment, 8), [Completion::Endpoint(endpoint.id())]);
        }
        writing.join().unwrap();
        end();
        assert_eq!(drain(&environment, 8), []);
    });
}

#[test]
fn what_is_read_ahead_reaches_its_reader_to_the_end() {
    in_every_order(|| {
        let (reactor, io_loop) = Reactor::with_loop().unwrap();
        let sleeper = Sleeper::new();
        let environment = sleeper.environment(&reactor);
        // One block of two bytes: the lane pauses while it is full, and goes on when it is taken.
        let (endpoint, writer) = endpoint(&reactor, &environment, Lane::Ahead(2));
        write(&reactor, &writer, b"abc");
        drop(writer);
        let end = run(&reactor, io_loop);
        let mut seen = Vec::new();
        loop {
            match endpoint.take_block(8).unwrap() {
                Some(bytes) if bytes.is_empty() => break,
                Some(bytes) => seen.extend(bytes),
                None => {
                    endpoint.arm(Watch::Readable).unwrap();
                    sleeper.sleep();
                    drain(&environment, 8);
                }
            }
        }
        assert_eq!(seen, b"abc");
        end();
    });
}
