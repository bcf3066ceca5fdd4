// The operations that wait for bytes: a chunk, a filled buffer, an exact count. Each tries one system call at a time.
import { invalidOption, SluiceError } from '../errors.ts'
import { turn } from '../turn.ts'
import type { Bytes } from './byte-types.ts'
import { AGAIN } from './endpoint.ts'
import { DONE, Parked, WAIT, type Outcome } from './parked.ts'
import type { ReaderCore } from './reader-core.ts'
import type { Guard } from '../wait.ts'

/** An operation with a promise. It settles once; whatever comes later is ignored. */
export abstract class PendingRead<T> extends Parked {
  readonly promise: Promise<T>
  guard: Guard | undefined
  abstract readonly what: string
  protected readonly core: ReaderCore
  #resolve!: (value: T) => void
  #reject!: (error: unknown) => void

  constructor(core: ReaderCore) {
    super()
    this.core = core
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** One try; true when it settled. May throw what the promise rejects with. */
  protected abstract step(): boolean
  /** Bytes that were taken and will not be delivered; asked once. */
  protected undelivered(): Bytes | undefined {
    return undefined
  }

  override attempt(): Outcome {
    try {
      return this.step() ? DONE : WAIT
    } catch (error) {
      this.fail(error)
      return DONE
    }
  }

  /** What it took goes back in front, ahead of those that wait behind it. */
  override fail(error: unknown): void {
    this.guard?.disarm()
    const undelivered = this.undelivered()
    if (undelivered !== undefined) this.core.putBack(undelivered)
    this.#reject(error)
  }

  /** Rejects without having tried. */
  refuse(error: unknown): Promise<T> {
    this.#reject(error)
    return this.promise
  }

  /** Ends the wait with an error. */
  giveUp(error: unknown): void {
    this.fail(error)
    this.core.endpoint.unpark(this)
  }

  /** Ends the wait with a value that is no data; one that has its data already keeps it. */
  dismiss(value: T): void {
    if (!this.isQueued) return
    this.guard?.disarm()
    this.#resolve(value)
    this.core.endpoint.unpark(this)
  }

  protected succeed(value: T, bytes: number): true {
    this.guard?.disarm()
    turn.settle(this.#resolve, value, bytes)
    return true
  }
}

/** Whatever is there, up to a size; null at the end. */
export class ChunkRead<T = Bytes | null> extends PendingRead<T> {
  readonly what = 'read'
  readonly #max: number
  readonly #shape: (chunk: Bytes | null) => T

  /** `shape` makes the promise's value of a chunk: an iterator wants another one than `read`. */
  constructor(core: ReaderCore, max: number, shape: (chunk: Bytes | null) => T) {
    super(core)
    this.#max = max
    this.#shape = shape
  }

  protected override step(): boolean {
    const chunk = this.core.take(this.#max)
    if (chunk === undefined) return false
    return this.succeed(this.#shape(chunk), chunk === null ? 0 : chunk.length)
  }
}

/** Into memory of the consumer, which may detach or resize it while this waits. */
export class FillRead extends PendingRead<number> {
  readonly what = 'readInto'
  readonly #into: Bytes
  readonly #size: number

  constructor(core: ReaderCore, into: Bytes) {
    super(core)
    this.#into = into
    this.#size = into.byteLength
  }

  protected override step(): boolean {
    const into = this.#into
    if (into.byteLength !== this.#size)
      throw invalidOption('buffer', 'left attached and in its size until the read settles', into)
    const count = into.buffer instanceof ArrayBuffer ? this.core.fill(into, 0, this.#size) : this.#copy()
    return count === AGAIN ? false : this.succeed(count, count)
  }

  /** Memory shared with other threads is not given to the native side. */
  #copy(): number {
    const chunk = this.core.take(this.#size)
    if (chunk === undefined) return AGAIN
    if (chunk === null) return 0
    this.#into.set(chunk)
    return chunk.length
  }
}

/** Exactly so many bytes. */
export class ExactRead extends PendingRead<Bytes> {
  readonly what = 'readExactly'
  readonly #size: number
  readonly #chunks: Bytes[] = []
  #length = 0

  constructor(core: ReaderCore, size: number) {
    super(core)
    this.#size = size
  }

  protected override step(): boolean {
    while (this.#length < this.#size) {
      const chunk = this.core.take(this.#size - this.#length)
      if (chunk === undefined) return false
      if (chunk === null) throw this.#tooShort()
      this.#chunks.push(chunk)
      this.#length += chunk.length
    }
    return this.succeed(join(this.#chunks), this.#length)
  }

  protected override undelivered(): Bytes {
    const part = join(this.#chunks)
    this.#chunks.length = 0
    this.#length = 0
    return part
  }

  #tooShort(): SluiceError {
    return new SluiceError(
      'ERR_READER_CLOSED',
      `the pipe ended after ${this.#length} of ${this.#size} bytes, which are still there to read`,
    )
  }
}

/** One piece of memory with all of the bytes. */
export function join(chunks: readonly Bytes[]): Bytes {
  const [first] = chunks
  if (chunks.length === 1 && first !== undefined) return first
  let length = 0
  for (const chunk of chunks) length += chunk.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}
