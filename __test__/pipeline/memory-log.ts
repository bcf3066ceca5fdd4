// A log for several pipelines at once, with fencing. It can be unreachable.

import { RefusedError, SluiceError, type EventLog } from '../../index.ts'

interface Cursor {
  sequence: number
  epoch: number
}

export class MemoryLog implements EventLog {
  payloads: Uint8Array[] = []
  /** Events up to this one are gone. */
  trimmed = 0
  appends = 0
  commits = 0
  isDown = false
  /** Bytes that one event may have. */
  largest = Infinity
  /** Runs before each `acquire`. */
  beforeAcquire: (() => Promise<void>) | undefined
  isClosed = false
  readonly cursors = new Map<string, Cursor>()
  #waiting: (() => void)[] = []

  async append(payloads: readonly Uint8Array[]): Promise<number> {
    this.#reach()
    this.appends += 1
    const large = payloads.find(({ byteLength }) => byteLength > this.largest)
    if (large !== undefined) throw new RefusedError('ERR_ITEM_TOO_LARGE', `${large.byteLength} bytes`, large)
    this.payloads.push(...payloads)
    this.wake()
    return this.payloads.length
  }

  async *read(
    from: number,
    options?: { signal?: AbortSignal },
  ): AsyncGenerator<{ sequence: number; payload: Uint8Array }, void, undefined> {
    if (from <= this.trimmed) throw new SluiceError('ERR_SEQUENCE_TRIMMED', `${from} is gone`)
    for (let sequence = from; options?.signal?.aborted !== true;) {
      this.#reach()
      const payload = this.payloads[sequence - 1]
      if (payload === undefined) await this.#change(options?.signal)
      else yield { sequence: sequence++, payload }
    }
  }

  async last(): Promise<number> {
    this.#reach()
    return this.payloads.length
  }

  async cursor(processor: string): Promise<Cursor> {
    this.#reach()
    return { ...this.#cursorOf(processor) }
  }

  async commit(processor: string, sequence: number, epoch: number): Promise<void> {
    this.#reach()
    this.commits += 1
    const cursor = this.#cursorOf(processor)
    if (cursor.epoch !== epoch) throw new SluiceError('ERR_SEQUENCE_FENCED', `${processor} is at epoch ${cursor.epoch}`)
    cursor.sequence = sequence
  }

  async acquire(processor: string): Promise<number> {
    this.#reach()
    await this.beforeAcquire?.()
    return ++this.#cursorOf(processor).epoch
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true
  }

  /** Readers look again. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  #reach(): void {
    if (this.isDown) throw new Error('connection refused')
  }

  #cursorOf(processor: string): Cursor {
    const cursor = this.cursors.get(processor) ?? { sequence: 0, epoch: 0 }
    this.cursors.set(processor, cursor)
    return cursor
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.push(wake)
      signal?.addEventListener('abort', wake)
    })
  }
}
