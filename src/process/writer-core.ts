// What every way of writing shares: one endpoint, the writes that wait on it in order, its end, and the failure that ended it early.
import { constants } from 'node:os'
import { errnoError, invalidOption, SluiceError, timeoutError } from '../errors.ts'
import type { NativeEndpoint } from '../native/index.ts'
import { turn } from '../turn.ts'
import type { Bytes, WaitOptions } from './byte-types.ts'
import { EndMark } from './end-mark.ts'
import { AGAIN, type Endpoint } from './endpoint.ts'
import { DONE } from './parked.ts'
import { checkWait, Guard, rejected, triesOnce } from '../wait.ts'
import { ignore, SingleWrite, WriteBlock, type WriteTarget } from './write-operations.ts'

/** What waits is copied up to this size, and kept by reference above. */
const COPIED_SIZE = 64 * 1024
/** Longer texts are encoded piece by piece. */
const TEXT_LENGTH = 64 * 1024
const NOTHING = new Uint8Array(0)

export interface WriterHooks {
  /** What `end` writes by itself before our end is closed, asked for when everything else was taken. `last`: the last byte of that, -1 = none. */
  ending?(last: number): Bytes
  /** Our end is closed: `end()`, a failure, or handed over. Called once. */
  onClose?(): void
}

export class WriterCore implements WriteTarget {
  readonly endpoint: Endpoint
  readonly closed: Promise<void>
  #resolveClosed!: () => void
  readonly #hooks: WriterHooks
  #pending = 0
  #written = 0
  #last = -1
  #block: WriteBlock | undefined
  #ended: Promise<void> | undefined
  #failure: Error | undefined
  #isClosed = false
  // Closed since nobody reads any more: what a write would have failed of.
  #unread: Error | undefined

  constructor(endpoint: Endpoint, hooks: WriterHooks) {
    this.endpoint = endpoint
    this.#hooks = hooks
    endpoint.watchFailure(error => this.break(error))
    this.closed = new Promise(resolve => {
      this.#resolveClosed = resolve
    })
  }

  get pendingBytes(): number {
    return this.#pending
  }

  get bytesWritten(): number {
    return this.#written
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Throws what a write would be refused with now. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#unread !== undefined && this.#ended === undefined) throw this.#unread
    if (this.#ended !== undefined || this.#isClosed) {
      throw new SluiceError('ERR_WRITER_CLOSED', 'the writer has ended, was destroyed, or was given to another child')
    }
  }

  write(chunk: string | Bytes, options: WaitOptions | undefined): Promise<void> {
    try {
      checkWait(options)
      checkChunk(chunk)
      this.check()
    } catch (error) {
      return refused(error)
    }
    if (typeof chunk === 'string' && chunk.length > TEXT_LENGTH) {
      return this.submit(new SingleWrite(this, chunk, 0, Buffer.byteLength(chunk)), options)
    }
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : ownMemory(chunk)
    return this.#writeBytes(bytes, options, typeof chunk === 'string')
  }

  /** Tries a write at once if none waits, and parks it else. */
  submit(write: SingleWrite, options: WaitOptions | undefined): Promise<void> {
    this.#pending += write.size - write.taken
    const outcome = this.endpoint.isIdle ? write.attempt() : undefined
    if (outcome !== DONE) this.#park(write, options)
    return write.promise
  }

  tryWrite(chunk: Bytes): number {
    checkChunk(chunk)
    this.check()
    if (typeof chunk === 'string') throw invalidOption('chunk', 'a Uint8Array', chunk)
    if (!this.endpoint.isIdle || chunk.length === 0) return 0
    const bytes = ownMemory(chunk)
    const count = this.#first(bytes)
    turn.charge(count)
    return count
  }

