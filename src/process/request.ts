// Settings to the plain data the native side takes. Checks nothing: everything was checked when the settings were made.
import { isAbsolute } from 'node:path'
import type { NativeExtra, NativeExtras, NativeSpawnRequest, NativeStdio } from '../native/index.ts'
import { joinVariables } from './environment-variables.ts'
import { surrenderReader, surrenderWriter } from './hand-over.ts'
import type { Settings } from './options.ts'
import type { ExtraStream } from './options/extra-fds.ts'
import { RESOURCES } from './options/privileges.ts'
import type { Stream } from './options/stdio.ts'

/** A control group is one more hold on a tree. */
const CONTAINMENTS = { none: 0, group: 1, tree: 2, cgroup: 2 } as const
const NONE = Number.NaN
const NO_PRIVILEGES = { uid: NONE, gid: NONE, nice: NONE, limits: RESOURCES.map(() => NONE) }

/** Throws ERR_READER_BUSY when a given reader or writer is in use, and what process.cwd() throws when the directory is gone. */
export function spawnRequest(settings: Settings): NativeSpawnRequest {
  const { containment, killTimeout } = settings
  const { env, unset, inheritEnv } = joinVariables(settings.env, settings.extendEnv)
  return {
    file: settings.program,
    argv: settings.argv,
    env,
    unset,
    inheritEnv,
    cwd: absolute(settings.cwd),
    stdin: nativeStdio(settings.stdin, 'stdin'),
    stdout: nativeStdio(settings.stdout, 'stdout'),
    stderr: nativeStdio(settings.stderr, 'stderr'),
    containment: CONTAINMENTS[containment],
    detached: settings.detached,
    leftovers: settings.leftovers === 'kill' ? 1 : 0,
    killSignal: settings.killSignal,
    killTimeoutMs: killTimeout === Infinity ? -1 : killTimeout,
    pipeSize: settings.pipeSize,
    readAhead: settings.readAhead,
    // A session of its own can't have the terminal of ours.
    foreground: settings.foreground && !settings.detached,
    umask: settings.umask,
    extras: nativeExtras(settings),
  }
}

function nativeExtras({ privileges, cgroup, extraFds }: Settings): NativeExtras | undefined {
  if (privileges === undefined && cgroup === undefined && extraFds.length === 0) return undefined
  return { ...NO_PRIVILEGES, ...privileges, cgroup, descriptors: extraFds.map(nativeExtra) }
}

function nativeExtra({ stream, input }: ExtraStream, index: number): NativeExtra {
  return { stdio: stream.kind === 'duplex' ? stream : nativeStdio(stream, `extraFds[${index}]`), input }
}

/** Joined, not normalised: `..` after a symbolic link is for the kernel to resolve. */
function absolute(cwd: string): string {
  if (isAbsolute(cwd)) return cwd
  const base = process.cwd()
  return cwd === '' ? base : `${base}/${cwd}`
}

function nativeStdio(stream: Stream, option: string): NativeStdio {
  if (stream.kind === 'reader') return { kind: 'endpoint', endpoint: surrenderReader(stream.end, option) }
  if (stream.kind === 'writer') return { kind: 'endpoint', endpoint: surrenderWriter(stream.end, option) }
  // The rest is spelled alike on both sides.
  return stream
}
