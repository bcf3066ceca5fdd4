// The public words of a child process: options, exit, result, handle. Bytes, readers and writers are in byte-types.ts, Command in command.ts.
import type { Duplex, Writable } from 'node:stream'
import type { Limiter } from './admission.ts'
import type { Bytes, ByteReader, ByteSource, ByteWriter } from './byte-types.ts'

/** A signal by name, or by number from 1 to 64. */
export type Signal = NodeJS.Signals | number

/** Where the child's stdin comes from. A reader of another child is handed over to it: it must be idle and empty, and is closed here. */
export type StdinOption = 'pipe' | 'ignore' | 'inherit' | number | { file: string | URL } | ByteReader

/** Where the child's stdout goes. A writer of another child is handed over to it: it must be idle, and is closed here. */
export type StdoutOption =
  | 'pipe'
  | 'ignore'
  | 'inherit'
  | number
  | { file: string | URL; append?: boolean }
  | ByteWriter

/**
 * Where the child's stderr goes. `tail`: drained all the time into a ring of the last n bytes, so it can never block the child.
 * `'stdout'`: one kernel pipe for both, as `2>&1`.
 */
export type StderrOption = StdoutOption | { tail: number } | 'stdout'

/**
 * A descriptor of the child beyond the standard three. `{ pipe }`: with `'in'` the child reads, with `'out'` it writes, with `'duplex'` both.
 * `{ file }` is read by the child; with `append` it is written, as for stdout. `'inherit'`: our descriptor of the same number.
 */
export type ExtraFdOption = Exclude<StdinOption | StdoutOption, 'pipe'> | { pipe: 'in' | 'out' | 'duplex' }

/** Limits of a control group: bytes, processes with their threads, and microseconds of processor time in each period of so many. */
export interface CgroupLimits {
  memoryMax?: number
  pidsMax?: number
  cpuMax?: { quota: number; period: number }
}

/** Options of every child. */
export interface ProcessOptions {
  /** Ends the child's whole tree when it aborts. Already aborted: nothing is started. */
  signal?: AbortSignal
  /** Milliseconds the child may live; then its tree is ended. None by default; 0 starts nothing: ERR_TIMEOUT. */
  timeout?: number
  /** Working directory; a relative one starts at `process.cwd()`. */
  cwd?: string | URL
  /** Merged into `process.env` unless `extendEnv` is false; `undefined` removes a name. Lone surrogates are sent as U+FFFD. */
  env?: Record<string, string | undefined>
  /** True by default. */
  extendEnv?: boolean
  /** What the child sees as its own name. */
  argv0?: string
  /** User of the child, given up for good: real, effective and saved. Only root can ask for it, else the start fails with EPERM. Supplementary groups are dropped. */
  uid?: number
  /** Group of the child, alike. What is not given stays as it is: a `uid` alone leaves root's group. */
  gid?: number
  /** File mode mask of the child, ours by default. */
  umask?: number
  /** Nice value of the child, -20 to 19. */
  nice?: number
  /**
   * Limits of the child, soft and hard, in the system's units: `cpu` in seconds, `as`, `core` and `fsize` in bytes, the others a count. Infinity lifts one.
   * What the system refuses, such as more than our own hard limit, fails the start.
   */
  rlimits?: Partial<Record<'nofile' | 'nproc' | 'as' | 'cpu' | 'core' | 'fsize', number>>
  /** True: the command is one text for /bin/sh; a string names another shell. There can be no args then. */
  shell?: boolean | string
  /** Written at the child's pace, then stdin ends; makes stdin a pipe of ours. */
  input?: ByteSource
  /** `'ignore'` by default. */
  stdin?: StdinOption
  /** `'pipe'` by default. */
  stdout?: StdoutOption
  /** `run`: `'pipe'`, collected. `spawn` and `stream`: `{ tail: 65536 }`. */
  stderr?: StderrOption
  /** The three at once; one given by its own name wins. */
  stdio?: 'pipe' | 'ignore' | 'inherit'
  /** Descriptors 3, 4 and so on, at most 64. Pipes are handed out by `spawn` in its `extraFds`; `run` and `stream` have nobody to read or write them and give `/dev/null`. */
  extraFds?: readonly ExtraFdOption[]
  /** Size of the kernel's pipes; what the kernel refuses stays at its default and is no error. */
  pipeSize?: number
  /** 0 (default): not a byte leaves the pipe before it is asked for. n: up to n bytes are kept ready off the JavaScript thread. */
  readAhead?: number
  /** First signal of a termination: `'SIGTERM'`. */
  killSignal?: Signal
  /** Milliseconds until SIGKILL follows, again and again until the tree is gone: 5000. 0 = SIGKILL at once, Infinity = never. */
  killTimeout?: number
  /**
   * `'tree'` where the host can (Linux), else `'group'`. One that is named is required, or ERR_CONTAINMENT. `'cgroup'` is a tree in a control group
   * (version 2) of its own: nobody leaves that, and what no signal of ours reaches ends with it too.
   */
  containment?: 'tree' | 'group' | 'cgroup' | 'none'
  /**
   * Implies containment `'cgroup'`. A path: the delegated group in which the child's own one is made. Limits: made in the group that the
   * environment variable SLUICEGATE_CGROUP names, else in ours. It is removed when nothing of the tree is left.
   */
  cgroup?: string | CgroupLimits
  /**
   * After a normal exit: `'leave'` (default) lets descendants live until this process ends, `'kill'` ends them at once.
   * Timeout, abort, terminate, disposal and our own death end the whole tree.
   */
  leftovers?: 'leave' | 'kill'
  /** The child outlives us; implies containment `'none'`. */
  detached?: boolean
  /** 1000: exited, but a descendant holds a pipe: milliseconds that `closed` waits for its end. */
  drainTimeout?: number
  /**
   * Admission: a `Semaphore` of which one permit is taken before the start and given back when the child is `closed` or was not started. The wait for it
   * ends with the signal and does not count for the `timeout`. A pipe takes the permits of its members together, and gives them back together.
   */
  limiter?: Limiter
  /** A terminal (PTY) of its own: `stdin` and `stdout` are its two ways, stderr is in it. Excludes `stdin`, `stdout`, `stderr`, `stdio` and `detached`. */
  terminal?: boolean | TerminalOptions
}

