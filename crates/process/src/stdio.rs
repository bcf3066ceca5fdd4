//! Makes the descriptors of one spawn, on the I/O thread and just before they are sent: pipes, opened files, links.
//! Decides nothing: every source was chosen by the caller.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};

use protocol::Stdio;
use reactor::Lane;
use rustix::fs::{Mode, OFlags};

use crate::event::Failure;
use crate::launch::{Launch, Source};
use crate::sys;

/// Pipes between two children, by environment and number: the side that has not been fetched yet.
pub(crate) type Links = HashMap<(u32, u32), LinkSide>;

#[derive(Debug)]
pub(crate) enum LinkSide {
    Read(OwnedFd),
    Write(OwnedFd),
}

/// Our end of one of the child's pipes.
#[derive(Debug)]
pub(crate) struct OurEnd {
    pub(crate) fd: OwnedFd,
    pub(crate) lane: Lane,
    /// Nobody chose its size, and much may come out of it.
    pub(crate) grows: bool,
}

/// What one spawn sends and what stays here.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) slots: [Stdio; 3],
    pub(crate) sent: Vec<OwnedFd>,
    pub(crate) ours: [Option<OurEnd>; 3],
    /// The slave of its terminal, until it has exited.
    pub(crate) held: Option<OwnedFd>,
    pub(crate) status: OwnedFd,
    pub(crate) status_write: OwnedFd,
}

/// Makes all of it or nothing. After a failure the same launch can be tried again: only success uses descriptors up.
pub(crate) fn prepare(launch: &mut Launch, environment: u32, links: &mut Links) -> Result<Prepared, Failure> {
    // First of all, and for all slots: a spawn that fails must not leave its side of a link in the table, or the
    // neighbour would never see its end.
    for (number, source) in launch.stdio.iter_mut().enumerate() {
        if let Source::Link(link) = *source {
            *source = Source::Descriptor(side_of(link, number, environment, links));
        }
    }
    if let [Source::Terminal(terminal), ..] = launch.stdio {
        return terminal.prepare(output_lane(launch));
    }
    let mut opened = Vec::with_capacity(3);
    for (number, source) in launch.stdio.iter().enumerate() {
        opened.push(open(source, number, launch)?);
    }
    let (status, status_write) = status_pipe()?;

    let mut prepared = Prepared {
        slots: [Stdio::Null; 3],
        sent: Vec::with_capacity(3),
        ours: [None, None, None],
        held: None,
        status,
        status_write,
    };
    let places = prepared.slots.iter_mut().zip(&mut prepared.ours);
    for ((source, opened), (slot, ours)) in launch.stdio.iter_mut().zip(opened).zip(places) {
        *slot = opened.slot;
        *ours = opened.ours;
        match (opened.sent, std::mem::replace(source, Source::Null)) {
            (Some(fd), _) | (None, Source::Descriptor(Ok(fd))) => prepared.sent.push(fd),
            (None, _) => {}
        }
    }
    Ok(prepared)
}

/// The status pipe of a spawn, its reading end first.
pub(crate) fn status_pipe() -> Result<(OwnedFd, OwnedFd), Failure> {
    let failed = |errno| Failure::new("pipe", errno);
    let (status, status_write) = sys::pipe().map_err(failed)?;
    sys::make_non_blocking(status.as_fd()).map_err(failed)?;
    Ok((status, status_write))
}

/// How output is read that nobody drains by itself.
fn output_lane(launch: &Launch) -> Lane {
    if launch.read_ahead > 0 { Lane::Ahead(launch.read_ahead) } else { Lane::Demand }
}

struct Opened {
    slot: Stdio,
    /// What was made for the child; a descriptor that came with the launch stays there until all else has succeeded.
    sent: Option<OwnedFd>,
    ours: Option<OurEnd>,
}

fn open(source: &Source, number: usize, launch: &Launch) -> Result<Opened, Failure> {
    let only = |slot| Ok(Opened { slot, sent: None, ours: None });
    match source {
        Source::Null => only(Stdio::Null),
        Source::SameAsStdout => only(Stdio::SameAsStdout),
        Source::Descriptor(Ok(_)) => only(Stdio::Passed),
        Source::Descriptor(Err(errno)) => Err(Failure::new("descriptor", *errno)),
        Source::Link(_) | Source::Terminal(_) => Err(Failure::new("pipe", libc::EINVAL)),
        Source::File { path, append } => {
            let flags = match (number, append) {
                (0, _) => OFlags::RDONLY,
                (_, true) => OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND,
                (_, false) => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
            };
            let mode = Mode::from_raw_mode(0o666);
            match rustix::fs::open(path.as_slice(), flags | OFlags::CLOEXEC | OFlags::NOCTTY, mode) {
                Ok(fd) => Ok(Opened { slot: Stdio::Passed, sent: Some(fd), ours: None }),
                Err(error) => Err(Failure {
                    detail: String::from_utf8_lossy(path).into_owned(),
                    ..Failure::new("open", error.raw_os_error())
                }),
            }
        }
        Source::Pipe => {
            our_pipe(number, launch.pipe_size, if number == 0 { Lane::Demand } else { output_lane(launch) })
        }
        Source::Tail(keep) => our_pipe(number, launch.pipe_size, Lane::Tail(*keep)),
    }
}

/// A pipe with one end for the child. Only our end is non-blocking: the two ends are separate open file descriptions.
fn our_pipe(number: usize, size: usize, lane: Lane) -> Result<Opened, Failure> {
    let failed = |errno| Failure::new("pipe", errno);
    let (read, write) = sys::pipe().map_err(failed)?;
    let (theirs, ours) = if number == 0 { (read, write) } else { (write, read) };
    sys::make_non_blocking(ours.as_fd()).map_err(failed)?;
    if size > 0 {
        // The kernel may refuse (quota, ceiling): the default size is no error.
        sys::set_pipe_size(ours.as_fd(), size);
    }
    // Read on demand, a larger pipe saves nothing that could be measured.
    let grows = number == 1 && size == 0 && matches!(lane, Lane::Ahead(_));
    Ok(Opened { slot: Stdio::Passed, sent: Some(theirs), ours: Some(OurEnd { fd: ours, lane, grows }) })
}

/// A spawn that is given up fetches its sides of links all the same, and closes them: its neighbours see an end, and no
/// side waits in the table for ever, whichever of them came first.
pub(crate) fn abandon_links(launch: &Launch, environment: u32, links: &mut Links) {
    for (number, source) in launch.stdio.iter().enumerate() {
        if let Source::Link(link) = *source {
            drop(side_of(link, number, environment, links));
        }
    }
}

/// The wanted side of a link; the first to ask makes the pipe and leaves the other side for its neighbour.
fn side_of(link: u32, number: usize, environment: u32, links: &mut Links) -> Result<OwnedFd, i32> {
    let key = (environment, link);
    match (links.remove(&key), number) {
        (Some(LinkSide::Read(fd)), 0) | (Some(LinkSide::Write(fd)), 1..) => Ok(fd),
        (Some(_), _) => Err(libc::EINVAL),
        (None, _) => {
            let (read, write) = sys::pipe()?;
            let (mine, other) =
                if number == 0 { (read, LinkSide::Write(write)) } else { (write, LinkSide::Read(read)) };
            links.insert(key, other);
            Ok(mine)
        }
    }
}
