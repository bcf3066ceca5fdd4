// The shape of the native addon, as the rest of the TypeScript side sees it. Types only.
// errno values in fields are positive; a negative result is -errno. Everything is called on the JS thread that owns the environment.

/** The addon's exports. */
export interface Addon {
  /** One per JS environment: the main thread or a worker. `wake` is called on that thread when `drain` has something. */
  readonly Environment: new (wake: () => void, shepherdPath: string) => NativeEnvironment
  readonly EAGAIN: number
  readonly maxInline: number
}

export interface NativeEnvironment {
  /** Keeps the event loop alive, or no longer. */
  ref(): void
  unref(): void
  /** Fills pairs [kind, id]: kind 0 = endpoint `id` may be ready, 1 = child `id` has events. The count of u32 written; call again while it is full. -1: the I/O thread died. */
  drain(into: Uint32Array): number
  /** The child's id. Never throws for reasons of the operating system: those come as a 'failed' event. */
  spawn(request: NativeSpawnRequest): number
  nextEvent(child: number): NativeChildEvent | null
  /** false once exited. */
  signal(child: number, signal: number, tree: boolean): boolean
  /** The ladder over the whole tree; -1 never goes on to SIGKILL. */
  terminate(child: number, signal: number, killTimeoutMs: number): void
  /** Before 'started': forgets the child; a late start is killed natively. */
  cancel(child: number): void
  /** The root's zombie may be reaped. */
  release(child: number): void
  /** The ring's content; only when stderr is a tail. */
  stderrTail(child: number): Uint8Array
  makePipe(): { reader: NativeEndpoint; writer: NativeEndpoint } | number
  /** Hands the terminal's foreground group over to that child and continues it. */
  foreground(child: number): void
}

export interface NativeSpawnRequest {
  /** Searched in the child's PATH unless it has a '/'. */
  file: string
  /** argv0 and the arguments, each followed by '\0'. */
  argv: string
  /** 'k=v\0' pairs: with `inheritEnv` what is added to, or replaced in, the process's environment, else all of it. */
  env: string
  /** 'k\0' names to remove; only with `inheritEnv`. */
  unset: string
  inheritEnv: boolean
  /** '' is the current one. */
  cwd: string
  stdin: NativeStdio
  stdout: NativeStdio
  stderr: NativeStdio
  /** 0 none, 1 group, 2 tree. */
  containment: 0 | 1 | 2
  detached: boolean
  /** 0 leave, 1 kill. */
  leftovers: 0 | 1
  killSignal: number
  /** -1 is never. */
  killTimeoutMs: number
  /** 0 is the default. */
  pipeSize: number
  /** 0 is none. */
  readAhead: number
  /** stdin is inherited from a terminal: hand over the foreground group. */
  foreground: boolean
}

export interface NativeStdio {
  kind: 'pipe' | 'ignore' | 'fd' | 'file' | 'tail' | 'stdout' | 'endpoint' | 'link'
  /** 'fd', which is also how 'inherit' is spelled. */
  fd?: number
  /** 'file'. */
  path?: string
  append?: boolean
  /** 'tail': bytes kept. */
  tail?: number
  /** 'endpoint': an idle one of ours; it is made blocking, sent, and closed here. */
  endpoint?: NativeEndpoint
  /** 'link': a kernel pipe shared by two children of this environment, under a number that both requests name. */
  link?: number
}

export type NativeChildEvent =
  | {
      type: 'started'
      pid: number
      containment: 0 | 1 | 2
      stdin: NativeEndpoint | null
      stdout: NativeEndpoint | null
      stderr: NativeEndpoint | null
    }
  | { type: 'failed'; stage: string; errno: number; code: string; detail: string }
  | {
      type: 'exited'
      /** -1 is none. */
      exitCode: number
      /** 0 is none. */
      signal: number
      coreDumped: boolean
      lost: boolean
      maxRssBytes: number
      userCpuMs: number
      systemCpuMs: number
    }
  | { type: 'stopped' }
  | { type: 'orphaned' }
  | { type: 'empty'; survivors: number }

export interface NativeEndpoint {
  /** What `drain` reports; unique in its environment. */
  readonly id: number
  /** One non-blocking read(2): bytes, 0 = end, -errno. */
  read(into: Uint8Array, offset: number, length: number): number
  /** One non-blocking write(2): bytes taken or -errno. */
  write(from: Uint8Array, offset: number, length: number): number
  /** One-shot: 1 = readable, 2 = writable, 4 = hang-up only. 0 or -errno. */
  arm(mode: number): number
  disarm(): void
  /** Bytes in the kernel's pipe now. */
  buffered(): number
  /** Nobody holds the other end. */
  hungUp(): boolean
  /** The resulting size or -errno. */
  setPipeSize(bytes: number): number
  /** Read-ahead only: bytes; null = end; undefined = nothing yet, then arm(1); negative = -errno. */
  takeBlock(maxBytes: number): Uint8Array | null | undefined | number
  readonly readsAhead: boolean
  /** Idempotent. */
  close(): void
}