/** What a child's terminal is like when it starts. */
export interface TerminalOptions {
  /** 80 by default, from 1 to 65535. */
  columns?: number
  /** 24 by default, from 1 to 65535. */
  rows?: number
  /** TERM: `'xterm-256color'` by default, unless `env` has one. */
  name?: string
  /** True: bytes pass as they are, without echo, lines or signals. The child may change that. False by default. */
  raw?: boolean
}

/** What is known of a child that is over. */
export interface Exit {
  /** Exit code 0, not timed out, not canceled. */
  readonly ok: boolean
  /** `null` when a signal ended it, or when it is lost. */
  readonly exitCode: number | null
  /** What ended it, if a signal did; a number when this host has no name for it. */
  readonly signal: NodeJS.Signals | number | null
  readonly coreDumped: boolean
  /** Its `timeout` ended it. */
  readonly timedOut: boolean
  /** Its AbortSignal ended it. */
  readonly isCanceled: boolean
  /** The status never came: exitCode and signal are null. */
  readonly lost: boolean
  /** Every pipe came to its end before `drainTimeout`. */
  readonly drained: boolean
  /** From the request to the exit. */
  readonly durationMs: number
  readonly resourceUsage: ResourceUsage
}

/** What the child (with the descendants it waited for) used. */
export interface ResourceUsage {
  readonly maxRssBytes: number
  readonly userCpuMs: number
  readonly systemCpuMs: number
}

/** Options of `run` and of a `Command`. `spawn` and `stream` accept them too; what concerns collected output means nothing there. */
export interface RunOptions extends ProcessOptions {
  /** `'utf8'` by default. `'buffer'` with `lines` is ERR_INVALID_OPTION. */
  encoding?: 'utf8' | 'latin1' | 'buffer'
  /** Output as an array of lines without their delimiters. False by default. */
  lines?: boolean
  /** True for text, false for `'buffer'`: a last `\n` or `\r\n` is cut off. */
  stripFinalNewline?: boolean
  /** Bytes kept per stream: 100 MiB. */
  maxBuffer?: number
  /** `'error'` (default) ends the tree and keeps what came. `'head'` and `'tail'` keep that end and let the child live. */
  onMaxBuffer?: 'error' | 'head' | 'tail'
  /** True (default): anything not `ok` is a ProcessError. False: it fulfils, but for a SpawnError. */
  reject?: boolean
  /** Also copies the output there (true: to ours) as it comes, at the slower one's pace. */
  tee?: boolean | { stdout?: Writable; stderr?: Writable }
}

type Opt<O, K extends PropertyKey> = K extends keyof O ? O[K] : undefined
type Shape<E, L> = E extends 'buffer' ? Bytes : L extends true ? string[] : string
type Collected<S, V> = S extends 'pipe' | { tail: number } | undefined ? V : undefined
type EndOf<S, Default, End> = S extends undefined ? Default : S extends 'pipe' ? End : undefined
type WithTerminal<O, T, Else> = Opt<O, 'terminal'> extends true | TerminalOptions ? T : Else

/** The type of a collected stream under the options O. */
export type OutputOf<O, K extends 'stdout' | 'stderr' = 'stdout'> = Collected<
  Opt<O, K>,
  Shape<Opt<O, 'encoding'>, Opt<O, 'lines'>>
>

/** Any result, whatever the options. */
// oxlint-disable-next-line typescript/no-explicit-any -- of all options, so that every result is assignable
export type AnyResult = Result<any>

