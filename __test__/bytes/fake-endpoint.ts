// An in-memory pipe with a capacity, behind the native endpoint's interface, and an environment that wakes as the native one does.
// With it the byte layer is tested without the addon. It decides nothing about processes.
import type { NativeEndpoint, NativeEnvironment } from '../../src/native/addon.ts'
import { Environment } from '../../src/native/environment.ts'
import { Endpoint } from '../../src/process/endpoint.ts'
import type { ReaderHooks } from '../../src/process/reader-core.ts'
import { PipeReader } from '../../src/process/reader.ts'
import { PipeWriter } from '../../src/process/writer.ts'

export const EAGAIN = 11
export const EPIPE = 32
const ENOTTY = 25

/** Only what the byte layer uses is there; the rest is never called. */
export class FakeEnvironment {
  readonly environment: Environment
  refs = 0
  isDead = false
  #ready: FakeEnd[] = []
  #isScheduled = false
  #wake: () => void = () => undefined
  #nextId = 1

  constructor() {
    const native = {
      bound: () => ({}),
      ref: () => void this.refs++,
      unref: () => void this.refs--,
      drain: (into: Uint32Array) => this.#drain(into),
    } as unknown as NativeEnvironment
    this.environment = new Environment(wake => {
      this.#wake = wake
      return native
    }, EAGAIN)
  }

  /** Wakes in a later macrotask, once for all that became ready, as the reactor does. */
  notify(end: FakeEnd): void {
    this.#ready.push(end)
    this.wakeSoon()
  }

  die(): void {
    this.isDead = true
    this.wakeSoon()
  }

  wakeSoon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#wake()
    })
  }

  pipe(capacity = 65_536): FakePipe {
    return new FakePipe(this, capacity, this.#nextId++, this.#nextId++)
  }

  #drain(into: Uint32Array): number {
    if (this.isDead) return -1
    let count = 0
    for (let end = this.#ready.shift(); end !== undefined; end = this.#ready.shift()) {
      into[count++] = 0
      into[count++] = end.id
      if (count === into.length) break
    }
    return count
  }
}

export class FakePipe {
  readonly capacity: number
  readonly reader: FakeEnd
  readonly writer: FakeEnd
  held: Uint8Array = new Uint8Array(0)
  readError = 0

  constructor(host: FakeEnvironment, capacity: number, readerId: number, writerId: number) {
    this.capacity = capacity
    this.reader = new FakeEnd(host, this, readerId, 1)
    this.writer = new FakeEnd(host, this, writerId, 2)
  }

  get text(): string {
    return Buffer.from(this.held).toString('latin1')
  }

  /** What the other process writes; throws when it doesn't fit. */
  feed(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    if (this.writer.write(bytes, 0, bytes.length) !== bytes.length) throw new Error('the pipe is full')
  }

  /** What the other process reads. */
  drain(max = Infinity): Uint8Array {
    const into = new Uint8Array(Math.min(max, this.held.length))
    if (into.length > 0) this.reader.read(into, 0, into.length)
    return into
  }

  changed(): void {
    this.reader.check()
    this.writer.check()
  }
}

export class FakeEnd implements NativeEndpoint {
  readonly id: number
  readsAhead = false
  reads = 0
  writes = 0
  arms = 0
  isClosed = false
  #armed = 0
  readonly #host: FakeEnvironment
  readonly #pipe: FakePipe
  readonly #mode: number

  constructor(host: FakeEnvironment, pipe: FakePipe, id: number, mode: number) {
    this.#host = host
    this.#pipe = pipe
    this.id = id
    this.#mode = mode
  }

  get isArmed(): boolean {
    return this.#armed !== 0
  }

