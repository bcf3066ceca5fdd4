//! Plays Node for one shepherd: starts the built binary as Node does, sends spawns and commands, reads status records.
//! Waits only on descriptors, with a deadline; `finish` lets go of the shepherd and counts what is left.
#![allow(dead_code, reason = "each test file uses its own part of the driver")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    clippy::undocumented_unsafe_blocks,
    reason = "a driver that can't go on fails its test"
)]

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{PipeReader, PipeWriter, Read, pipe};
use std::mem::zeroed;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use protocol::{
    Answer, Containment, Control, Frame, MAX_INLINE, STATUS_SIZE, SpawnRequest, Status, Stdio, Strings,
};

pub const PATIENCE_MS: i32 = 10_000;

/// One Node process's hold on its shepherd.
pub struct Node {
    pub spawn: Option<OwnedFd>,
    pub control: Option<OwnedFd>,
    pub shepherd: libc::pid_t,
    exit: OwnedFd,
    marker: String,
    next: u64,
}

/// A child as Node sees it.
pub struct Spawned {
    pub id: u64,
    pub status: PipeReader,
}

fn check(result: i32) -> i32 {
    assert!(result >= 0, "{}", std::io::Error::last_os_error());
    result
}

fn pair() -> (OwnedFd, OwnedFd) {
    let mut fds = [0; 2];
    unsafe {
        check(libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC,
            0,
            fds.as_mut_ptr(),
        ));
        for fd in fds {
            let on = 1_i32;
            check(libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_PASSCRED, (&raw const on).cast(), 4));
        }
        (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1]))
    }
}

pub fn pidfd(pid: libc::pid_t) -> OwnedFd {
    unsafe { OwnedFd::from_raw_fd(check(libc::syscall(libc::SYS_pidfd_open, pid, 0) as i32)) }
}