/** What `run` gives. Its output has the type that the options ask for; what was not piped is undefined. */
export interface Result<O = {}> extends Exit {
  readonly stdout: OutputOf<O>
  readonly stderr: OutputOf<O, 'stderr'>
  /** The last of stderr as text: 64 KiB, or what `tail` says. */
  readonly stderrTail: string
  /** `maxBuffer` cut a stream. */
  readonly truncated: boolean
  /** File and arguments in one line, for people to read. */
  readonly command: string
  readonly pid: number
  /** The members of a pipe before this one, first to last. */
  readonly pipedFrom: readonly AnyResult[]
}

/**
 * A running child. What is not piped is undefined. After we ended the child, its pipes give what the kernel holds and then reject,
 * so cut output never passes for whole. Disposal is `terminate()`. Promises held as properties may be ignored.
 */
export interface Subprocess<O = {}> extends AsyncDisposable {
  readonly pid: number
  /** With `stdin: 'pipe'`. Not ending it keeps a child waiting that reads to its end. Of a terminal: what is typed there, and `end` types ^D. */
  readonly stdin: WithTerminal<O, ByteWriter, EndOf<Opt<O, 'stdin'>, undefined, ByteWriter>>
  /** Unless stdout was sent elsewhere. Of a terminal: what it shows; canceling it hangs the terminal up. */
  readonly stdout: WithTerminal<O, ByteReader, EndOf<Opt<O, 'stdout'>, ByteReader, ByteReader>>
  /** With `stderr: 'pipe'`. Unread, it holds the child back as stdout does. */
  readonly stderr: WithTerminal<O, undefined, EndOf<Opt<O, 'stderr'>, undefined, ByteReader>>
  /** The last 64 KiB (or `tail`) of stderr as text; with `'pipe'`, of what was read from it. */
  readonly stderrTail: string
  /** Our ends of the pipes among `extraFds`, at the same places: a writer for `'in'`, a reader for `'out'`. */
  readonly extraFds: readonly (ByteReader | ByteWriter | Duplex | undefined)[]
  /** The members of a pipe before this one, first to last. */
  readonly pipedFrom: readonly AnySubprocess[]
  /** What was obtained. */
  readonly containment: 'tree' | 'group' | 'cgroup' | 'none'
  /** The child is gone. Never rejects. */
  readonly exited: Promise<Exit>
  /** And every pipe is at its end, or `drainTimeout` is over. Never rejects. */
  readonly closed: Promise<Exit>
  /** What `exited` gave; undefined before. */
  readonly exit: Exit | undefined
  /**
   * `closed`, but a ProcessError unless it is `ok`: ERR_PROCESS_FAILED, ERR_TIMEOUT, ABORT_ERR or ERR_STATUS_LOST.
   *
   * @example
   * await child.success()
   */
  success(): Promise<Exit>
  /** Signals the child alone, SIGTERM by default; false once it exited. Never reaches another process. 0 probes. A bad signal throws ERR_INVALID_OPTION. */
  kill(signal?: Signal): boolean
  /** Signals every process of its tree, SIGTERM by default; false once nothing of it is left. */
  killTree(signal?: Signal): boolean
  /**
   * Ends the whole tree and waits until nothing of it is left but what can't be killed; also sweeps after an exit. Calls share one end.
   *
   * @example
   * await child.terminate({ killTimeout: 500 })
   */
  terminate(options?: { killSignal?: Signal; killTimeout?: number }): Promise<Exit>
  /**
   * Changes the size of its terminal, and the foreground group hears of it by SIGWINCH; without effect once the terminal is at its end. A
   * size that is none, or no `terminal`, throws ERR_INVALID_OPTION.
   *
   * @example
   * child.resize(120, 40)
   */
  resize(columns: number, rows: number): void
  /** stdin and stdout as one Node stream; a side that is not piped has ended. Nothing is read before the stream is asked. */
  duplex(): Duplex
  /** Counters at this moment. */
  metrics(): ProcessMetrics
  /** The child, and what waits on its pipes, keep the event loop alive: the default. */
  ref(): this
  /** They don't. The child ends when Node does, unless it is detached. */
  unref(): this
}

/** Any running child, whatever its options. */
// oxlint-disable-next-line typescript/no-explicit-any -- of all options, so that every handle is assignable
export type AnySubprocess = Subprocess<any>

/** Counters of one child, over all of its pipes. */
export interface ProcessMetrics {
  readonly kind: 'process'
  readonly pid: number
  readonly file: string
  readonly bytesRead: number
  readonly bytesWritten: number
  /** System calls. */
  readonly reads: number
  readonly writes: number
  /** Operations that had to wait. */
  readonly readParks: number
  readonly writeParks: number
  /** For how long something of ours waited for the child. */
  readonly waitedForChildMs: number
  /** In the kernel's pipes now. */
  readonly pipedBytes: number
  readonly uptimeMs: number
}
