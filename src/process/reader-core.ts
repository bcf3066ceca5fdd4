// What every way of reading shares: one endpoint, the bytes in front of it, the end and how it was reached, and who holds the reader.
// The ways themselves (reads, iterator, lines, streams) are in their own files.
import { errnoError, SluiceError, textOf, timeoutError } from '../errors.ts'
import { turn } from '../turn.ts'
import type { NativeEndpoint } from '../native/index.ts'
import type { Bytes, WaitOptions } from './byte-types.ts'
import { AGAIN, type Endpoint } from './endpoint.ts'
import { DONE } from './parked.ts'
import { Pushback } from './pushback.ts'
import type { PendingRead } from './read-operations.ts'
import { Slab } from './slab.ts'
import { checkWait, Guard, triesOnce } from '../wait.ts'

/** A read of unnamed size takes what one call brings: so many bytes, or a whole block of what was read ahead. */
export const ANY_SIZE = 0
const READ_SIZE = 65_536
const LARGEST_READ = 1024 * 1024

/** What the owner of a reader wants to know or to decide. All are called on the JS thread, between two system calls. */
export interface ReaderHooks {
  /** Every chunk as it leaves the pipe, before it is delivered. It may be a view on memory of the consumer: copy what is to be kept. */
  onData?(chunk: Bytes): void
  /** Asked once at end-of-file: with an error, also a promised one, the end is this rejection. Cut output never passes for whole. */
  endError?(): Error | undefined | Promise<Error | undefined>
  /** A loop, or a stream made of the reader, was left early, or the reader was canceled; leaving waits for the promise. Called once. */
  onLeave?(): Promise<unknown> | undefined
  /** Our end is closed: end-of-file, an error, `cancel()`, or handed over. Called once. */
  onClose?(): void
}

type State = 'open' | 'ending' | 'ended' | 'closed'

export class ReaderCore {
  readonly endpoint: Endpoint
  readonly #hooks: ReaderHooks
  readonly #front = new Pushback()
  readonly #slab = new Slab()
  #state: State = 'open'
  #failure: Error | undefined
  #holder: object | undefined
  #left: Promise<void> | undefined
  #taken = 0

