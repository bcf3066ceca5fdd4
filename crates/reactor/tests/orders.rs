//! Every order in which a descriptor becomes ready, is parked on, canceled, read and closed, between and within turns of the loop.
//! The loop is turned by hand: what the poller has collected is handed out when the order says so, which is how late it can come.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failing test is the point"
)]

use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reactor::{Completion, Endpoint, Environment, IoLoop, Lane, Reactor, Watch};
use rustix::io::fcntl_dupfd_cloexec;

/// Longer orders show nothing new: with this many steps each pair of calls meets each half of a turn, with anything between.
const STEPS: usize = 6;

/// Above all that the system gives by itself.
const NUMBER: i32 = 500;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// The other side writes or reads.
    Ready,
    /// The owner asks to be told.
    Park,
    /// It doesn't want to know any more.
    Cancel,
    /// It takes what is there.
    Use,
    /// It closes, and opens another with the same descriptor number and place in the table.
    Close,
    /// First half of a turn.
    Wait,
    /// Second half.
    HandOut,
}

/// The end of a pipe that the order is about, and what may be said of it.
struct End {
    endpoint: Arc<Endpoint>,
    other: Other,
    is_parked: bool,
    is_ready: bool,
    /// The poller has collected news of it.
    has_news: bool,
}

enum Other {
    Writes(PipeWriter),
    Reads(PipeReader),
}

struct World {
    reactor: Arc<Reactor>,
    io_loop: IoLoop,
    environment: Arc<Environment>,
    wakes: Arc<AtomicUsize>,
    watch: Watch,
}

impl World {
    fn new(watch: Watch) -> Self {
        let (reactor, io_loop) = Reactor::with_loop().unwrap();
        let wakes = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&wakes);
        let environment = reactor.environment(Box::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }));
        Self { reactor, io_loop, environment, wakes, watch }
    }

    /// A new end, always under the same number.
    fn end(&self) -> End {
        let (read, write) = pipe().unwrap();
        let (fd, other): (OwnedFd, _) = match self.watch {
            Watch::Readable => (read.into(), Other::Writes(write)),
            _ => (write.into(), Other::Reads(read)),
        };
        let fd = fcntl_dupfd_cloexec(fd, NUMBER).unwrap();
        assert_eq!(fd.as_raw_fd(), NUMBER);
        rustix::io::ioctl_fionbio(&fd, true).unwrap();
        let endpoint = Endpoint::new(&self.reactor, &self.environment, fd, Lane::Demand).unwrap();
        let mut end = End { endpoint, other, is_parked: false, is_ready: false, has_news: false };
        if self.watch == Watch::Writable {
            end.take();
        }
        end
    }

    /// What the environment was told. There is a wake-up for it, and none without it.
    fn told(&self) -> Vec<Completion> {
        let mut told = Vec::new();
        self.environment.drain(8, |completion| told.push(completion)).unwrap();
        assert_eq!(self.wakes.swap(0, Ordering::Relaxed), usize::from(!told.is_empty()));
        told
    }

    /// Runs one order, and then whole turns until nothing is left to be told.
    fn run(&mut self, order: &[Step]) {
        let mut end = self.end();
        for step in order {
            self.step(&mut end, *step);
        }
        if is_halfway(order) {
            self.step(&mut end, Step::HandOut);
        }
        self.step(&mut end, Step::Wait);
        self.step(&mut end, Step::HandOut);
        // Whoever is parked by now waits for what has not come yet.
        assert!(!(end.is_parked && end.is_ready), "a wake-up was lost");
        self.step(&mut end, Step::Ready);
        self.step(&mut end, Step::Wait);
        self.step(&mut end, Step::HandOut);
        assert!(!end.is_parked, "nobody is told any more");
        end.endpoint.close();
    }

    fn step(&mut self, end: &mut End, step: Step) {
        match step {
            Step::Ready => end.ready(),
            Step::Park => {
                end.endpoint.arm(self.watch).unwrap();
                end.is_parked = true;
            }
            Step::Cancel => {
                end.endpoint.disarm();
                end.is_parked = false;
            }
            Step::Use => end.take(),
            Step::Close => {
                end.endpoint.close();
                *end = self.end();
            }
            Step::Wait => {
                self.io_loop.wait(Some(Duration::ZERO)).unwrap();
                end.has_news = end.is_parked && end.is_ready;
            }
            Step::HandOut => self.io_loop.hand_out(),
        }
        let told = self.told();
        if told.is_empty() {
            return;
        }
        // Only who is parked is told, in the second half of a turn, of news of its own, and that answers it.
        assert_eq!((step, &*told), (Step::HandOut, &[Completion::Endpoint(end.endpoint.id())][..]));
        assert!(end.has_news, "told of its predecessor's news");
        assert!(std::mem::take(&mut end.is_parked), "told without being asked");
    }
}

impl End {
    fn ready(&mut self) {
        match &mut self.other {
            Other::Writes(pipe) => pipe.write_all(b"x").unwrap(),
            Other::Reads(_) if self.is_ready => return,
            Other::Reads(pipe) => assert!(pipe.read(&mut vec![0; 65_536]).unwrap() > 0),
        }
        self.is_ready = true;
    }

    fn take(&mut self) {
        match self.other {
            Other::Writes(_) => assert_eq!(self.endpoint.read(&mut [0; 64]).is_ok(), self.is_ready),
            Other::Reads(_) => while self.endpoint.write(&vec![0; 65_536]).is_ok() {},
        }
        self.is_ready = false;
    }
}

/// The news of a turn are collected and not yet handed out.
fn is_halfway(order: &[Step]) -> bool {
    let last = order.iter().rfind(|step| matches!(step, Step::Wait | Step::HandOut));
    last == Some(&Step::Wait)
}

/// Calls `run` with each order that begins so. The halves of a turn follow one another.
fn each(order: &mut Vec<Step>, run: &mut impl FnMut(&[Step])) {
    if order.len() == STEPS {
        return run(order);
    }
    let half = if is_halfway(order) { Step::HandOut } else { Step::Wait };
    for step in [Step::Ready, Step::Park, Step::Cancel, Step::Use, Step::Close, half] {
        order.push(step);
        each(order, run);
        order.pop();
    }
}

/// One test for both directions: the numbers of descriptors are the process's, and nobody else may take one in between.
#[test]
fn who_parks_is_told_once_whatever_happens_between_and_a_successor_of_nothing() {
    for watch in [Watch::Readable, Watch::Writable] {
        let mut world = World::new(watch);
        each(&mut Vec::new(), &mut |order| {
            let tried = catch_unwind(AssertUnwindSafe(|| world.run(order)));
            assert!(tried.is_ok(), "{watch:?}: {order:?}");
        });
    }
}
