//! Takes system calls away from this process and all it will start, as an older kernel or a container's filter does.

use crate::start::Failure;

/// What a call that was taken away fails with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// As if the kernel didn't know it.
    Unknown,
    /// As if it were forbidden.
    Forbidden,
}

/// Takes away the calls of these names. With `:flags` behind it, a call is refused with EINVAL if it has any flag: the kernel
/// knows the call and none of its flags.
#[cfg(target_os = "linux")]
pub use linux::take_away;

/// There is no such thing here.
#[cfg(not(target_os = "linux"))]
pub fn take_away(_names: &[&str], _refusal: Refusal) -> Result<(), Failure> {
    Err(Failure::new("only Linux can take system calls away"))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::mem::offset_of;

    use super::{Failure, Refusal};

    /// A call, and which of its arguments is its flags.
    type Call = (&'static str, libc::c_long, Option<u8>);

    /// Calls that came after Linux 5.0, in the order they came.
    const NEWER: [Call; 19] = [
        ("pidfd_send_signal", libc::SYS_pidfd_send_signal, Some(3)),
        ("io_uring_setup", libc::SYS_io_uring_setup, None),
        ("open_tree", libc::SYS_open_tree, None),
        ("move_mount", libc::SYS_move_mount, None),
        ("fsopen", libc::SYS_fsopen, None),
        ("pidfd_open", libc::SYS_pidfd_open, Some(1)),
        ("clone3", libc::SYS_clone3, None),
        ("openat2", libc::SYS_openat2, None),
        ("pidfd_getfd", libc::SYS_pidfd_getfd, None),
        ("faccessat2", libc::SYS_faccessat2, None),
        ("close_range", libc::SYS_close_range, Some(2)),
        ("process_madvise", libc::SYS_process_madvise, None),
        ("epoll_pwait2", libc::SYS_epoll_pwait2, None),
        ("mount_setattr", libc::SYS_mount_setattr, None),
        ("landlock_create_ruleset", libc::SYS_landlock_create_ruleset, None),
        ("memfd_secret", libc::SYS_memfd_secret, None),
        ("process_mrelease", libc::SYS_process_mrelease, None),
        ("futex_waitv", libc::SYS_futex_waitv, None),
        ("fchmodat2", libc::SYS_fchmodat2, None),
    ];

    /// As [`super`] says.
    pub fn take_away(names: &[&str], refusal: Refusal) -> Result<(), Failure> {
        let errno = if refusal == Refusal::Unknown { libc::ENOSYS } else { libc::EPERM };
        let mut program = vec![];
        for name in names {
            let (name, only_flags) = name.strip_suffix(":flags").map_or((*name, false), |name| (name, true));
            let call = NEWER.iter().find(|(known, ..)| *known == name);
            let (_, number, flags) = call.ok_or_else(|| Failure::new(&format!("no call {name} is known")))?;
            match flags.filter(|_| only_flags) {
                Some(argument) => program.extend(refuse_flags(*number, argument)),
                None if only_flags => return Err(Failure::new(&format!("{name} has no flags"))),
                None => program.extend(refuse(*number, errno)),
            }
        }
        program.push(statement(libc::BPF_RET, libc::SECCOMP_RET_ALLOW));
        install(&program)
    }

    fn statement(code: u32, value: u32) -> libc::sock_filter {
        libc::sock_filter { code: code as u16, jt: 0, jf: 0, k: value }
    }

    /// Goes on with the next statement if what was loaded is that value, and skips so many if not.
    fn unless_equal(value: u32, skip: u8) -> libc::sock_filter {
        let code = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
        libc::sock_filter { code, jt: 0, jf: skip, k: value }
    }

    fn load(offset: usize) -> libc::sock_filter {
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset as u32)
    }

    fn fail_with(errno: i32) -> libc::sock_filter {
        statement(libc::BPF_RET, libc::SECCOMP_RET_ERRNO | errno as u32)
    }

    fn refuse(number: libc::c_long, errno: i32) -> [libc::sock_filter; 3] {
        [load(offset_of!(libc::seccomp_data, nr)), unless_equal(number as u32, 1), fail_with(errno)]
    }

    /// Flags are in the lower half of their argument; the machines this runs on have that half first.
    fn refuse_flags(number: libc::c_long, argument: u8) -> [libc::sock_filter; 6] {
        let place = offset_of!(libc::seccomp_data, args) + usize::from(argument) * size_of::<u64>();
        let next = statement(libc::BPF_JMP | libc::BPF_JA, 1);
        [
            load(offset_of!(libc::seccomp_data, nr)),
            unless_equal(number as u32, 4),
            load(place),
            unless_equal(0, 1),
            next,
            fail_with(libc::EINVAL),
        ]
    }

    /// Filters are inherited, and stay over an exec. Root may install one as it is. Others have to give up that a program can
    /// gain rights, which a program started from here would notice.
    fn install(program: &[libc::sock_filter]) -> Result<(), Failure> {
        let length = u16::try_from(program.len()).map_err(|_| Failure::new("too many calls"))?;
        let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
        // SAFETY: the kernel reads one structure and the statements it points at, which outlive the call.
        let install = || unsafe {
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) == 0
        };
        // SAFETY: plain numbers.
        if install() || unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } == 0 && install() {
            Ok(())
        } else {
            Err(Failure::last("seccomp"))
        }
    }
}