  constructor(endpoint: Endpoint, hooks: ReaderHooks) {
    this.endpoint = endpoint
    this.#hooks = hooks
    endpoint.watchFailure(error => this.#failed(error))
  }

  /** Bytes that left the pipe, without those that went back in front. */
  get bytesRead(): number {
    return this.#taken - this.#front.length
  }

  /** Nothing more will be read. */
  get isClosed(): boolean {
    return this.#state === 'closed' || (this.#state === 'ended' && this.#front.length === 0)
  }

  /** Closed by us, and not by an end. */
  get isCanceled(): boolean {
    return this.#state === 'closed'
  }

  /** The end is an error. */
  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Makes `holder` the only consumer, which it may be already. Throws ERR_READER_BUSY while another is. */
  acquire(holder: object): void {
    if (this.#holder === holder) return
    this.checkFree()
    if (this.#state === 'closed') throw closedError()
    this.#holder = holder
  }

  checkFree(): void {
    if (this.#holder !== undefined) {
      throw new SluiceError(
        'ERR_READER_BUSY',
        'the reader is held by an open iterator, lines(), a stream made of it, pipeTo() or a collecting call',
      )
    }
  }

  isHeldBy(holder: object): boolean {
    return this.#holder === holder
  }

  /** Ends a consumer's hold. Does nothing for who doesn't hold it. */
  release(holder: object): void {
    if (this.#holder === holder) this.#holder = undefined
  }

  /** As `release`, and tells the owner that the consumer stopped before the end. */
  leave(holder: object): Promise<void> {
    if (this.#holder !== holder) return Promise.resolve()
    this.#holder = undefined
    return this.#leave()
  }

  /** Up to `max` bytes, null at the end, undefined for nothing now. Throws what the end rejects with. */
  take(max: number): Bytes | null | undefined {
    const most = max === ANY_SIZE ? LARGEST_READ : max
    const front = this.#front.take(most)
    if (front !== undefined) return front
    if (this.#state !== 'open') return this.#afterEnd()
    if (this.endpoint.readsAhead) return this.#takeBlock(most)
    const room = max === ANY_SIZE ? READ_SIZE : max <= READ_SIZE ? max : this.#largeRoom(max)
    const memory = this.#slab.reserve(room)
    const { offset } = this.#slab
    const count = this.endpoint.read(memory, offset, Math.min(room, memory.length - offset))
    if (count === AGAIN) {
      this.#slab.rest()
      return undefined
    }
    if (count <= 0) return this.#ended(count)
    const chunk = this.#slab.take(count)
    this.#came(chunk)
    return chunk
  }

  /** The same straight into the consumer's memory: bytes, 0 at the end, AGAIN. */
  fill(into: Bytes, offset: number, length: number): number {
    if (this.#front.length > 0 || this.#state !== 'open' || this.endpoint.readsAhead) {
      const chunk = this.take(length)
      if (chunk === undefined) return AGAIN
      if (chunk === null) return 0
      into.set(chunk, offset)
      return chunk.length
    }
    const count = this.endpoint.read(into, offset, length)
    if (count === AGAIN) return AGAIN
    if (count <= 0) return this.#ended(count) === undefined ? AGAIN : 0
    this.#came(into.subarray(offset, offset + count))
    return count
  }

  /** Puts undelivered bytes back in front of everything, for whoever reads next. The caller gives them up. */
  giveBack(bytes: Bytes): void {
    this.putBack(bytes)
    if (bytes.length > 0 && !this.endpoint.isIdle) this.endpoint.ready()
  }

  /** The same without letting those that wait try: for who is about to leave their list. */
  putBack(bytes: Bytes): void {
    if (this.#state !== 'closed') this.#front.unshift(bytes)
  }

  /** Tries an operation at once if none waits, and parks it else. */
  run<T>(operation: PendingRead<T>, options: WaitOptions | undefined): Promise<T> {
    try {
      checkWait(options)
    } catch (error) {
      return operation.refuse(error)
    }
    if (this.endpoint.isIdle && operation.attempt() === DONE) return operation.promise
    if (triesOnce(options)) operation.giveUp(timeoutError(operation.what, 0))
    else {
      operation.guard = Guard.of(options, operation.what, error => operation.giveUp(error))
      this.endpoint.park(operation)
    }
    return operation.promise
  }

  /** Closes our end; what waits and what comes later is ERR_READER_CLOSED. */
  cancel(): Promise<void> {
    if (this.#state === 'closed') return this.#left ?? Promise.resolve()
    const before = this.#state
    this.#state = 'closed'
    this.#holder = undefined
    this.endpoint.close(closedError())
    this.#slab.release()
    this.#front.clear()
    if (before === 'open') this.#hooks.onClose?.()
    return before === 'ended' ? Promise.resolve() : this.#leave()
  }

  /** Throws unless it may be given to another child: it must be idle, and nothing may have been taken that is not delivered. */
  checkSurrender(): void {
    this.checkFree()
    if (!this.endpoint.isIdle || this.#front.length > 0) {
      throw new SluiceError(
        'ERR_READER_BUSY',
        'a reader that is given to another child must be idle, with no bytes put back in front',
      )
    }
    // What the I/O thread has read for us would be missing there.
    if (this.endpoint.readsAhead) {
      throw new SluiceError('ERR_READER_BUSY', 'a reader with readAhead can not be given to another child')
    }
    // One at its end may be given, for it depends on the moment whether a child that wrote nothing has been noticed to be over.
    if (this.#state !== 'open' && this.#afterEnd() === undefined) throw closedError()
  }

  /** Gives the native end to another child; undefined when there is none any more, and the rest of it is empty. */
  surrender(): NativeEndpoint | undefined {
    this.checkSurrender()
    const native = this.endpoint.surrender()
    if (this.#state === 'open') this.#hooks.onClose?.()
    this.#state = 'closed'
    return native
  }

  #leave(): Promise<void> {
    this.#left ??= Promise.resolve(this.#hooks.onLeave?.()).then(nothing)
    return this.#left
  }

  #takeBlock(max: number): Bytes | null | undefined {
    const block = this.endpoint.takeBlock(Math.min(max, LARGEST_READ))
    if (block === undefined) return undefined
    if (block === null) return this.#ended(0)
    if (typeof block === 'number') return this.#ended(block)
    this.#came(block)
    return block
  }

  /** More than the default only as far as the pipe holds it: room is memory. */
  #largeRoom(max: number): number {
    return Math.max(READ_SIZE, Math.min(max, LARGEST_READ, this.endpoint.buffered))
  }

  #came(chunk: Bytes): void {
    this.#taken += chunk.length
    this.#hooks.onData?.(chunk)
  }

  #failed(error: Error): void {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    this.#failure = error
    this.#hooks.onClose?.()
  }

  /** The pipe is at its end, or broken by -errno. The descriptor is closed; parked operations stay and find the end. */
  #ended(result: number): null | undefined {
    this.#state = 'ended'
    this.#slab.release()
    this.endpoint.close()
    if (result < 0) this.#failure = errnoError(-result, 'read')
    else {
      const answer = this.#hooks.endError?.()
      if (answer instanceof Promise) this.#await(answer)
      else this.#failure = answer
    }
    this.#hooks.onClose?.()
    return this.#afterEnd()
  }

  #await(answer: Promise<Error | undefined>): void {
    this.#state = 'ending'
    const settle = (failure: Error | undefined): void => {
      if (this.#state !== 'ending') return
      this.#state = 'ended'
      this.#failure = failure
      this.endpoint.ready()
    }
    answer.then(settle, (error: unknown) => settle(error instanceof Error ? error : new Error(textOf(error))))
  }

  #afterEnd(): null | undefined {
    if (this.#state === 'ending') return undefined
    if (this.#state === 'closed') throw closedError()
    if (this.#failure !== undefined) throw this.#failure
    return null
  }
}

/** A result that was there at once, or the rejection it is. */
export function settledNow(chunk: Bytes | null): Promise<Bytes | null> {
  return turn.fulfilled(chunk, chunk === null ? 0 : chunk.length)
}

function closedError(): SluiceError {
  return new SluiceError('ERR_READER_CLOSED', 'the reader was canceled, or given to another child')
}

function nothing(): void {}
