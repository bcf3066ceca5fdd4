// One end of a pipe on the JS side: the operations parked on it, when it is armed, and its counters.
// What an operation does with the bytes is the reader's and the writer's business.
import { constants } from 'node:os'
import { errnoError } from '../errors.ts'
import type { NativeEndpoint } from '../native/index.ts'
import type { EndpointHost, Handler, KeepAlive } from '../native/index.ts'
import { processPark, processResume, publishSoon, type ParkMessage, type ResumeMessage } from '../observe/index.ts'
import { WaitingList } from '../waiting.ts'
import { DONE, MORE, type Parked } from './parked.ts'

/** `read`, `write`: the call would block. No errno has this value. */
export const AGAIN = -0x10000

const HANG_UP = 4
// What one endpoint may move per wake-up before the others get their turn.
const ROUND_BYTES = 256 * 1024
const ROUND_CALLS = 16

/** Whose pipe it is, for those who observe. */
export interface PipeOwner {
  readonly pid: number
  readonly file: string
}

export interface EndpointOptions {
  /** Held while an operation is parked; the environment's own by default. */
  keepAlive?: KeepAlive
  /** For an endpoint that is attached later: called once, when the first operation wants it. */
  start?: () => void
}

export class Endpoint implements Handler {
  /** System calls and their bytes. */
  calls = 0
  bytes = 0
  /** Operations that had to wait, and for how long somebody did. */
  parks = 0
  waitedMs = 0
  /** One of the two ends of a terminal, which is one open file: it can't be given away. */
  isTerminal = false
  #owner: PipeOwner | undefined
  #stream = ''
  #onHangUp: (() => void) | undefined
  #onFailure: ((error: Error) => void) | undefined
  #native: NativeEndpoint | undefined
  #host: EndpointHost | undefined
  #keepAlive: KeepAlive | undefined
  #start: (() => void) | undefined
  #failure: Error | undefined
  #isClosed = false
  // What it is armed for; 0 is nothing. One-shot: a wake-up disarms.
  #armed = 0
  #waitingSince = 0
  // The environment holds it only while it is armed.
  #isForgettable = false
  readonly #mode: number
  readonly #parked = new WaitingList<Parked>()

  /** Not attached yet: everything that is tried would block, and parks. */
  constructor(direction: 'read' | 'write', options: EndpointOptions = {}) {
    this.#mode = direction === 'read' ? 1 : 2
    this.#keepAlive = options.keepAlive
    this.#start = options.start
  }

  /** The usual case: the native end is there from the beginning. */
  static of(native: NativeEndpoint, host: EndpointHost, direction: 'read' | 'write', keepAlive?: KeepAlive): Endpoint {
    const endpoint = new Endpoint(direction, keepAlive === undefined ? {} : { keepAlive })
    endpoint.attach(native, host)
    return endpoint
  }

  /** Says what it is called: `stdin`, `stdout`, `stderr`, `fd 3` and so on of a child. */
  belongTo(owner: PipeOwner, stream: string): void {
    this.#owner = owner
    this.#stream = stream
  }

