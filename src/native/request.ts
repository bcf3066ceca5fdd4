// A spawn as the native side takes it, and its way there: four texts and an array of numbers. Native code would spend more on
// reading forty properties of an object than on everything else in the call.
import type { NativeEndpoint, NativeEnvironment } from './addon.ts'

export interface NativeSpawnRequest {
  /** Searched in the child's PATH unless it has a '/'. */
  readonly file: string
  /** argv0 and the arguments, each followed by '\0'. */
  readonly argv: string
  /** 'k=v\0' pairs: with `inheritEnv` what is added to, or replaced in, the process's environment, else all of it. */
  readonly env: string
  /** 'k\0' names to remove; only with `inheritEnv`. */
  readonly unset: string
  readonly inheritEnv: boolean
  /** Absolute. */
  readonly cwd: string
  readonly stdin: NativeStdio
  readonly stdout: NativeStdio
  readonly stderr: NativeStdio
  /** 0 none, 1 group, 2 tree. */
  readonly containment: 0 | 1 | 2
  readonly detached: boolean
  /** 0 leave, 1 kill. */
  readonly leftovers: 0 | 1
  readonly killSignal: number
  /** -1 is never. */
  readonly killTimeoutMs: number
  /** 0 is the default. */
  readonly pipeSize: number
  /** 0 is none. */
  readonly readAhead: number
  /** stdin is inherited from a terminal: hand over the foreground group. */
  readonly foreground: boolean
  /** NaN is ours. */
  readonly umask: number
  /** What few spawns ask for. */
  readonly extras: NativeExtras | undefined
}

/** Numbers that are NaN were not given. */
export interface NativeExtras {
  readonly uid: number
  readonly gid: number
  readonly nice: number
  /** nofile, nproc, as, cpu, core, fsize; Infinity is no limit. */
  readonly limits: readonly number[]
  /** A control group of its own; the containment is 2 then. */
  readonly cgroup: NativeCgroup | undefined
  /** 3, 4 and so on. */
  readonly descriptors: readonly NativeExtra[]
}

/** Numbers that are NaN were not given; those of the processor are in microseconds. */
export interface NativeCgroup {
  /** The folder in which a leaf is made; '' is the group of this process. */
  readonly parent: string
  readonly memoryMax: number
  readonly pidsMax: number
  readonly cpuQuota: number
  readonly cpuPeriod: number
}

export interface NativeExtra {
  readonly stdio: NativeStdio | { readonly kind: 'duplex' }
  /** The child reads from it. */
  readonly input: boolean
}

export type NativeStdio =
  | { readonly kind: 'ignore' | 'pipe' | 'stdout' }
  /** Also how 'inherit' is spelled. */
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'file'; readonly path: string; readonly append: boolean }
  /** `bytes` are kept. */
  | { readonly kind: 'tail'; readonly bytes: number }
  /** An idle one of ours; it is made blocking, sent, and closed here. */
  | { readonly kind: 'endpoint'; readonly endpoint: NativeEndpoint }
  /** A new one, for all three; only as stdin. */
  | { readonly kind: 'terminal'; readonly columns: number; readonly rows: number; readonly raw: boolean }
  /** A kernel pipe shared by two children of this environment, under a number that both requests name. */
  | { readonly kind: 'link'; readonly link: number }

const KINDS = {
  ignore: 0,
  pipe: 1,
  fd: 2,
  file: 3,
  tail: 4,
  stdout: 5,
  endpoint: 6,
  link: 7,
  terminal: 8,
  duplex: 9,
} as const

/** Filled anew for each call, which reads it before it returns. */
const numbers = new Float64Array(16)

/** Queues the spawn and returns the child's id. */
export function sendRequest(native: NativeEnvironment, request: NativeSpawnRequest): number {
  const { stdin, stdout, stderr, extras } = request
  numbers[0] = request.containment
  numbers[1] = Number(request.detached)
  numbers[2] = request.leftovers
  numbers[3] = request.killSignal
  numbers[4] = request.killTimeoutMs
  numbers[5] = request.pipeSize
  numbers[6] = request.readAhead
  numbers[7] = Number(request.foreground)
  numbers[8] = Number(request.inheritEnv)
  putStdio(9, stdin)
  putStdio(11, stdout)
  putStdio(13, stderr)
  numbers[15] = request.umask
  const names = `${request.file}\0${request.cwd}\0${pathOf(stdin)}\0${pathOf(stdout)}\0${pathOf(stderr)}\0`
  return native.spawn(
    extras === undefined ? names : names + extraNames(extras),
    request.argv,
    request.env,
    request.unset,
    numbers,
    endpointOf(stdin),
    endpointOf(stdout),
    endpointOf(stderr),
    extras && extraNumbers(extras),
    extras?.descriptors.map(extra => endpointOf(extra.stdio)).filter(end => end !== undefined),
  )
}

function extraNames({ descriptors, cgroup }: NativeExtras): string {
  return [...descriptors.map(({ stdio }) => pathOf(stdio)), cgroup?.parent ?? ''].map(name => `${name}\0`).join('')
}

function extraNumbers({ uid, gid, nice, limits, cgroup, descriptors }: NativeExtras): Float64Array {
  const each = descriptors.flatMap(({ stdio, input }) => [KINDS[stdio.kind], numberOf(stdio), Number(input)])
  const group = cgroup
    ? [1, cgroup.memoryMax, cgroup.pidsMax, cgroup.cpuQuota, cgroup.cpuPeriod]
    : Array<number>(5).fill(Number.NaN)
  return Float64Array.of(uid, gid, nice, ...limits, ...group, ...each)
}

function putStdio(at: number, stdio: NativeStdio): void {
  numbers[at] = KINDS[stdio.kind]
  numbers[at + 1] = numberOf(stdio)
}

function numberOf(stdio: NativeExtra['stdio']): number {
  if (stdio.kind === 'fd') return stdio.fd
  if (stdio.kind === 'file') return Number(stdio.append)
  if (stdio.kind === 'tail') return stdio.bytes
  if (stdio.kind === 'terminal') return stdio.columns + stdio.rows * 2 ** 16 + Number(stdio.raw) * 2 ** 32
  return stdio.kind === 'link' ? stdio.link : 0
}

function pathOf(stdio: NativeExtra['stdio']): string {
  return stdio.kind === 'file' ? stdio.path : ''
}

function endpointOf(stdio: NativeExtra['stdio']): NativeEndpoint | undefined {
  return stdio.kind === 'endpoint' ? stdio.endpoint : undefined
}
