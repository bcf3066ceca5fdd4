//! Segment files when a log is opened, and when one is added: checked whole, cut where a write was cut short, made.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::disk::{Disk, write_all};
use crate::failure::Failure;
use crate::processors::Processors;
use crate::record::{Kind, Record};
use crate::scan::{Cursor, Next};
use crate::segment::{self, HEADER, Header, Segment};

/// Takes a record into account.
pub(crate) fn note(segment: &mut Segment, processors: &mut Processors, record: Record<'_>, body: &[u8]) {
    if record.kind == Kind::Event {
        segment.last_event = segment.last_event.max(Some(record.sequence));
    }
    processors.note(segment.number, record, body);
}

/// Reads a whole segment. The bytes of the result end behind its last good record; 0 when even the header is not there.
pub(crate) fn check(
    file: &File,
    path: &Path,
    number: u64,
    is_last: bool,
    processors: &mut Processors,
) -> Result<Segment, Failure> {
    let failure = |error: io::Error| Failure::io("read", path, &error);
    let corrupt = |offset, reason| Failure::Corrupt { path: path.to_owned(), offset, reason };
    let length = file.metadata().map_err(failure)?.len();
    let mut known = Segment::empty(number);
    let mut first = [0; HEADER];
    let header = first.get_mut(..length.min(HEADER as u64) as usize).unwrap_or_default();
    file.read_exact_at(header, 0).map_err(failure)?;
    let mut cursor = Cursor::new(file, number, HEADER as u64, length);
    let reason = match segment::check(header, number) {
        Header::Unknown => {
            return Err(corrupt(0, "the segment is of a format that this version does not know"));
        }
        Header::Good => loop {
            match cursor.next().map_err(failure)? {
                Next::Record(record, body) => note(&mut known, processors, record, body),
                Next::Bad(reason) => break Some(reason),
                Next::Unknown(reason) => return Err(corrupt(cursor.offset(), reason)),
                Next::End => break None,
            }
        },
        Header::Bad => {
            known.bytes = 0;
            let reason = "the header of the segment is damaged";
            return if is_last && !cursor.has_record_after(0).map_err(failure)? {
                Ok(known)
            } else {
                Err(corrupt(0, reason))
            };
        }
    };
    known.bytes = cursor.offset();
    match reason {
        Some(reason) if !is_last || cursor.has_record_after(known.bytes).map_err(failure)? => {
            Err(corrupt(known.bytes, reason))
        }
        _ => Ok(known),
    }
}

/// Cuts the last segment behind its last good record, and has the disk keep what is about to be replayed.
pub(crate) fn repair(
    disk: &mut dyn Disk,
    directory: &Path,
    file: &File,
    mut active: Segment,
) -> Result<Segment, Failure> {
    let path = segment::path(directory, active.number);
    let length = file.metadata().map_err(|error| Failure::io("fstat", &path, &error))?.len();
    if length > active.bytes {
        file.set_len(active.bytes).map_err(|error| Failure::io("ftruncate", &path, &error))?;
    }
    if active.bytes == 0 {
        write_header(disk, file, &path, active.number)?;
        active.bytes = HEADER as u64;
    }
    disk.sync(file).map_err(|error| Failure::io("fdatasync", &path, &error))?;
    Ok(active)
}

/// Makes the file of a segment; its name is durable after the directory's next sync.
pub(crate) fn make(disk: &mut dyn Disk, directory: &Path, number: u64) -> Result<File, Failure> {
    let path = segment::path(directory, number);
    let made = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
    let file = made.map_err(|error| Failure::io("open", &path, &error))?;
    write_header(disk, &file, &path, number)?;
    disk.sync(&file).map_err(|error| Failure::io("fdatasync", &path, &error))?;
    Ok(file)
}

fn write_header(disk: &mut dyn Disk, file: &File, path: &Path, number: u64) -> Result<(), Failure> {
    let written = write_all(disk, file, &segment::header(number), 0);
    written.map_err(|error| Failure::io("write", path, &error))
}
