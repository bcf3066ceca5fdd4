//! The thread: groups, order, the end of everything that is owed.
#![allow(clippy::unwrap_used, reason = "a failing test is the point")]

mod support;

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use journal::{Disk, Failure, Journal, Outcome, Position, System};
use support::{Faults, Folder, event, framed, replay};

/// Longer than any of this takes; only a lost wake-up waits for it.
const DEADLINE: Duration = Duration::from_secs(20);

struct Opened {
    journal: Journal,
    wakes: Receiver<()>,
}

impl Opened {
    fn new(folder: &Folder, disk: Box<dyn Disk>) -> Self {
        let (sender, wakes) = sync_channel(10_000);
        let wake = move || {
            let _ = sender.try_send(());
        };
        let journal = Journal::open(folder.options(1 << 20), disk, Box::new(wake)).unwrap();
        let opened = Self { journal, wakes };
        assert_eq!(opened.next(), Outcome::Done(1));
        opened
    }

    fn next(&self) -> Outcome {
        loop {
            if let Some(outcome) = self.journal.next_outcome() {
                return outcome;
            }
            self.wakes.recv_timeout(DEADLINE).unwrap();
        }
    }

    fn append(&self, sequence: u64) {
        self.journal.append(framed(&[event(sequence)]), 1);
    }
}

/// Says when a sync has begun, and lets it end when it is told to.
struct Gate {
    begun: SyncSender<()>,
    go: Receiver<()>,
}

impl Disk for Gate {
    fn write_at(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        System.write_at(file, bytes, offset)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        let _ = self.begun.send(());
        let _ = self.go.recv();
        System.sync(file)
    }
}

#[test]
fn all_that_wait_while_a_sync_runs_share_the_next_one() {
    let folder = Folder::new();
    drop(folder.open().unwrap());
    let (begun, has_begun) = sync_channel(100);
    let (go, may_go) = sync_channel(100);
    // The opening syncs three times: the directory's name, its segment, the segment's name.
    (0..3).for_each(|_| go.send(()).unwrap());
    let opened = Opened::new(&folder, Box::new(Gate { begun, go: may_go }));
    (0..3).for_each(|_| has_begun.recv_timeout(DEADLINE).unwrap());
    opened.append(1);
    has_begun.recv_timeout(DEADLINE).unwrap();
    (2..=65).for_each(|sequence| opened.append(sequence));
    go.send(()).unwrap();
    assert_eq!(opened.next(), Outcome::Done(1));
    has_begun.recv_timeout(DEADLINE).unwrap();
    assert_eq!(opened.journal.next_outcome(), None, "nobody is told before the disk has it");
    go.send(()).unwrap();
    assert_eq!(opened.next(), Outcome::Done(64));
    go.send(()).unwrap();
    assert!(has_begun.try_recv().is_err());
}

#[test]
fn answers_come_in_the_order_of_the_questions() {
    let folder = Folder::new();
    let opened = Opened::new(&folder, Box::new(System));
    opened.append(1);
    opened.journal.read(Position::default(), None);
    opened.append(2);
    opened.journal.compact(1);
    opened.journal.close();
    assert_eq!(opened.next(), Outcome::Done(1));
    let Outcome::Block(block) = opened.next() else { panic!("no block") };
    assert_eq!(block.bodies, framed(&[event(1)]));
    let mut done = 0;
    while done < 3 {
        let Outcome::Done(count) = opened.next() else { panic!("a failure") };
        done += count;
    }
    assert_eq!(replay(&folder.open().unwrap()).unwrap(), [event(1), event(2)]);
    opened.append(3);
    assert_eq!(opened.next(), Outcome::Failed(1, Failure::Closed));
}

#[test]
fn after_a_failed_sync_everything_is_refused_but_the_close() {
    let folder = Folder::new();
    let faults = Faults::new();
    let opened = Opened::new(&folder, faults.disk());
    faults.failing_sync.store(1, std::sync::atomic::Ordering::SeqCst);
    opened.append(1);
    let Outcome::Failed(1, Failure::Poisoned { syscall: "fdatasync", errno: 5, .. }) = opened.next() else {
        panic!("acknowledged")
    };
    faults.failing_sync.store(0, std::sync::atomic::Ordering::SeqCst);
    opened.append(2);
    opened.journal.read(Position::default(), None);
    opened.journal.compact(1);
    let mut refused = 0;
    while refused < 3 {
        let Outcome::Failed(count, Failure::Poisoned { .. }) = opened.next() else { panic!("went on") };
        refused += count;
    }
    opened.journal.close();
    assert_eq!(opened.next(), Outcome::Done(1));
    folder.open().unwrap();
}

#[test]
fn dropping_it_closes_it_behind_what_was_given() {
    let folder = Folder::new();
    let opened = Opened::new(&folder, Box::new(System));
    (1..=100).for_each(|sequence| opened.append(sequence));
    let Opened { journal, wakes } = opened;
    drop(journal);
    // The sender lives in the thread: it hangs up when that has ended.
    while wakes.recv_timeout(DEADLINE).is_ok() {}
    assert_eq!(replay(&folder.open().unwrap()).unwrap().len(), 100);
}

struct Panics;

impl Disk for Panics {
    fn write_at(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        assert!(offset == 0, "asked for by the test");
        System.write_at(file, bytes, offset)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        System.sync(file)
    }
}

#[test]
fn a_panic_of_the_thread_answers_everything_that_is_owed() {
    let folder = Folder::new();
    let opened = Opened::new(&folder, Box::new(Panics));
    opened.append(1);
    opened.append(2);
    opened.journal.read(Position::default(), None);
    let mut refused = 0;
    while refused < 3 {
        let Outcome::Failed(count, Failure::Poisoned { syscall: "panic", .. }) = opened.next() else {
            panic!("went on")
        };
        refused += count;
    }
    opened.append(3);
    assert!(matches!(opened.next(), Outcome::Failed(1, Failure::Poisoned { .. })));
    opened.journal.close();
    assert_eq!(opened.next(), Outcome::Done(1));
    folder.open().unwrap();
}
