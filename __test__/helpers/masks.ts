// Kernels and containers without the newer system calls, as crates/testkit's `masked` makes them of the one that is there.

import { spawnSync } from 'node:child_process'
import { masked } from './programs.ts'

/** Under each of these names: the words for `masked`. */
export const masks: Readonly<Record<string, string>> = {
  'a kernel 5.9':
    '--without pidfd_send_signal:flags,close_range:flags,process_madvise,epoll_pwait2,futex_waitv,fchmodat2',
  'a kernel 5.0':
    '--without pidfd_open,pidfd_send_signal,pidfd_getfd,clone3,close_range,openat2,faccessat2,process_madvise,epoll_pwait2,futex_waitv,fchmodat2',
  // Without clone3 among them: the C library takes it for granted that it is there or unknown.
  'a container that forbids them':
    '--forbidden --without pidfd_open,pidfd_send_signal,pidfd_getfd,close_range,process_madvise,epoll_pwait2',
}

/** The shell's line that starts `"$0" "$@"` there. */
export function lineUnder(mask: string): string {
  return `exec '${masked}' ${masks[mask] ?? ''} -- "$0" "$@"`
}

/** Whether this host lets a process give up system calls. */
export function canMask(): boolean {
  return spawnSync(masked, ['--without', 'pidfd_open', '--', 'true']).status === 0
}
