//! Loss of power: of each file only what was synced is certain, and of each directory only the names that were. What was
//! acknowledged must be there whatever is lost of the rest.
#![allow(clippy::unwrap_used, reason = "a failing test is the point")]

mod support;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex};

use journal::{Disk, System};
use proptest::prelude::*;
use support::{EPOCH, EVENT, Folder, PUBLISHED, add, body, replay};

/// What would outlive a loss of power, by inode.
#[derive(Default)]
struct Certain {
    lengths: HashMap<u64, u64>,
    names: HashSet<u64>,
}

struct Tracked {
    folder: std::path::PathBuf,
    certain: Arc<Mutex<Certain>>,
}

impl Disk for Tracked {
    fn write_at(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        System.write_at(file, bytes, offset)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        let metadata = file.metadata()?;
        let mut certain = self.certain.lock().unwrap();
        if metadata.is_dir() {
            let entries = fs::read_dir(&self.folder)?.map(|entry| entry.unwrap().metadata().unwrap().ino());
            certain.names.extend(entries);
        } else {
            certain.lengths.insert(metadata.ino(), metadata.len());
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<(u8, usize)>),
    Compact(u64),
    /// Power fails: of what is not certain, so many thousandths stay.
    Fail(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let append = prop::collection::vec((1_u8..=3, 0_usize..300), 1..8).prop_map(Step::Append);
    let step = prop_oneof![8 => append, 1 => (0_u64..40).prop_map(Step::Compact), 2 => (0_u64..=1000).prop_map(Step::Fail)];
    prop::collection::vec(step, 1..60)
}

fn lose(folder: &Folder, certain: &Mutex<Certain>, thousandths: u64) {
    let mut certain = certain.lock().unwrap();
    for path in folder.segments() {
        let metadata = fs::metadata(&path).unwrap();
        let length = certain.lengths.get(&metadata.ino()).copied().unwrap_or(0);
        if !certain.names.contains(&metadata.ino()) && thousandths < 500 {
            fs::remove_file(&path).unwrap();
            continue;
        }
        let kept = length + (metadata.len() - length) * thousandths / 1000;
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(kept).unwrap();
    }
    // As after the death of a process only: names that the next one finds need not be certain.
    certain.names.clear();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn what_was_acknowledged_outlives_a_loss_of_power(steps in steps()) {
        let folder = Folder::new();
        let certain = Arc::new(Mutex::new(Certain::default()));
        let open = || {
            let disk = Tracked { folder: folder.0.clone(), certain: Arc::clone(&certain) };
            folder.open_with(400, Box::new(disk)).unwrap()
        };
        let mut log = open();
        let (mut sequence, mut published, mut below) = (0, None, 0);
        let events = |log: &journal::Log| {
            let bodies = replay(log).unwrap();
            bodies.into_iter().filter(|body| body[0] == EVENT).map(|body| body[4]).collect::<Vec<_>>()
        };
        for step in steps.into_iter().chain([Step::Fail(0)]) {
            match step {
                Step::Append(records) => {
                    let bodies: Vec<_> = records.into_iter().map(|(kind, size)| match kind {
                        1 => { sequence += 1; body(EVENT, sequence, "", &vec![9; size]) }
                        2 => { published = Some(sequence); body(PUBLISHED, sequence, "p", b"") }
                        _ => body(EPOCH, sequence, "q", b""),
                    }).collect();
                    add(&mut log, &bodies).unwrap();
                }
                Step::Compact(to) => {
                    log.compact(to).unwrap();
                    below = below.max(to);
                }
                Step::Fail(thousandths) => {
                    // Not dropped through `close`, which would sync: what is lost is what the disk was never asked for.
                    drop(log);
                    lose(&folder, &certain, thousandths);
                    log = open();
                    let kept = events(&log);
                    let first = kept.first().copied().map_or(sequence, u64::from);
                    prop_assert!(sequence == 0 || first <= below.max(1), "{first} is the first, {below} was the least");
                    prop_assert_eq!(kept, (first..=sequence).skip(usize::from(sequence == 0)).map(|event| event as u8).collect::<Vec<_>>());
                    let last = replay(&log).unwrap().into_iter().rfind(|body| body[0] == PUBLISHED);
                    prop_assert_eq!(last.map(|body| u64::from(body[4])), published);
                }
            }
        }
    }
}
