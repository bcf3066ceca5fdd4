// The shape of the native addon, as the rest of the TypeScript side sees it. Types only.
// errno values in fields are positive; a negative result is -errno. Everything is called on the JS thread that owns the environment.

import type { NativeShared } from './shared.ts'

/** The addon's exports. */
export interface Addon {
  /** One per JS environment: the main thread or a worker. `wake` is called on that thread when `drain` has something. */
  readonly Environment: new (wake: () => void, shepherdPath: string) => NativeEnvironment
  /** Starts the I/O thread, unless it runs: 0, or -errno. Comes before the first environment. */
  startReactor(): number
  readonly EAGAIN: number
  readonly maxInline: number
}

export interface NativeEnvironment extends NativeShared {
  /** The native object has the first three only as functions that are bound to it. */
  bound(): Pick<NativeEnvironment, 'ref' | 'unref' | 'drain'>
  /** Keeps the event loop alive, or no longer. */
  ref(): void
  unref(): void
  /** Fills pairs [kind, id]: kind 0 = endpoint `id` may be ready, 1 = child `id` has events, 2 = journal `id` has outcomes, 3 = wait `id` may go on. The count of u32 written; call again while it is full. -1: the I/O thread died. */
  drain(into: Uint32Array): number
  /** The child's id. Never throws for reasons of the operating system: those come as an event. request.ts knows the layout. */
  spawn(
    names: string,
    argv: string,
    env: string,
    unset: string,
    numbers: Float64Array,
    stdin: NativeEndpoint | undefined,
    stdout: NativeEndpoint | undefined,
    stderr: NativeEndpoint | undefined,
    extras: Float64Array | undefined,
    extraEnds: readonly NativeEndpoint[] | undefined,
  ): number
  /** The kind of the oldest event not yet taken, 0 for none; its numbers are written into the array. event.ts knows the layout. */
  nextEvent(child: number, numbers: Float64Array): number
  /** Our end of the pipe on 0, 1 or 2 of a child that has just started, once. Beyond them each descriptor has two slots: our end, and of a socket the end that writes. */
  takeEnd(child: number, slot: number): NativeEndpoint | null
  /** What the numbers of a failure don't say. Taken once. */
  takeFailure(child: number): { stage: string; code: string; detail: string }
  /** false once exited. */
  signal(child: number, signal: number, tree: boolean): boolean
  /** The ladder over the whole tree; -1 never goes on to SIGKILL. */
  terminate(child: number, signal: number, killTimeoutMs: number): void
  /** Before 'started': forgets the child; a late start is killed natively. */
  cancel(child: number): void
  /** Its events are taken no more; `release` still follows. */
  abandon(child: number): void
  /** The root's zombie may be reaped. */
  release(child: number): void
  /** The ring's content; only when stderr is a tail. */
  stderrTail(child: number): Uint8Array
  makePipe(): { reader: NativeEndpoint; writer: NativeEndpoint } | number
  /** Hands the terminal's foreground group over to that child and continues it. */
  foreground(child: number): void
  /** Never throws for reasons of the file system: the first outcome says whether it is open. */
  openJournal(directory: string, synced: boolean, segmentBytes: number): NativeJournal
}

/** Commands are answered in their order, each append by itself; journal.ts knows the layout of the answers. */
export interface NativeJournal {
  /** What `drain` reports; unique in the process. */
  readonly id: number
  /** `count` appends; each record is its length (u32) and its body. The bytes are copied. */
  append(records: Uint8Array, length: number, count: number): void
  /** Segment 0 is before everything; an end of segment 0 means what is written when this is done. */
  read(segment: number, offset: number, endSegment: number, endOffset: number): void
  compact(below: number): void
  /** Nothing may follow. */
  close(): void
  /** The kind of the oldest outcome, 0 for none; its numbers are written into the array. */
  nextOutcome(numbers: Float64Array): number
  takeBodies(): Uint8Array
  takeFailure(): NativeJournalFailure
}

export interface NativeJournalFailure {
  readonly kind: 'corrupt' | 'locked' | 'io' | 'poisoned' | 'closed'
  readonly path: string
  readonly syscall: string
  readonly errno: number
  readonly offset: number
  readonly reason: string
}

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
  /** Of a terminal's master: columns and rows. 0 or -errno. */
  resize(columns: number, rows: number): number
  /** The character that ends its input plus 256 for each time it has to be written, 0 for none, or -errno. `last`: what was written last, -1 = nothing. */
  inputEnd(last: number, raw: boolean): number
  /** Read-ahead only: bytes; null = end; undefined = nothing yet, then arm(1); negative = -errno. */
  takeBlock(maxBytes: number): Uint8Array | null | undefined | number
  readonly readsAhead: boolean
  /** Idempotent. */
  close(): void
}
