//! Endpoints over real pipes: one-shot arming, abort against data, close against park, hang-up, the two other lanes.
#![allow(clippy::unwrap_used, reason = "a failing test is the point")]

mod support;

use std::io::{Read as _, Write as _};

use reactor::{Completion, Endpoint, Lane, Watch};
use support::{DEADLINE, Fixture};

fn would_block<T>(result: std::io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

#[test]
fn a_parked_read_is_woken_once_whatever_the_number_of_writes() {
    let fixture = Fixture::new();
    let (read, mut write) = std::io::pipe().unwrap();
    let endpoint = fixture.endpoint(read, Lane::Demand);
    let mut buffer = [0; 64];
    assert!(would_block(endpoint.read(&mut buffer)));
    endpoint.arm(Watch::Readable).unwrap();
    for _ in 0..1000 {
        write.write_all(b"x").unwrap();
    }
    assert_eq!(fixture.wait(), [Completion::Endpoint(endpoint.id())]);
    for _ in 0..1000 {
        write.write_all(b"x").unwrap();
    }
    fixture.barrier();
    assert!(fixture.wakes.try_recv().is_err(), "nobody had asked again");
    assert_eq!(endpoint.buffered().unwrap(), 2000);
}

#[test]
fn data_that_came_before_the_arming_is_reported() {
    let fixture = Fixture::new();
    let (read, mut write) = std::io::pipe().unwrap();
    let endpoint = fixture.endpoint(read, Lane::Demand);
    for round in 0..100 {
        write.write_all(b"x").unwrap();
        endpoint.arm(Watch::Readable).unwrap();
        assert_eq!(fixture.wait().len(), 1, "round {round}");
    }
}

#[test]
fn a_disarmed_endpoint_keeps_its_bytes_and_reports_nothing() {
    let fixture = Fixture::new();
    let (read, mut write) = std::io::pipe().unwrap();
    let endpoint = fixture.endpoint(read, Lane::Demand);
    endpoint.arm(Watch::Readable).unwrap();
    endpoint.disarm();
    write.write_all(b"abc").unwrap();
    fixture.barrier();
    assert_eq!(fixture.taken(), []);
    let mut buffer = [0; 8];
    assert_eq!(endpoint.read(&mut buffer).unwrap(), 3);
}

#[test]
fn a_full_pipe_wakes_its_writer_when_there_is_room_or_nobody_reads() {
    let fixture = Fixture::new();
    let (mut read, write) = std::io::pipe().unwrap();
    let endpoint = fixture.endpoint(write, Lane::Demand);
    while endpoint.write(&vec![0; 65536]).is_ok() {}
    endpoint.arm(Watch::Writable).unwrap();
    read.read_exact(&mut vec![0; 65536]).unwrap();
    assert_eq!(fixture.wait(), [Completion::Endpoint(endpoint.id())]);
    while endpoint.write(&vec![0; 65536]).is_ok() {}
    endpoint.arm(Watch::Writable).unwrap();
    drop(read);
    assert_eq!(fixture.wait(), [Completion::Endpoint(endpoint.id())]);
    assert_eq!(endpoint.write(b"x").unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    assert!(endpoint.hung_up());
}

#[test]
fn a_hang_up_is_reported_without_reading_and_data_alone_is_not() {
    let fixture = Fixture::new();
    let (read, mut write) = std::io::pipe().unwrap();
    let endpoint = fixture.endpoint(read, Lane::Demand);
    endpoint.arm(Watch::HangUp).unwrap();
    write.write_all(b"tail").unwrap();
    fixture.barrier();
    assert_eq!(fixture.taken(), []);
    assert!(!endpoint.hung_up());
    drop(write);
    assert_eq!(fixture.wait(), [Completion::Endpoint(endpoint.id())]);
    assert!(endpoint.hung_up());
    assert_eq!(endpoint.buffered().unwrap(), 4);
}

#[test]
fn closing_ends_every_later_call_and_frees_the_other_side() {
    let fixture = Fixture::new();
    let (mut read, write) = std::io::pipe().unwrap();
    let endpoint = fixture.endpoint(write, Lane::Demand);
    endpoint.arm(Watch::HangUp).unwrap();
    endpoint.close();
    endpoint.close();
    assert_eq!(read.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(endpoint.write(b"x").unwrap_err().raw_os_error(), Some(libc::EBADF));
    assert_eq!(endpoint.arm(Watch::Writable).unwrap_err().raw_os_error(), Some(libc::EBADF));
    fixture.barrier();
    assert_eq!(fixture.taken(), []);
}

#[test]
fn read_ahead_stops_at_its_bound_and_goes_on_when_blocks_are_taken() {
    const LIMIT: usize = 256 * 1024;
    const TOTAL: usize = 4 * 1024 * 1024;
    let fixture = Fixture::new();
    let (read, mut write) = std::io::pipe().unwrap();
    let endpoint = fixture.endpoint(read, Lane::Ahead(LIMIT));
    let writer = std::thread::Builder::new()
        .spawn(move || {
            let bytes: Vec<u8> =
                (0..TOTAL).map(|place| place.to_le_bytes()[0] ^ place.to_le_bytes()[1]).collect();
            write.write_all(&bytes).unwrap();
        })
        .unwrap();
    let mut seen = Vec::new();
    loop {
        match endpoint.take_block(100_000).unwrap() {
            None => {
                endpoint.arm(Watch::Readable).unwrap();
                fixture.wait();
            }
            Some(bytes) if bytes.is_empty() => break,
            Some(bytes) => seen.extend(bytes),
        }
    }
    writer.join().unwrap();
    assert_eq!(seen.len(), TOTAL);
    assert!(
        seen.iter().enumerate().all(|(place, byte)| *byte == place.to_le_bytes()[0] ^ place.to_le_bytes()[1])
    );
}

#[test]
fn a_tail_is_drained_unasked_and_keeps_the_last_bytes() {
    let fixture = Fixture::new();
    let (read, mut write) = std::io::pipe().unwrap();
    let endpoint = fixture.endpoint(read, Lane::Tail(10));
    for _ in 0..100 {
        write.write_all(&vec![b'.'; 65536]).unwrap();
    }
    write.write_all(b"0123456789").unwrap();
    assert_eq!(endpoint.tail(), b"0123456789");
    endpoint.arm(Watch::HangUp).unwrap();
    drop(write);
    assert_eq!(fixture.wait(), [Completion::Endpoint(endpoint.id())]);
}

#[test]
fn a_panic_on_the_thread_poisons_every_environment_and_refuses_what_comes_later() {
    let fixture = Fixture::new();
    let (read, _write) = std::io::pipe().unwrap();
    let endpoint = fixture.endpoint(read, Lane::Demand);
    endpoint.arm(Watch::Readable).unwrap();
    fixture.reactor.post(|_| panic!("as a test asks for"));
    fixture.wakes.recv_timeout(DEADLINE).unwrap();
    assert!(fixture.environment.drain(10, |_| ()).is_err());
    assert!(fixture.reactor.is_poisoned());
    assert!(!fixture.reactor.post(|_| ()));
    endpoint.disarm();
    assert_eq!(endpoint.arm(Watch::Readable).unwrap_err().raw_os_error(), Some(libc::EIO));
}

#[test]
fn retiring_an_environment_closes_its_endpoints_and_no_other() {
    let fixture = Fixture::new();
    let other = fixture.reactor.environment(Box::new(|| ()));
    let (mut ours, write) = std::io::pipe().unwrap();
    let _endpoint = fixture.endpoint(write, Lane::Demand);
    let (read, mut theirs) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&read, true).unwrap();
    let kept = Endpoint::new(&fixture.reactor, &other, read.into(), Lane::Demand).unwrap();
    fixture.reactor.retire(&fixture.environment);
    assert_eq!(ours.read(&mut [0; 1]).unwrap(), 0);
    theirs.write_all(b"x").unwrap();
    assert_eq!(kept.read(&mut [0; 8]).unwrap(), 1);
}
