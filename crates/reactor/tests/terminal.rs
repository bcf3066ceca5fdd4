//! Endpoints over the master of a terminal: its end, its hang-up, what is read ahead of it, and what ends its input.
#![allow(clippy::unwrap_used, reason = "a failing test is the point")]

mod support;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::sync::Arc;

use reactor::{Completion, Endpoint, InputEnd, Lane, Watch};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcgetwinsize, tcsetattr};
use support::Fixture;

const END: u8 = 4;

/// An endpoint of a new terminal's master, and its slave.
fn terminal(fixture: &Fixture, lane: Lane) -> (Arc<Endpoint>, File) {
    let (mut master, mut slave) = (-1, -1);
    let null = std::ptr::null_mut();
    // SAFETY: the call writes two numbers; null asks for defaults.
    let opened = unsafe { libc::openpty(&raw mut master, &raw mut slave, null, null.cast(), null.cast()) };
    assert_eq!(opened, 0);
    // SAFETY: two new descriptors that nothing else owns.
    let (master, slave) = unsafe { (OwnedFd::from_raw_fd(master), File::from_raw_fd(slave)) };
    (fixture.endpoint(master, lane), slave)
}

fn set(slave: &File, change: impl FnOnce(&mut rustix::termios::Termios)) {
    let mut modes = tcgetattr(slave).unwrap();
    change(&mut modes);
    tcsetattr(slave, OptionalActions::Now, &modes).unwrap();
}

#[test]
fn the_tail_comes_before_the_end_and_the_end_is_no_error() {
    let fixture = Fixture::new();
    let (endpoint, mut slave) = terminal(&fixture, Lane::Demand);
    slave.write_all(b"tail").unwrap();
    assert!(!endpoint.hung_up());
    endpoint.arm(Watch::HangUp).unwrap();
    drop(slave);
    assert_eq!(fixture.wait(), [Completion::Endpoint(endpoint.id())]);
    assert!(endpoint.hung_up());
    assert_eq!(endpoint.buffered().unwrap(), 4);
    let mut buffer = [0; 16];
    assert_eq!(endpoint.read(&mut buffer).unwrap(), 4);
    assert_eq!(endpoint.read(&mut buffer).unwrap(), 0);
    assert_eq!(endpoint.read(&mut buffer).unwrap(), 0);
}

#[test]
fn a_parked_read_is_woken_by_the_end() {
    let fixture = Fixture::new();
    let (endpoint, slave) = terminal(&fixture, Lane::Demand);
    assert_eq!(endpoint.read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    endpoint.arm(Watch::Readable).unwrap();
    drop(slave);
    assert_eq!(fixture.wait(), [Completion::Endpoint(endpoint.id())]);
    assert_eq!(endpoint.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn what_is_read_ahead_ends_too() {
    let fixture = Fixture::new();
    let (endpoint, mut slave) = terminal(&fixture, Lane::Ahead(64 * 1024));
    slave.write_all(b"tail").unwrap();
    drop(slave);
    let mut seen = Vec::new();
    loop {
        match endpoint.take_block(100).unwrap() {
            None => {
                endpoint.arm(Watch::Readable).unwrap();
                fixture.wait();
            }
            Some(bytes) if bytes.is_empty() => break,
            Some(bytes) => seen.extend(bytes),
        }
    }
    assert_eq!(seen, b"tail");
}

#[test]
fn its_size_is_changed_through_the_master_until_that_is_closed() {
    let fixture = Fixture::new();
    let (endpoint, slave) = terminal(&fixture, Lane::Demand);
    endpoint.resize(100, 30).unwrap();
    let size = tcgetwinsize(&slave).unwrap();
    assert_eq!((size.ws_col, size.ws_row), (100, 30));
    endpoint.close();
    assert_eq!(endpoint.resize(1, 1).unwrap_err().raw_os_error(), Some(libc::EBADF));
    let (pipe, _writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&pipe, true).unwrap();
    let endpoint = Endpoint::new(&fixture.reactor, &fixture.environment, pipe.into(), Lane::Demand).unwrap();
    assert_eq!(endpoint.resize(1, 1).unwrap_err().raw_os_error(), Some(libc::ENOTTY));
    assert_eq!(endpoint.input_end(None, false).unwrap_err().raw_os_error(), Some(libc::ENOTTY));
}

#[test]
fn one_end_after_a_line_and_two_within_one() {
    let fixture = Fixture::new();
    let (endpoint, slave) = terminal(&fixture, Lane::Demand);
    let times = |last: Option<u8>| endpoint.input_end(last, false).unwrap().unwrap();
    // Nothing, a line's end, the return key, the end, the keys that drop the line and those that are signals.
    for last in [None, Some(b'\n'), Some(b'\r'), Some(END), Some(0x15), Some(3), Some(0x1a), Some(0x1c)] {
        assert_eq!(times(last), InputEnd { character: END, times: 1 }, "{last:?}");
    }
    for last in [Some(b'a'), Some(0), Some(0xff)] {
        assert_eq!(times(last), InputEnd { character: END, times: 2 }, "{last:?}");
    }
    set(&slave, |modes| modes.local_modes -= LocalModes::ISIG);
    assert_eq!(times(Some(3)).times, 2);
}

#[test]
fn without_lines_there_is_one_unless_raw_bytes_were_asked_for() {
    let fixture = Fixture::new();
    let (endpoint, slave) = terminal(&fixture, Lane::Demand);
    set(&slave, |modes| modes.local_modes -= LocalModes::ICANON);
    assert_eq!(endpoint.input_end(Some(b'a'), false).unwrap(), Some(InputEnd { character: END, times: 1 }));
    assert_eq!(endpoint.input_end(Some(b'a'), true).unwrap(), None);
    set(&slave, |modes| modes.local_modes |= LocalModes::ICANON);
    assert_eq!(endpoint.input_end(Some(b'a'), true).unwrap(), Some(InputEnd { character: END, times: 2 }));
    set(&slave, |modes| modes.special_codes[SpecialCodeIndex::VEOF] = 0x18);
    assert_eq!(endpoint.input_end(None, false).unwrap(), Some(InputEnd { character: 0x18, times: 1 }));
    set(&slave, |modes| modes.special_codes[SpecialCodeIndex::VEOF] = 0);
    assert_eq!(endpoint.input_end(None, false).unwrap(), None);
}

#[test]
fn two_ends_hand_out_half_a_line_and_then_the_end() {
    let fixture = Fixture::new();
    let (endpoint, mut slave) = terminal(&fixture, Lane::Demand);
    endpoint.write(b"half").unwrap();
    let end = endpoint.input_end(Some(b'f'), false).unwrap().unwrap();
    endpoint.write(&vec![end.character; usize::from(end.times)]).unwrap();
    let mut buffer = [0; 16];
    assert_eq!(slave.read(&mut buffer).unwrap(), 4);
    assert_eq!(slave.read(&mut buffer).unwrap(), 0);
}
