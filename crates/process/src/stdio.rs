//! Makes the descriptors of one spawn, on the I/O thread and just before they are sent: pipes, opened files, links.
//! Decides nothing: every source was chosen by the caller.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};

use protocol::Stdio;
use reactor::{Half, Lane};
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
    /// Nobody will ever have the other side.
    Gone,
}

/// Our end of one of the child's pipes.
#[derive(Debug)]
pub(crate) struct OurEnd {
    pub(crate) fd: OwnedFd,
    pub(crate) lane: Lane,
    /// Nobody chose its size, and much may come out of it.
    pub(crate) grows: bool,
    /// It is one direction of a socket whose other one is an end of its own.
    pub(crate) half: Option<Half>,
}

/// Our ends of one child's pipes: of 0, 1 and 2, and two for each descriptor beyond them, of which the second is there for
/// sockets only.
#[derive(Debug, Default)]
pub(crate) struct OurEnds {
    pub(crate) standard: [Option<OurEnd>; 3],
    pub(crate) extra: Vec<Option<OurEnd>>,
}

/// What one spawn sends and what stays here.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) slots: [Stdio; 3],
    pub(crate) extra_slots: Vec<Stdio>,
    pub(crate) sent: Vec<OwnedFd>,
    pub(crate) ours: OurEnds,
    /// The slave of its terminal, until it has exited.
    pub(crate) held: Option<OwnedFd>,
    pub(crate) status: OwnedFd,
    pub(crate) status_write: OwnedFd,
}

/// Makes all of it or nothing. After a failure the same launch can be tried again: only success uses descriptors up.
pub(crate) fn prepare(launch: &mut Launch, environment: u32, links: &mut Links) -> Result<Prepared, Failure> {
    // First of all, and for all slots. What can't be had now stays a link, to be fetched by another attempt or given up.
    for (number, source) in launch.stdio.iter_mut().enumerate() {
        if let Source::Link(link) = *source {
            let side =
                side_of(link, number, environment, links).map_err(|errno| Failure::new("pipe", errno))?;
            *source = Source::Descriptor(Ok(side));
        }
    }
    let mut opened_extra = Vec::with_capacity(launch.extra.len());
    for extra in &launch.extra {
        opened_extra.push(open(&extra.source, extra.input, false, launch)?);
    }
    let mut prepared = match launch.stdio {
        [Source::Terminal(terminal), ..] => terminal.prepare(output_lane(launch))?,
        _ => prepare_standard(launch)?,
    };
    for (extra, opened) in launch.extra.iter_mut().zip(opened_extra) {
        prepared.extra_slots.push(opened.slot);
        prepared.ours.extra.extend([opened.ours, opened.back]);
        prepared.sent.extend(sent(opened.sent, &mut extra.source));
    }
    Ok(prepared)
}

/// Of 0, 1 and 2, each with a source of its own.
fn prepare_standard(launch: &mut Launch) -> Result<Prepared, Failure> {
    let mut opened = Vec::with_capacity(3);
    for (number, source) in launch.stdio.iter().enumerate() {
        opened.push(open(source, number == 0, number == 1, launch)?);
    }
    let (status, status_write) = status_pipe()?;

    let mut prepared = Prepared {
        slots: [Stdio::Null; 3],
        extra_slots: Vec::new(),
        sent: Vec::with_capacity(3 + launch.extra.len()),
        ours: OurEnds::default(),
        held: None,
        status,
        status_write,
    };
    let places = prepared.slots.iter_mut().zip(&mut prepared.ours.standard);
    for ((source, opened), (slot, ours)) in launch.stdio.iter_mut().zip(opened).zip(places) {
        *slot = opened.slot;
        *ours = opened.ours;
        prepared.sent.extend(sent(opened.sent, source));
    }
    Ok(prepared)
}

/// What is sent for a slot: what was made for it, or the descriptor that its source held.
fn sent(made: Option<OwnedFd>, source: &mut Source) -> Option<OwnedFd> {
    match (made, std::mem::replace(source, Source::Null)) {
        (Some(fd), _) | (None, Source::Descriptor(Ok(fd))) => Some(fd),
        (None, _) => None,
    }
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
    /// The writing half of a socket.
    back: Option<OurEnd>,
}

impl Opened {
    fn new(slot: Stdio, sent: Option<OwnedFd>) -> Self {
        Self { slot, sent, ours: None, back: None }
    }
}

