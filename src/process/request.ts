// Settings to the plain data the native side takes. Checks nothing: everything was checked when the settings were made.
import { isAbsolute } from 'node:path'
import type { NativeExtra, NativeExtras, NativeSpawnRequest, NativeStdio } from '../native/index.ts'
import { joinVariables } from './environment-variables.ts'
import { checkGiven, surrender, type End, type Given } from './hand-over.ts'
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
  const cwd = absolute(settings.cwd)
  checkGiven(givenTo(settings))
  return requestIn(cwd, settings)
}

/** Of all members of a pipe, or of none: as long as one of them may be refused, nothing that was given to any is taken. */
export function spawnRequests(settings: readonly Settings[]): NativeSpawnRequest[] {
  const folders = settings.map(one => absolute(one.cwd))
  checkGiven(settings.flatMap(givenTo))
  return settings.map((one, index) => requestIn(folders[index] as string, one))
}

function requestIn(cwd: string, settings: Settings): NativeSpawnRequest {
  const { containment, killTimeout } = settings
  const { env, unset, inheritEnv } = joinVariables(settings.env, settings.extendEnv)
  return {
    file: settings.program,
    argv: settings.argv,
    env,
    unset,
    inheritEnv,
    cwd,
    stdin: nativeStdio(settings.stdin),
    stdout: nativeStdio(settings.stdout),
    stderr: nativeStdio(settings.stderr),
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

function nativeExtra({ stream, input }: ExtraStream): NativeExtra {
  return { stdio: stream.kind === 'duplex' ? stream : nativeStdio(stream), input }
}

/** Joined, not normalised: `..` after a symbolic link is for the kernel to resolve. */
function absolute(cwd: string): string {
  if (isAbsolute(cwd)) return cwd
  const base = process.cwd()
  return cwd === '' ? base : `${base}/${cwd}`
}

/** The readers and writers of ours among its streams. Most children have none. */
function givenTo({ stdin, stdout, stderr, extraFds }: Settings): readonly Given[] {
  const given: Given[] = []
  if (isGiven(stdin)) given.push({ ...stdin, option: 'stdin' })
  if (isGiven(stdout)) given.push({ ...stdout, option: 'stdout' })
  if (isGiven(stderr)) given.push({ ...stderr, option: 'stderr' })
  for (let index = 0; index < extraFds.length; index++) {
    const { stream } = extraFds[index] as ExtraStream
    if (isGiven(stream)) given.push({ ...stream, option: `extraFds[${index}]` })
  }
  return given
}

function isGiven(stream: ExtraStream['stream']): stream is End {
  return stream.kind === 'reader' || stream.kind === 'writer'
}

function nativeStdio(stream: Stream): NativeStdio {
  if (isGiven(stream)) {
    const endpoint = surrender(stream)
    return endpoint ? { kind: 'endpoint', endpoint } : { kind: 'ignore' }
  }
  // The rest is spelled alike on both sides.
  return stream
}
