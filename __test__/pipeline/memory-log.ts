// A log for several pipelines at once, with fencing. It can be unreachable.

import { SluiceError, type EventLog } from '../../index.ts'
import { checkAppend, checkCommit, checkProcessor, checkRead, type ReadOptions } from '../../src/cluster/checks.ts'
import { closedLog, conflict, fenced, fencedAppend, tooLarge, trimmed } from '../../src/cluster/cluster-errors.ts'
import { LogReader, type LogEvent, type Pages } from '../../src/cluster/log-reader.ts'

const LARGEST = 1024 * 1024

interface Cursor {
  sequence: number
  epoch: number
  /** Nothing was committed in this epoch. */
  isFresh: boolean
}

class Kept {
  readonly payloads: Uint8Array[] = []
  readonly cursors = new Map<string, Cursor>()
  readonly waiting = new Set<() => void>()
  /** Events up to this one are gone. */
  trimmed = 0
  /** The newest epoch that appended. */
  epoch = 0
}

export class MemoryLog implements EventLog {
  readonly #kept: Kept
  readonly #readers = new Set<LogReader>()
  appends = 0
  largestAppend = 0
  commits = 0
  isDown = false
  /** Bytes that one event may have. */
  largest = LARGEST
  /** Runs before each `acquire`. */
  beforeAcquire: (() => Promise<void>) | undefined
  isClosed = false

  constructor(kept: Kept = new Kept()) {
    this.#kept = kept
  }

  /** Another client of the same log. */
  another(): MemoryLog {
    return new MemoryLog(this.#kept)
  }

  async append(
    payloads: readonly Uint8Array[],
    options?: { epoch?: number; expectedSequence?: number },
  ): Promise<number> {
    checkAppend(payloads, options)
    const kept = this.#reach()
    const large = payloads.find(({ length }) => length > this.largest)
    if (large !== undefined) throw tooLarge(large, `the memory takes ${this.largest}`)
    const { epoch, expectedSequence = kept.payloads.length } = options ?? {}
    if (epoch !== undefined && epoch < kept.epoch) throw fencedAppend(epoch, kept.epoch)
    if (expectedSequence !== kept.payloads.length) throw conflict(expectedSequence, kept.payloads.length)
    this.appends += 1
    this.largestAppend = Math.max(this.largestAppend, payloads.length)
    kept.epoch = epoch ?? kept.epoch
    kept.payloads.push(...payloads.map(payload => payload.slice()))
    this.wake()
    return kept.payloads.length
  }

  read(from: number, options?: ReadOptions): LogReader {
    checkRead(from, options)
    const reader = new LogReader(
      from,
      options,
      () => {
        this.#readers.add(reader)
        return new MemoryPages(this.#kept, () => void this.#reach())
      },
      () => this.#readers.delete(reader),
    )
    return reader
  }

  /** As they are kept, to be looked at and damaged. */
  get payloads(): Uint8Array[] {
    return this.#kept.payloads
  }

  async last(): Promise<number> {
    return this.#reach().payloads.length
  }

  async first(): Promise<number> {
    return this.#reach().trimmed + 1
  }

  async cursor(processor: string): Promise<{ sequence: number; epoch: number }> {
    checkProcessor(processor)
    const { sequence, epoch } = this.#cursorOf(processor)
    return { sequence, epoch }
  }

  async commit(processor: string, sequence: number, epoch: number): Promise<void> {
    checkCommit(processor, sequence, epoch)
    const cursor = this.#cursorOf(processor)
    this.commits += 1
    if (cursor.epoch !== epoch) throw fenced(processor, epoch, cursor.epoch)
    cursor.sequence = cursor.isFresh ? sequence : Math.max(sequence, cursor.sequence)
    cursor.isFresh = false
  }

  async acquire(processor: string): Promise<number> {
    checkProcessor(processor)
    await this.beforeAcquire?.()
    const cursor = this.#cursorOf(processor)
    cursor.isFresh = true
    return ++cursor.epoch
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true
    for (const reader of this.#readers) reader.fail(closedLog('memory'))
  }

  /** Readers of all clients that wait. */
  get readers(): number {
    return this.#kept.waiting.size
  }

  /** Readers look again. */
  wake(): void {
    for (const wake of this.#kept.waiting) wake()
  }

  /** Events up to this one are gone. */
  trim(upTo: number): void {
    this.#kept.trimmed = upTo
  }

  #reach(): Kept {
    if (this.isClosed) throw closedLog('memory')
    if (this.isDown) throw new SluiceError('ECONNREFUSED', 'connection refused')
    return this.#kept
  }

  #cursorOf(processor: string): Cursor {
    const { cursors } = this.#reach()
    const cursor = cursors.get(processor) ?? { sequence: 0, epoch: 0, isFresh: true }
    cursors.set(processor, cursor)
    return cursor
  }
}

class MemoryPages implements Pages {
  readonly #kept: Kept
  readonly #reach: () => void
  #wake: (() => void) | undefined
  #isOver = false

  constructor(kept: Kept, reach: () => void) {
    this.#kept = kept
    this.#reach = reach
  }

  async take(from: number, maxBytes: number, waits: boolean): Promise<readonly LogEvent[]> {
    const { payloads, waiting } = this.#kept
    for (;;) {
      this.#reach()
      if (from <= this.#kept.trimmed) throw trimmed(from, this.#kept.trimmed + 1)
      if (from <= payloads.length || !waits || this.#isOver) break
      await new Promise<void>(resolve => {
        this.#wake = resolve
        waiting.add(resolve)
      })
      this.#wakeUp()
    }
    const page: LogEvent[] = []
    for (let sequence = from, bytes = 0; sequence <= payloads.length; sequence++) {
      const payload = payloads[sequence - 1] as Uint8Array
      bytes += payload.length
      if (bytes > maxBytes && page.length > 0) break
      page.push({ sequence, payload })
    }
    return page
  }

  end(): void {
    this.#isOver = true
    this.#wakeUp()
  }

  #wakeUp(): void {
    const wake = this.#wake
    if (wake === undefined) return
    this.#wake = undefined
    this.#kept.waiting.delete(wake)
    wake()
  }
}