  /** Closes our end behind everything that waits. One promise for all calls. */
  end(): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = this.#end()
      ignore(this.#ended)
    }
    return this.#ended
  }

  /** Closes our end now; what waits is ERR_WRITER_CLOSED. */
  abandon(): void {
    if (this.#isClosed) return
    const error = new SluiceError('ERR_WRITER_CLOSED', 'the writer was destroyed before everything was written')
    if (this.#pending > 0) this.break(error)
    else this.#close(error)
  }

  /** Nobody reads any more, and nothing waits: closes our end. A later write fails as it would have on the open pipe; `end` has nothing to lose. */
  closeUnread(): void {
    if (this.#isClosed) return
    this.#unread = errnoError(constants.errno.EPIPE, 'write')
    this.#close(undefined)
  }

  /** Throws unless it may be given to another child: nothing may wait on it. */
  checkSurrender(): void {
    this.check()
    if (!this.endpoint.isIdle) throw notIdle()
  }

  /** Gives the native end to another child. */
  surrender(): NativeEndpoint {
    this.checkSurrender()
    const native = this.endpoint.surrender()
    if (native === undefined) throw notIdle()
    this.#close(undefined)
    return native
  }

  /** One system call for a write that was counted as pending. */
  push(from: Bytes, offset: number, length: number): number {
    const count = this.#call(from, offset, length)
    if (count > 0) this.#pending -= count
    return count
  }

  break(error: Error): void {
    this.#failure ??= error
    this.#close(error)
  }

  forget(bytes: number): void {
    this.#pending -= bytes
  }

  #writeBytes(bytes: Bytes, options: WaitOptions | undefined, isOurs: boolean): Promise<void> {
    let offset = 0
    if (this.endpoint.isIdle) {
      try {
        offset = this.#first(bytes)
      } catch (error) {
        return refused(error)
      }
      if (offset === bytes.length) return turn.fulfilled(undefined, offset)
    } else if (bytes.length === 0) return Promise.resolve()
    const rest = bytes.length - offset
    if (options === undefined && rest <= COPIED_SIZE)
      return this.#addToBlock(offset === 0 ? bytes : bytes.subarray(offset))
    const copies = rest <= COPIED_SIZE && !isOurs
    const write = copies
      ? new SingleWrite(this, bytes.slice(offset), 0, rest)
      : new SingleWrite(this, bytes, offset, bytes.length)
    write.continues = offset > 0
    this.#pending += rest
    this.#park(write, options)
    return write.promise
  }

  #addToBlock(bytes: Bytes): Promise<void> {
    // Only the last in the list may grow: what came in between must keep its place.
    const open =
      this.#block?.isQueued === true && this.#block === this.endpoint.lastParked ? this.#block.add(bytes) : undefined
    this.#pending += bytes.length
    if (open !== undefined) return open
    const block = new WriteBlock(this, bytes.length)
    const promise = block.add(bytes) as Promise<void>
    this.#block = block
    this.endpoint.park(block)
    return promise
  }

  #park(write: SingleWrite, options: WaitOptions | undefined): void {
    if (triesOnce(options) && !write.isCommitted) return write.fail(timeoutError(write.what, 0))
    write.guard = Guard.of(options, write.what, error => {
      if (write.isCommitted) return
      write.fail(error)
      this.endpoint.unpark(write)
    })
    this.endpoint.park(write)
  }

  /** The first try of a write, which isn't pending yet. */
  #first(bytes: Bytes): number {
    if (bytes.length === 0) return 0
    const count = this.#call(bytes, 0, bytes.length)
    if (count >= 0) return count
    if (count === AGAIN) return 0
    const error = errnoError(-count, 'write')
    this.break(error)
    throw error
  }

  #call(from: Bytes, offset: number, length: number): number {
    const count = this.endpoint.write(from, offset, length)
    if (count > 0) {
      this.#written += count
      this.#last = from[offset + count - 1] as number
    }
    // No pipe takes nothing without saying why; going on at once would never end.
    return count === 0 ? AGAIN : count
  }

  #end(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const isIdle = this.endpoint.isIdle
    if (this.#isClosed || (isIdle && this.#hooks.ending === undefined)) {
      this.#close(undefined)
      return Promise.resolve()
    }
    const mark = new EndMark(
      this,
      () => this.#lastWords(),
      () => this.#close(undefined),
    )
    if (!isIdle || mark.attempt() !== DONE) this.endpoint.park(mark)
    return mark.promise
  }

  #lastWords(): Bytes {
    const words = this.#hooks.ending?.(this.#last) ?? NOTHING
    this.#pending += words.length
    return words
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.endpoint.close(error)
    this.#resolveClosed()
    this.#hooks.onClose?.()
  }
}

/** Throws ERR_INVALID_OPTION for what can't be written. */
export function checkChunk(chunk: unknown): void {
  if (typeof chunk === 'string') return
  if (!(chunk instanceof Uint8Array)) throw invalidOption('chunk', 'a string or a Uint8Array', chunk)
  if (chunk.byteLength === 0 && isDetached(chunk)) throw invalidOption('chunk', 'attached', chunk)
}

function isDetached(chunk: Uint8Array): boolean {
  try {
    return new Uint8Array(chunk.buffer).byteLength < 0
  } catch {
    return true
  }
}

/** Memory shared with other threads is not given to the native side. */
function ownMemory(chunk: Bytes): Bytes {
  return chunk.buffer instanceof ArrayBuffer ? chunk : chunk.slice()
}

function notIdle(): SluiceError {
  return new SluiceError('ERR_WRITER_CLOSED', 'a writer that is given to another child must be open and idle')
}

function refused(reason: unknown): Promise<never> {
  const promise = rejected(reason)
  ignore(promise)
  return promise
}