  /** Gives it its native end; closed or failed meanwhile, that end is closed. */
  attach(native: NativeEndpoint, host: EndpointHost): void {
    if (this.#isClosed) return native.close()
    this.#native = native
    this.#host = host
    this.#start = undefined
    if (this.#keepAlive === undefined) {
      this.#keepAlive = host
      if (this.#parked.length > 0) host.hold()
    }
    host.addEndpoint(native.id, this)
    if (this.#parked.length === 0) return this.#rearm()
    if (processPark.hasSubscribers) this.#tellPark()
    this.ready()
  }

  /** No operation is parked, so a new one may try at once without overtaking. */
  get isIdle(): boolean {
    return this.#parked.length === 0
  }

  get lastParked(): Parked | undefined {
    return this.#parked.last
  }

  /** The descriptor is closed, or was handed over. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  get readsAhead(): boolean {
    return this.#native?.readsAhead ?? false
  }

  /** Bytes in the kernel's pipe now. */
  get buffered(): number {
    const count = this.#native?.buffered() ?? 0
    return count > 0 ? count : 0
  }

  get hungUp(): boolean {
    return this.#native?.hungUp() ?? false
  }

  /** Of a terminal; without effect once it is closed. */
  resize(columns: number, rows: number): void {
    this.#native?.resize(columns, rows)
  }

  /** The character that ends a terminal's input, and 256 for each time it has to be written; `last` was written before it, -1 = nothing was. */
  inputEnd(last: number, raw: boolean): number {
    return this.#native?.inputEnd(last, raw) ?? 0
  }

  /** Bytes, 0 at the end, AGAIN, or -errno. */
  read(into: Uint8Array, offset: number, length: number): number {
    if (this.#native === undefined) return this.#missing()
    return this.#count(this.#native.read(into, offset, length))
  }

  /** Bytes taken, AGAIN, or -errno. */
  write(from: Uint8Array, offset: number, length: number): number {
    if (this.#native === undefined) return this.#missing()
    // A terminal that nobody has any more takes what there is room for, and never says that it is over.
    if (this.isTerminal && this.hungUp) return -constants.errno.EPIPE
    return this.#count(this.#native.write(from, offset, length))
  }

  /** The read-ahead lane: a block, null at the end, undefined for nothing yet, or -errno. */
  takeBlock(maxBytes: number): Uint8Array | null | undefined | number {
    if (this.#native === undefined) return void this.#missing()
    const block = this.#native.takeBlock(maxBytes)
    this.calls++
    if (block instanceof Uint8Array) this.bytes += block.length
    return block
  }

  /** Queues an operation whose attempt just gave AGAIN, or that must not overtake others. */
  park(operation: Parked): void {
    this.parks++
    const wasIdle = this.#parked.length === 0
    this.#parked.append(operation)
    if (!wasIdle) return
    this.#waitingSince = performance.now()
    this.#keepAlive?.hold()
    if (processPark.hasSubscribers) this.#tellPark()
    this.#rearm()
    if (this.#armed === 0 || this.#parked.first !== operation) return
    // Between the first try and arming something may have come, and then no wake-up need be waited for.
    const outcome = operation.attempt()
    if (outcome === DONE) this.unpark(operation)
    else if (outcome === MORE) this.again()
  }

  /** Takes an operation out, and lets the next one try. */
  unpark(operation: Parked): void {
    if (!operation.isQueued) return
    const wasFirst = this.#parked.first === operation
    this.#parked.remove(operation)
    if (this.#parked.length === 0) this.#becameIdle()
    else if (wasFirst) this.ready()
  }

  /** Tries what is parked, in order; called on a wake-up, and when bytes came from elsewhere. */
  ready(): void {
    this.#armed = 0
    if (this.#onHangUp !== undefined && this.hungUp) this.#reportHangUp()
    const bytes = this.bytes
    const calls = this.calls
    for (let first = this.#parked.first; first !== undefined; first = this.#parked.first) {
      const outcome = first.attempt()
      if (outcome === MORE) return this.again()
      if (outcome !== DONE) break
      this.#parked.remove(first)
      if (this.#parked.length === 0) this.#becameIdle()
      else if (this.bytes - bytes >= ROUND_BYTES || this.calls - calls >= ROUND_CALLS) return this.again()
    }
    this.#rearm()
  }

  /** Comes back after the other endpoints that are due. */
  again(): void {
    this.#host?.requeue(this)
  }

  /** Calls back once when nobody holds the other end any more, also while nothing is parked. */
  watchHangUp(callback: (() => void) | undefined): void {
    this.#onHangUp = callback
    if (callback !== undefined && this.#parked.length === 0) this.#rearm()
  }

  /**
   * From now on whoever reads or writes it is the only one to hold it while nothing is parked, so that its descriptor goes with a
   * consumer that was dropped before the end.
   */
  makeForgettable(): void {
    this.#isForgettable = true
    this.#rearm()
  }

  /** The I/O thread died, or what was to be attached never came. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.close(error)
    this.#onFailure?.(error)
  }

  /** For the reader or writer of this endpoint, which must know of a failure nobody waited for. */
  watchFailure(callback: (error: Error) => void): void {
    this.#onFailure = callback
  }

  /** Why it can't be used any more, when that was no ordinary end. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Closes the descriptor. Parked operations fail with `error`; without one they stay, for who closed it to settle with `ready`. */
  close(error?: Error): void {
    const native = this.surrender()
    if (error !== undefined) {
      for (let first = this.#parked.first; first !== undefined; first = this.#parked.first) {
        this.#parked.remove(first)
        first.fail(error)
      }
      this.#becameIdle()
    }
    native?.close()
  }

  /** Gives the native end away: whoever gets it closes it. */
  surrender(): NativeEndpoint | undefined {
    this.#isClosed = true
    this.#start = undefined
    const native = this.#native
    this.#native = undefined
    if (native === undefined) return undefined
    if (this.#armed !== 0) native.disarm()
    this.#armed = 0
    this.#host?.removeEndpoint(native.id)
    return native
  }

  #missing(): number {
    const start = this.#start
    this.#start = undefined
    start?.()
    return AGAIN
  }

  #count(result: number): number {
    this.calls++
    if (result > 0) this.bytes += result
    return result < 0 && result === -(this.#host?.eagain ?? 0) ? AGAIN : result
  }

  #rearm(): void {
    const native = this.#native
    if (native === undefined) return
    const mode = this.#parked.length === 0 ? (this.#onHangUp === undefined ? 0 : HANG_UP) : this.#mode
    if (this.#isForgettable) {
      if (mode === 0) this.#host?.removeEndpoint(native.id)
      else this.#host?.addEndpoint(native.id, this)
    }
    if (mode === 0 || mode === this.#armed) return
    const result = native.arm(mode)
    if (result < 0) this.fail(errnoError(-result, 'poll'))
    else this.#armed = mode
  }

  /** Also called when closing has done it already. */
  #becameIdle(): void {
    if (this.#waitingSince === 0) return
    const waitedMs = performance.now() - this.#waitingSince
    this.waitedMs += waitedMs
    this.#waitingSince = 0
    if (this.#armed !== 0) {
      this.#native?.disarm()
      this.#armed = 0
    }
    this.#keepAlive?.drop()
    if (this.#onHangUp !== undefined || this.#isForgettable) this.#rearm()
    if (processResume.hasSubscribers) this.#tellResume(waitedMs)
  }

  #tellPark(): void {
    if (this.#owner !== undefined) publishSoon(processPark, this.#place(this.#owner))
  }

  #tellResume(waitedMs: number): void {
    if (this.#owner !== undefined)
      publishSoon(processResume, { ...this.#place(this.#owner), waitedMs } satisfies ResumeMessage)
  }

  #place({ pid, file }: PipeOwner): ParkMessage {
    return { pid, file, stream: this.#stream, operation: this.#mode === 1 ? 'read' : 'write' }
  }

  #reportHangUp(): void {
    const callback = this.#onHangUp
    this.#onHangUp = undefined
    callback?.()
  }
}