  read(into: Uint8Array, offset: number, length: number): number {
    const pipe = this.#pipe
    this.reads++
    if (pipe.readError !== 0) return -pipe.readError
    if (pipe.held.length === 0) return pipe.writer.isClosed ? 0 : -EAGAIN
    if (length === 0 || offset + length > into.length) throw new RangeError('outside of the buffer')
    const count = Math.min(length, pipe.held.length)
    into.set(pipe.held.subarray(0, count), offset)
    pipe.held = pipe.held.slice(count)
    pipe.changed()
    return count
  }

  write(from: Uint8Array, offset: number, length: number): number {
    const pipe = this.#pipe
    this.writes++
    if (pipe.reader.isClosed) return -EPIPE
    if (offset + length > from.length) throw new RangeError('outside of the buffer')
    const count = Math.min(length, pipe.capacity - pipe.held.length)
    if (count === 0) return -EAGAIN
    pipe.held = Buffer.concat([pipe.held, from.subarray(offset, offset + count)])
    pipe.changed()
    return count
  }

  takeBlock(maxBytes: number): Uint8Array | null | undefined | number {
    const into = new Uint8Array(Math.min(maxBytes, Math.max(1, this.#pipe.held.length)))
    const count = this.read(into, 0, into.length)
    if (count === -EAGAIN) return undefined
    return count <= 0 ? count || null : into.subarray(0, count)
  }

  arm(mode: number): number {
    this.arms++
    this.#armed = mode
    this.check()
    return 0
  }

  disarm(): void {
    this.#armed = 0
  }

  /** One-shot: told once, then disarmed. */
  check(): void {
    const pipe = this.#pipe
    const readable = this.#mode === 1 && (pipe.held.length > 0 || pipe.readError !== 0)
    const writable = this.#mode === 2 && pipe.held.length < pipe.capacity
    const wanted = this.#armed !== 0 && this.#armed !== 4
    if (this.#armed === 0 || this.isClosed) return
    if (!this.hungUp() && !(wanted && (readable || writable))) return
    this.#armed = 0
    this.#host.notify(this)
  }

  buffered(): number {
    return this.#pipe.held.length
  }

  hungUp(): boolean {
    return this.#mode === 1 ? this.#pipe.writer.isClosed : this.#pipe.reader.isClosed
  }

  setPipeSize(bytes: number): number {
    return bytes
  }

  resize(): number {
    return -ENOTTY
  }

  inputEnd(): number {
    return -ENOTTY
  }

  close(): void {
    this.isClosed = true
    this.#pipe.changed()
  }
}

export interface OpenReader {
  readonly pipe: FakePipe
  readonly host: FakeEnvironment
  readonly endpoint: Endpoint
  readonly reader: PipeReader
}

export function openReader(hooks?: ReaderHooks, capacity?: number): OpenReader {
  const host = new FakeEnvironment()
  const pipe = host.pipe(capacity)
  const endpoint = Endpoint.of(pipe.reader, host.environment, 'read')
  return { pipe, host, endpoint, reader: new PipeReader(endpoint, hooks) }
}

export interface OpenWriter {
  readonly pipe: FakePipe
  readonly host: FakeEnvironment
  readonly endpoint: Endpoint
  readonly writer: PipeWriter
}

export function openWriter(capacity?: number): OpenWriter {
  const host = new FakeEnvironment()
  const pipe = host.pipe(capacity)
  const endpoint = Endpoint.of(pipe.writer, host.environment, 'write')
  return { pipe, host, endpoint, writer: new PipeWriter(endpoint) }
}

/** Lets the event loop turn, so that wake-ups and put-off promises have happened. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
}

/** How a promise stands after the event loop turned. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'fulfilled' | 'rejected'> {
  let state: 'pending' | 'fulfilled' | 'rejected' = 'pending'
  promise.then(
    () => (state = 'fulfilled'),
    () => (state = 'rejected'),
  )
  await turns()
  return state
}

export function latin(bytes: Uint8Array | null | undefined): string {
  return bytes == null ? String(bytes) : Buffer.from(bytes).toString('latin1')
}
