// The reading of one collected stream: from a child's pipe into a collector, through a tee, until its end or until it is cut.
import { timeoutError } from '../errors.ts'
import { Collector, type CollectedValue } from './collect.ts'
import type { Life } from './life.ts'
import { limitLifetime } from './lifetime.ts'
import type { PipeReader } from './reader.ts'
import { Tee } from './tee.ts'

/** What is still taken of a pipe that somebody goes on writing to. A kernel pipe holds no more than that by default. */
const LAST_BYTES = 1024 * 1024

export class Gather {
  readonly #life: Life
  readonly #name: 'stdout' | 'stderr'
  readonly #reader: PipeReader
  readonly #collector: Collector
  readonly #tee: Tee | undefined
  readonly #done: Promise<void>
  readonly #stopLimits: (() => void) | undefined
  #isWaiting = false
  #left = Infinity
  #isCut = false
  #isClosed = false
  #isLate = false

  constructor(life: Life, name: 'stdout' | 'stderr', reader: PipeReader) {
    const { collect } = life.settings
    const target = collect.tee[name]
    this.#life = life
    this.#name = name
    this.#reader = reader
    this.#collector = new Collector(collect)
    this.#tee = target && new Tee(target)
    // The child's own limits go with it, but its output may wait for a tee long after that; the wait may be all that is alive.
    this.#stopLimits = target && limitLifetime(life.settings, why => this.#giveUp(why), true)
    this.#done = this.#read()
  }

  get truncated(): boolean {
    return this.#collector.overflowed
  }

  value(): CollectedValue {
    return this.#collector.value()
  }

  /** The child is closed: takes what is there, and waits for more only as long as an end is certain to come. */
  async finish(drained: boolean): Promise<void> {
    this.#isClosed = true
    this.#isCut = !drained
    if (!drained) this.#left = LAST_BYTES
    // Of a child that we ended, the output matters and the pace of a tee no longer does.
    if (!drained || this.#life.isCut || this.#isLate) this.#tee?.release()
    if (!drained && this.#isWaiting) await this.#reader.cancel()
    await this.#done
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const chunk = this.#isCut ? this.#reader.tryRead() : await this.#next()
        if (chunk === null || chunk === undefined || this.#left <= 0) break
        this.#left -= chunk.length
        this.#collector.push(chunk)
        if (this.#overflows()) break
        if (this.#tee) await this.#copy(this.#tee, chunk)
      }
    } catch (cause) {
      // After we ended it, its pipes end with an error; what they held has been taken.
      if (!this.#life.isCut && !this.#isCut) this.#fail('could not be read', cause)
    }
    this.#stopLimits?.()
    this.#tee?.release()
    await this.#reader.cancel()
  }

  /** Before the child is closed that is what it ends of, and its last words are still copied. */
  #giveUp(why: 'timeout' | 'abort'): void {
    this.#isLate = true
    if (!this.#isClosed) return
    const { timeout, signal } = this.#life.settings
    const cause: unknown = why === 'timeout' ? timeoutError('tee', timeout) : signal?.reason
    this.#fail('could not be copied to its tee target in time', cause)
    this.#tee?.release()
  }

  async #next(): Promise<Uint8Array | null> {
    this.#isWaiting = true
    const chunk = await this.#reader.read()
    this.#isWaiting = false
    return chunk
  }

  async #copy(tee: Tee, chunk: Uint8Array): Promise<void> {
    try {
      await tee.write(chunk)
    } catch (cause) {
      tee.release()
      this.#fail('could not be copied to its tee target', cause)
    }
  }

  #overflows(): boolean {
    const { maxBuffer, onMaxBuffer } = this.#life.settings.collect
    if (onMaxBuffer !== 'error' || !this.#collector.overflowed) return false
    this.#life.fail({ code: 'ERR_MAX_BUFFER', what: `Command's ${this.#name} was larger than ${maxBuffer} bytes` })
    return true
  }

  #fail(what: string, cause: unknown): void {
    this.#life.fail({ code: 'ERR_PROCESS_FAILED', what: `Command's ${this.#name} ${what}`, cause })
  }
}