/// Waits until the descriptor is readable (or hung up).
pub fn wait_for(fd: &impl AsFd) {
    let mut entry = libc::pollfd { fd: fd.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
    assert_eq!(unsafe { libc::poll(&raw mut entry, 1, PATIENCE_MS) }, 1, "nothing came in time");
}

/// Waits until a process is dead.
pub fn wait_for_death(process: &OwnedFd) {
    wait_for(process);
}

/// Whether a process is dead by now, reaped or not.
pub fn is_dead(process: &OwnedFd) -> bool {
    let mut entry = libc::pollfd { fd: process.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    unsafe { libc::poll(&raw mut entry, 1, 0) == 1 }
}

/// Reads one line, byte by byte, so that nothing after it is taken.
pub fn line(from: &mut PipeReader) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    loop {
        wait_for(from);
        if from.read(&mut byte).unwrap() == 0 || byte[0] == b'\n' {
            return String::from_utf8(text).unwrap();
        }
        text.push(byte[0]);
    }
}

/// Reads to the end of file.
pub fn rest(from: &mut PipeReader) -> String {
    let mut text = Vec::new();
    let mut block = vec![0; 65_536];
    loop {
        wait_for(from);
        match from.read(&mut block).unwrap() {
            0 => return String::from_utf8(text).unwrap(),
            count => text.extend_from_slice(&block[..count]),
        }
    }
}

impl Node {
    pub fn resident() -> Self {
        Self::start("resident")
    }

    /// A resident shepherd inside another program, which is given its path and arguments behind its own.
    pub fn inside(wrapper: &[&str]) -> Self {
        Self::begin("resident", None, wrapper)
    }

    /// A resident shepherd that leads a session whose controlling terminal this is.
    pub fn on_terminal(path: &str) -> Self {
        Self::begin("resident", Some(&CString::new(path).unwrap()), &[])
    }

    pub fn start(mode: &str) -> Self {
        Self::begin(mode, None, &[])
    }

    fn begin(mode: &str, terminal: Option<&CString>, wrapper: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let marker = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (spawn, theirs) = pair();
        let (control, control_theirs) = pair();
        let own = pidfd(std::process::id().cast_signed());
        // Above the numbers they go to, so that no move overwrites the source of a later one.
        let high = [&theirs, &control_theirs, &own]
            .map(|fd| check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 50) }));
        let program = env!("CARGO_BIN_EXE_sluicegate-shepherd");
        let version = protocol::VERSION.to_string();
        let name = if wrapper.is_empty() { "sluicegate-shepherd" } else { program };
        let words = wrapper.iter().copied().chain([name, mode, &version]);
        let words: Vec<_> = words.map(|word| CString::new(word).unwrap()).collect();
        let path = CString::new(wrapper.first().copied().unwrap_or(program)).unwrap();
        let argv: Vec<_> = words.iter().map(|word| word.as_ptr()).chain([ptr::null()]).collect();
        let env: [*const libc::c_char; 1] = [ptr::null()];
        let mut shepherd = 0;
        unsafe {
            let mut actions: libc::posix_spawn_file_actions_t = zeroed();
            let mut attributes: libc::posix_spawnattr_t = zeroed();
            let mut all: libc::sigset_t = zeroed();
            libc::sigfillset(&raw mut all);
            libc::posix_spawn_file_actions_init(&raw mut actions);
            libc::posix_spawnattr_init(&raw mut attributes);
            for (to, fd) in (3..).zip(high) {
                libc::posix_spawn_file_actions_adddup2(&raw mut actions, fd, to);
            }
            libc::posix_spawnattr_setsigmask(&raw mut attributes, &raw const all);
            let own = if terminal.is_some() {
                i32::from(libc::POSIX_SPAWN_SETSID)
            } else {
                libc::POSIX_SPAWN_SETPGROUP
            };
            if let Some(terminal) = terminal {
                // Opened by a session leader without a terminal, it becomes the controlling one.
                libc::posix_spawn_file_actions_addopen(
                    &raw mut actions,
                    0,
                    terminal.as_ptr(),
                    libc::O_RDWR,
                    0,
                );
            }
            let flags = own | libc::POSIX_SPAWN_SETSIGMASK;
            libc::posix_spawnattr_setflags(&raw mut attributes, flags as libc::c_short);
            let result = libc::posix_spawn(
                &raw mut shepherd,
                path.as_ptr(),
                &raw const actions,
                &raw const attributes,
                argv.as_ptr().cast(),
                env.as_ptr().cast(),
            );
            assert_eq!(result, 0);
            for fd in high {
                libc::close(fd);
            }
        }
        let exit = pidfd(shepherd);
        Self { spawn: Some(spawn), control: Some(control), shepherd, exit, marker, next: 1 }
    }

    /// A request with everything at its plainest.
    pub fn request(&mut self, containment: Containment, argv: &[&str]) -> SpawnRequest {
        let child = self.next;
        self.next += 1;
        SpawnRequest {
            child,
            environment: 1,
            containment,
            kill_on_exit: true,
            kill_signal: 15,
            kill_timeout_ms: 200,
            umask: 0o22,
            setsid: false,
            foreground: false,
            stdio: [Stdio::Null; 3],
            cwd: b"/".to_vec(),
            file: argv[0].as_bytes().to_vec(),
            argv: Strings::from_iter(argv),
            env: self.env("/usr/local/bin:/usr/bin:/bin"),
            extras: None,
        }
    }

    /// An environment with the marker of the census.
    pub fn env(&self, path: &str) -> Strings {
        Strings::from_iter([format!("SLUICE_TEST={}", self.marker), format!("PATH={path}")])
    }

    /// Sends a request with its descriptors and waits for the answer.
    pub fn send(&mut self, request: &SpawnRequest, ends: &[RawFd]) -> Spawned {
        let (status, theirs) = pipe().unwrap();
        let spawned = Spawned { id: request.child, status };
        self.send_message(request, ends, &theirs);
        drop(theirs);
        assert_eq!(self.answer(), request.child);
        spawned
    }

    pub fn send_message(&mut self, request: &SpawnRequest, ends: &[RawFd], status: &PipeWriter) {
        let bytes = request.encode();
        let mut fds = ends.to_vec();
        fds.push(status.as_raw_fd());
        if bytes.len() <= MAX_INLINE {
            self.send_frame(&Frame::Spawn(bytes).encode(), &fds);
            return;
        }
        let memfd = unsafe {
            OwnedFd::from_raw_fd(check(libc::memfd_create(c"request".as_ptr(), libc::MFD_CLOEXEC)))
        };
        let length = u32::try_from(bytes.len()).unwrap();
        std::io::Write::write_all(&mut File::from(memfd.try_clone().unwrap()), &bytes).unwrap();
        fds.push(memfd.as_raw_fd());
        self.send_frame(&Frame::SpawnInMemfd { child: request.child, length }.encode(), &fds);
    }

    /// Sends a frame that asks for an answer.
    pub fn send_frame(&self, bytes: &[u8], fds: &[RawFd]) {
        let mut bytes = bytes.to_vec();
        Frame::ask_for_answer(&mut bytes);
        let mut control = [0_u64; 32];
        let mut slice = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        unsafe {
            let mut header: libc::msghdr = zeroed();
            header.msg_iov = &raw mut slice;
            header.msg_iovlen = 1;
            if !fds.is_empty() {
                let payload = size_of_val(fds) as u32;
                header.msg_control = control.as_mut_ptr().cast();
                header.msg_controllen = libc::CMSG_SPACE(payload) as _;
                let entry = libc::CMSG_FIRSTHDR(&raw const header);
                (*entry).cmsg_level = libc::SOL_SOCKET;
                (*entry).cmsg_type = libc::SCM_RIGHTS;
                (*entry).cmsg_len = libc::CMSG_LEN(payload) as _;
                ptr::copy_nonoverlapping(fds.as_ptr(), libc::CMSG_DATA(entry).cast(), fds.len());
            }
            let socket = self.spawn.as_ref().unwrap().as_raw_fd();
            check(libc::sendmsg(socket, &raw const header, libc::MSG_NOSIGNAL) as i32);
        }
    }

    /// Sends a frame from another process, which holds the same socket.
    pub fn send_from_stranger(&self, bytes: &[u8], fds: &[RawFd]) {
        match check(unsafe { libc::fork() }) {
            0 => {
                self.send_frame(bytes, fds);
                unsafe { libc::_exit(0) }
            }
            pid => assert_eq!(unsafe { libc::waitpid(pid, ptr::null_mut(), 0) }, pid),
        }
    }

    /// The next answer's child.
    pub fn answer(&self) -> u64 {
        let socket = self.spawn.as_ref().unwrap();
        wait_for(socket);
        let mut bytes = [0; 64];
        let got = unsafe { libc::recv(socket.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        Answer::decode(&bytes[..usize::try_from(got).unwrap()]).unwrap().child
    }

    pub fn command(&self, command: Control) {
        let bytes = command.encode();
        let socket = self.control.as_ref().unwrap().as_raw_fd();
        let sent = unsafe { libc::send(socket, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
        check(sent as i32);
    }

    /// Starts `sh -c script` with standard output on a pipe.
    pub fn shell(&mut self, containment: Containment, script: &str) -> (Spawned, PipeReader) {
        let mut request = self.request(containment, &["sh", "-c", script]);
        request.stdio = [Stdio::Null, Stdio::Passed, Stdio::Null];
        let (reader, writer) = pipe().unwrap();
        (self.send(&request, &[writer.as_raw_fd()]), reader)
    }

    /// Closes the sockets, as Node's death does, and waits until the shepherd is gone. Nothing of this test may be left.
    pub fn finish(mut self) {
        self.hang_up();
        self.wait_for_shepherd();
        assert_eq!(self.census(), Vec::<String>::new(), "left over");
    }

    /// The same for a shepherd that has been waited for.
    pub fn finish_after_shepherd(self) {
        assert_eq!(self.census(), Vec::<String>::new(), "left over");
    }

    pub fn hang_up(&mut self) {
        self.spawn = None;
        self.control = None;
    }

    pub fn wait_for_shepherd(&self) {
        wait_for(&self.exit);
        let mut status = 0;
        assert_eq!(unsafe { libc::waitpid(self.shepherd, &raw mut status, 0) }, self.shepherd);
    }

    pub fn kill_shepherd(&self) {
        check(unsafe { libc::kill(self.shepherd, libc::SIGKILL) });
    }

    /// Every living process with this test's mark in its environment.
    pub fn census(&self) -> Vec<String> {
        let mark = format!("SLUICE_TEST={}\0", self.marker).into_bytes();
        let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let pids = entries.filter_map(|entry| entry.file_name().into_string().ok()?.parse::<u32>().ok());
        pids.filter(|pid| {
            let env = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            env.windows(mark.len()).any(|window| window == mark)
        })
        .map(|pid| format!("{pid} {}", fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default()))
        .collect()
    }

    /// Waits until nothing that carries the mark is left, with the shepherd still there.
    pub fn comes_to_rest(&self) {
        let until = Instant::now() + Duration::from_millis(PATIENCE_MS as u64);
        while !self.census().is_empty() {
            assert!(Instant::now() < until, "left over: {:?}", self.census());
            sleep(Duration::from_millis(20));
        }
    }

    /// The keeper of a target.
    pub fn parent_of(pid: i32) -> i32 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Spawned {
    /// The next record; `None` at the end of file.
    pub fn next(&mut self) -> Option<Status> {
        wait_for(&self.status);
        let mut bytes = [0; STATUS_SIZE];
        match self.status.read(&mut bytes).unwrap() {
            0 => None,
            count => Some(Status::decode(&bytes[..count]).unwrap()),
        }
    }

    pub fn started(&mut self) -> i32 {
        match self.next() {
            Some(Status::Started { pid, .. }) => pid,
            other => panic!("expected Started, got {other:?}"),
        }
    }

    pub fn failed(&mut self) -> (protocol::Stage, i32) {
        match self.next() {
            Some(Status::Failed { stage, errno }) => (stage, errno),
            other => panic!("expected Failed, got {other:?}"),
        }
    }

    /// Exit code and signal.
    pub fn exited(&mut self) -> (i32, i32) {
        match self.next() {
            Some(Status::Exited { code, signal, .. }) => (code, signal),
            other => panic!("expected Exited, got {other:?}"),
        }
    }

    pub fn empty(&mut self) {
        assert_eq!(self.next(), Some(Status::Empty { survivors: 0 }));
    }

    /// Releases it and waits for the end of the status pipe.
    pub fn release(mut self, node: &Node) {
        node.command(Control::Release { child: self.id });
        assert_eq!(self.next(), None);
    }
}