fn open(source: &Source, input: bool, may_grow: bool, launch: &Launch) -> Result<Opened, Failure> {
    let only = |slot| Ok(Opened::new(slot, None));
    match source {
        Source::Null => only(Stdio::Null),
        Source::SameAsStdout => only(Stdio::SameAsStdout),
        Source::Descriptor(Ok(_)) => only(Stdio::Passed),
        Source::Descriptor(Err(errno)) => Err(Failure::new("descriptor", *errno)),
        Source::Link(_) | Source::Terminal(_) => Err(Failure::new("pipe", libc::EINVAL)),
        Source::File { path, append } => {
            let flags = match (input, append) {
                (true, _) => OFlags::RDONLY,
                (false, true) => OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND,
                (false, false) => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
            };
            let mode = Mode::from_raw_mode(0o666);
            match rustix::fs::open(path.as_slice(), flags | OFlags::CLOEXEC | OFlags::NOCTTY, mode) {
                Ok(fd) => Ok(Opened::new(Stdio::Passed, Some(fd))),
                Err(error) => Err(Failure {
                    detail: String::from_utf8_lossy(path).into_owned(),
                    ..Failure::new("open", error.raw_os_error())
                }),
            }
        }
        Source::Pipe => our_pipe(
            input,
            may_grow,
            launch.pipe_size,
            if input { Lane::Demand } else { output_lane(launch) },
        ),
        Source::Tail(keep) => our_pipe(input, may_grow, launch.pipe_size, Lane::Tail(*keep)),
        Source::Duplex => our_socket(),
    }
}

/// A pipe with one end for the child. Only our end is non-blocking: the two ends are separate open file descriptions.
fn our_pipe(input: bool, may_grow: bool, size: usize, lane: Lane) -> Result<Opened, Failure> {
    let failed = |errno| Failure::new("pipe", errno);
    let (read, write) = sys::pipe().map_err(failed)?;
    let (theirs, ours) = if input { (read, write) } else { (write, read) };
    sys::make_non_blocking(ours.as_fd()).map_err(failed)?;
    if size > 0 {
        // The kernel may refuse (quota, ceiling): the default size is no error.
        sys::set_pipe_size(ours.as_fd(), size);
    }
    // Read on demand, a larger pipe saves nothing that could be measured.
    let grows = may_grow && size == 0 && matches!(lane, Lane::Ahead(_));
    let ours = Some(OurEnd { fd: ours, lane, grows, half: None });
    Ok(Opened { ours, ..Opened::new(Stdio::Passed, Some(theirs)) })
}

/// A socket with one end for the child. Ours becomes two ends, one for each direction, so that each can be closed by itself.
fn our_socket() -> Result<Opened, Failure> {
    let failed = |errno| Failure::new("pipe", errno);
    let (ours, theirs) = sys::stream_pair().map_err(failed)?;
    sys::make_non_blocking(ours.as_fd()).map_err(failed)?;
    let second = sys::duplicate_own(&ours).map_err(failed)?;
    let end = |fd, half| Some(OurEnd { fd, lane: Lane::Demand, grows: false, half: Some(half) });
    let (ours, back) = (end(ours, Half::Reading), end(second, Half::Writing));
    Ok(Opened { ours, back, ..Opened::new(Stdio::Passed, Some(theirs)) })
}

/// A spawn that is given up leaves word for its neighbours, which see an end then, and takes along what they have left for it.
/// Needs no descriptor.
pub(crate) fn abandon_links(launch: &Launch, environment: u32, links: &mut Links) {
    for source in &launch.stdio {
        if let Source::Link(link) = *source
            && links.remove(&(environment, link)).is_none()
        {
            links.insert((environment, link), LinkSide::Gone);
        }
    }
}

/// The wanted side of a link; the first to ask makes the pipe and leaves the other side for its neighbour.
fn side_of(link: u32, number: usize, environment: u32, links: &mut Links) -> Result<OwnedFd, i32> {
    let key = (environment, link);
    match (links.remove(&key), number) {
        (Some(LinkSide::Read(fd)), 0) | (Some(LinkSide::Write(fd)), 1..) => Ok(fd),
        (Some(LinkSide::Read(_) | LinkSide::Write(_)), _) => Err(libc::EINVAL),
        (gone, _) => {
            let made = sys::pipe();
            if gone.is_some() && made.is_err() {
                links.insert(key, LinkSide::Gone);
            }
            let (read, write) = made?;
            let (mine, other) =
                if number == 0 { (read, LinkSide::Write(write)) } else { (write, LinkSide::Read(read)) };
            if gone.is_none() {
                links.insert(key, other);
            }
            Ok(mine)
        }
    }
}
