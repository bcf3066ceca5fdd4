// The lines of a reader, taken without waiting, and the operation that waits for them. Splitting is done by LineSplitter.
import { SluiceError } from '../errors.ts'
import { turn } from '../turn.ts'
import { AGAIN } from './endpoint.ts'
import type { LineSettings } from '../lines/index.ts'
import { LineSplitter } from '../lines/index.ts'
import { PendingRead } from './read-operations.ts'
import type { ReaderCore } from './reader-core.ts'

// Reads without a delimiter in them before the event loop gets its turn.
const READS_PER_TRY = 16
// How many buffered lines are handed out between two looks at the clock.
const LINES_PER_CHARGE = 32

/** What the iterators need: lines without waiting, operations that wait, and the way out. */
export class LineSource {
  readonly core: ReaderCore
  readonly #settings: LineSettings
  readonly #splitter: LineSplitter
  #lines: string[] = []
  #next = 0
  #uncharged = 0
  #handedOut = 0

  /** Holds the reader from here on; throws ERR_READER_BUSY when somebody else does. */
  constructor(core: ReaderCore, settings: LineSettings) {
    this.core = core
    this.#settings = settings
    this.#splitter = new LineSplitter(settings)
    core.acquire(this)
  }

  /** A line of the last read, without any system call. */
  buffered(): string | undefined {
    return this.#next < this.#lines.length && this.core.isHeldBy(this) ? this.#lines[this.#next++] : undefined
  }

  /** A promise for a line that was buffered. Its bytes were charged with their read; now and then the clock is looked at. */
  fulfilled<T>(value: T): Promise<T> {
    if (!turn.spent && (++this.#handedOut & (LINES_PER_CHARGE - 1)) !== 0) return Promise.resolve(value)
    return turn.fulfilled(value, 0)
  }

  /** The next line, null at the end, undefined for nothing yet. */
  takeLine(): string | null | undefined {
    this.core.acquire(this)
    const ready = this.#next < this.#lines.length ? true : this.#fill()
    return ready === true ? this.#lines[this.#next++] : ready
  }

  /** The lines of one read: what is left of the last one, or those of the next. */
  takeBatch(): string[] | null | undefined {
    this.core.acquire(this)
    const ready = this.#next < this.#lines.length ? true : this.#fill()
    if (ready !== true) return ready
    const batch = this.#next === 0 ? this.#lines : this.#lines.slice(this.#next)
    this.#lines = []
    this.#next = 0
    return batch
  }

  /** Bytes read since the last call: what the turn budget is charged with. */
  uncharged(): number {
    const bytes = this.#uncharged
    this.#uncharged = 0
    return bytes
  }

  /** Puts what was not delivered back in front of the reader, and tells the owner that the loop was left. */
  leave(): Promise<void> {
    this.#giveBack()
    return this.core.leave(this)
  }

  /** true: there are lines. */
  #fill(): true | null | undefined {
    const splitter = this.#splitter
    for (let reads = 0; reads < READS_PER_TRY; reads++) {
      if (splitter.isTooLong) throw this.#tooLong()
      const { memory, offset, room } = splitter.reserve()
      const count = this.#read(memory, offset, room)
      if (count === AGAIN) return undefined
      this.#uncharged += Math.max(0, count)
      this.#lines = count > 0 ? splitter.commit(count) : splitter.finish()
      this.#next = 0
      if (this.#lines.length > 0) return true
      if (count === 0 && !splitter.isTooLong) {
        this.core.release(this)
        return null
      }
    }
    return undefined
  }

  /** An end that is an error comes after the last line, as it comes after the last byte: the next read finds it again. */
  #read(memory: Uint8Array, offset: number, room: number): number {
    try {
      return this.core.fill(memory, offset, room)
    } catch (error) {
      if (offset > 0 && !this.core.isCanceled) return 0
      this.core.release(this)
      throw error
    }
  }

  #tooLong(): SluiceError {
    this.#giveBack()
    this.core.release(this)
    const message = `a line is longer than maxLength (${this.#settings.maxLength} bytes); it is still there to read as bytes`
    return new SluiceError('ERR_LINE_TOO_LONG', message)
  }

  #giveBack(): void {
    this.core.putBack(this.#splitter.giveBack(this.#next, this.#lines.length))
    this.#lines = []
    this.#next = 0
  }
}

/** Waits for one line, or for one batch. */
export class LineRead<T> extends PendingRead<T> {
  readonly what = 'lines'
  readonly #source: LineSource
  readonly #take: (source: LineSource) => T | undefined

  constructor(source: LineSource, take: (source: LineSource) => T | undefined) {
    super(source.core)
    this.#source = source
    this.#take = take
  }

  protected override step(): boolean {
    const value = this.#take(this.#source)
    return value === undefined ? false : this.succeed(value, this.#source.uncharged())
  }
}
