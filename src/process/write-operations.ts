// Writes that wait: many small ones in one block of memory, or a single one. Each settles once the kernel took its last byte.
import { errnoError, invalidOption } from '../errors.ts'
import { turn } from '../turn.ts'
import type { Bytes } from './byte-types.ts'
import { AGAIN } from './endpoint.ts'
import { DONE, MORE, Parked, WAIT, type Outcome } from './parked.ts'
import type { Guard } from '../wait.ts'

/** What a write needs of its writer. */
export interface WriteTarget {
  /** Bytes taken, AGAIN, or -errno. */
  push(from: Bytes, offset: number, length: number): number
  /** The pipe is of no use any more: everything that waits fails with `error`. */
  break(error: Error): void
  /** Bytes that were pending and will never be written. */
  forget(bytes: number): void
}

const ROUND_BYTES = 256 * 1024
const ROUND_CALLS = 16
const BLOCK_BYTES = 64 * 1024
const BLOCK_WRITES = 4096
const PIECE_LENGTH = 64 * 1024

/** Consecutive small writes, copied: one system call for up to 64 KiB of them. They can't be given up one by one. */
export class WriteBlock extends Parked {
  readonly #target: WriteTarget
  #memory: Bytes
  #start = 0
  #end = 0
  // By write: where it ends in the block, its promise, and what settles that.
  readonly #ends: number[] = []
  readonly #promises: Promise<void>[] = []
  readonly #resolves: (() => void)[] = []
  readonly #rejects: ((error: Error) => void)[] = []
  #settled = 0

  constructor(target: WriteTarget, size: number) {
    super()
    this.#target = target
    this.#memory = new Uint8Array(Math.min(BLOCK_BYTES, Math.max(1024, size)))
  }

  /** Copies a write into the block; undefined when it has no room. */
  add(chunk: Bytes): Promise<void> | undefined {
    const end = this.#end + chunk.length
    if (end > BLOCK_BYTES || this.#ends.length >= BLOCK_WRITES) return undefined
    if (end > this.#memory.length) this.#grow(end)
    this.#memory.set(chunk, this.#end)
    this.#end = end
    const promise = new Promise<void>((resolve, reject) => {
      this.#resolves.push(resolve)
      this.#rejects.push(reject)
    })
    this.#ends.push(end)
    this.#promises.push(promise)
    return promise
  }

  override attempt(): Outcome {
    const count = this.#target.push(this.#memory, this.#start, this.#end - this.#start)
    if (count === AGAIN) return WAIT
    if (count < 0) {
      this.#target.break(errnoError(-count, 'write'))
      return DONE
    }
    this.#start += count
    const inTurn = turn.charge(count)
    while (this.#settled < this.#ends.length && (this.#ends[this.#settled] as number) <= this.#start) {
      const resolve = this.#resolves[this.#settled++] as () => void
      if (inTurn) resolve()
      else turn.defer(resolve, undefined)
    }
    return this.#start === this.#end ? DONE : WAIT
  }

  override fail(error: Error): void {
    this.#target.forget(this.#end - this.#start)
    for (; this.#settled < this.#ends.length; this.#settled++) {
      ignore(this.#promises[this.#settled] as Promise<void>)
      this.#rejects[this.#settled]?.(error)
    }
  }

  #grow(needed: number): void {
    const memory = new Uint8Array(Math.min(BLOCK_BYTES, Math.max(needed, this.#memory.length * 2)))
    memory.set(this.#memory.subarray(0, this.#end))
    this.#memory = memory
  }
}

/** One write of its own: a large one, or one that can be given up as long as none of its bytes was taken. */
export class SingleWrite extends Parked {
  readonly what = 'write'
  readonly promise: Promise<void>
  guard: Guard | undefined
  /** Its first bytes were taken by an earlier try, and it holds the rest only. */
  continues = false
  /** Who writes it accounts for `taken` bytes, so it can be given up in the middle. */
  isDivisible = false
  /** All of its bytes, and those the kernel took. */
  readonly size: number
  taken = 0
  readonly #target: WriteTarget
  #resolve!: () => void
  #reject!: (error: unknown) => void
  #isSettled = false
  #bytes: Bytes
  #length: number
  #offset: number
  // What is left of a text is encoded piece by piece as the pipe takes it.
  #text = ''
  #textAt = 0

  /** Bytes are kept by reference; those before `offset` were taken already. */
  constructor(target: WriteTarget, source: string | Bytes, offset: number, size: number) {
    super()
    this.#target = target
    this.size = size
    this.#bytes = typeof source === 'string' ? new Uint8Array(PIECE_LENGTH * 3) : source
    this.#length = typeof source === 'string' ? 0 : source.length
    this.#offset = offset
    this.taken = offset
    if (typeof source === 'string') this.#text = source
    this.promise = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** It can't be given up any more. */
  get isCommitted(): boolean {
    return !this.isDivisible && (this.continues || this.taken > 0)
  }

  override attempt(): Outcome {
    const before = this.taken
    for (let calls = 0; calls < ROUND_CALLS && this.taken - before < ROUND_BYTES; calls++) {
      if (this.#offset === this.#length && !this.#encode()) return this.#succeed()
      // Otherwise the native side would read memory that isn't there.
      if (this.#text === '' && this.#bytes.byteLength !== this.#length) {
        return this.#refuse(
          invalidOption('chunk', 'left attached and in its size until the write settles', this.#bytes),
        )
      }
      const count = this.#target.push(this.#bytes, this.#offset, this.#length - this.#offset)
      if (count === AGAIN) return WAIT
      if (count < 0) return this.#broken(errnoError(-count, 'write'))
      this.#offset += count
      this.taken += count
    }
    return this.taken === this.size ? this.#succeed() : MORE
  }

  override fail(error: Error): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.guard?.disarm()
    this.#target.forget(this.size - this.taken)
    ignore(this.promise)
    this.#reject(error)
  }

  #succeed(): Outcome {
    this.#isSettled = true
    this.guard?.disarm()
    turn.settle(this.#resolve, undefined, this.size)
    return DONE
  }

  #refuse(error: Error): Outcome {
    this.fail(error)
    return DONE
  }

  #broken(error: Error): Outcome {
    this.#target.break(error)
    return this.#refuse(error)
  }

  /** The next piece of the text; false when there is none. */
  #encode(): boolean {
    const text = this.#text
    if (this.#textAt >= text.length) return false
    let end = Math.min(text.length, this.#textAt + PIECE_LENGTH)
    // Cut between the two halves of a character each would become U+FFFD.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--
    const { written } = encoder.encodeInto(text.slice(this.#textAt, end), this.#bytes)
    this.#textAt = end
    this.#offset = 0
    this.#length = written
    return true
  }
}

const encoder = new TextEncoder()

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00
}

/** A write nobody awaits must not end the process when it fails: its failure shows on the next write and on `end`. */
export function ignore(promise: Promise<unknown>): void {
  promise.catch(nothing)
}

function nothing(): void {}
