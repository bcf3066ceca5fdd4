// Events and progress in a log that several machines share. Every processor reads for itself, for no two are at the same event.
import { Deque } from '../deque.ts'
import { RefusedError } from '../errors.ts'
import { LogCursor } from './log-cursor.ts'
import { decodedEvent, encodedEvent } from './payload.ts'
import { trimmed } from './pipeline-errors.ts'
import type { Committed, Start, Store } from './store.ts'
import type { Codec, EventLog, PipelineEvent } from './types.ts'

// What engines take at once is bounded.
const MOST_AT_ONCE = 500

interface Waiting {
  readonly payload: Uint8Array
  readonly resolve: (sequence: number) => void
  readonly reject: (error: unknown) => void
}

export class LogStore<I> implements Store<I> {
  readonly ring = undefined
  readonly isLasting = true
  readonly isBroken = false
  last = 0
  own = 0
  readonly #log: EventLog
  readonly #codec: Codec<I>
  readonly #changed: () => void
  readonly #waiting = new Deque<Waiting>()
  readonly #cursors = new Map<string, LogCursor>()
  #appending: Promise<void> | undefined
  #underWay = 0

  /** `changed` is called when fewer events are on their way in. */
  constructor(log: EventLog, codec: Codec<I>, changed: () => void) {
    this.#log = log
    this.#codec = codec
    this.#changed = changed
  }

  get pending(): number {
    return this.#waiting.length + this.#underWay
  }

  async tail(): Promise<number> {
    const last = await this.#log.last?.()
    this.last = Math.max(this.last, last ?? 0)
    return this.last
  }

  async append(data: I): Promise<number> {
    const payload = encodedEvent(this.#codec, data)
    return await new Promise<number>((resolve, reject) => {
      this.#waiting.push({ payload, resolve, reject })
      this.#appending ??= Promise.resolve().then(() => this.#append())
    })
  }

  async *read(from: number, signal: AbortSignal): AsyncGenerator<PipelineEvent<I>, void, undefined> {
    let wanted = from
    for await (const { sequence, payload } of this.#log.read(from, { signal })) {
      if (sequence < wanted) continue
      if (sequence > wanted) throw trimmed(wanted, sequence)
      wanted += 1
      this.last = Math.max(this.last, sequence)
      yield decodedEvent(this.#codec, sequence, payload)
    }
  }

  async adopt(processor: string): Promise<Start> {
    const epoch = await this.#log.acquire(processor)
    // Only now nobody else can move it.
    const known = await this.#log.cursor(processor)
    const sequence = epoch === 1 && known.sequence === 0 ? await this.#beginning(processor, epoch) : known.sequence
    this.last = Math.max(this.last, sequence)
    this.#begin(processor, epoch)
    return { published: sequence, epoch }
  }

  commit(processor: string, sequence: number, _epoch: number, owner: Committed): void {
    this.#cursors.get(processor)?.move(sequence, owner)
  }

  check(to: number): Promise<void> | undefined {
    return to <= this.last ? this.#look(to) : undefined
  }

  async rewind(processor: string, to: number): Promise<number> {
    this.#cursors.get(processor)?.end()
    const epoch = await this.#log.acquire(processor)
    await this.#log.commit(processor, to - 1, epoch)
    this.#begin(processor, epoch)
    return epoch
  }

  async forget(processor: string): Promise<void> {
    const cursor = this.#cursors.get(processor)
    this.#cursors.delete(processor)
    cursor?.end()
    await cursor?.flushed()
  }

  async flushed(): Promise<void> {
    await this.#appending
  }

  async close(): Promise<void> {
    await this.flushed()
    for (const cursor of this.#cursors.values()) await cursor.flushed()
    await this.#log[Symbol.asyncDispose]()
  }

  /** Of a processor that nobody knew. It is kept, so that what is dropped from now on is missed. */
  async #beginning(processor: string, epoch: number): Promise<number> {
    const before = ((await this.#log.first?.()) ?? 1) - 1
    if (before > 0) await this.#log.commit(processor, before, epoch)
    return before
  }

  #begin(processor: string, epoch: number): void {
    this.#cursors.get(processor)?.end()
    this.#cursors.set(processor, new LogCursor(this.#log, processor, epoch))
  }

  /** Throws if that event is gone. */
  async #look(sequence: number): Promise<void> {
    const events = this.#log.read(sequence)[Symbol.asyncIterator]()
    const { value, done } = await events.next()
    await events.return?.()
    if (done !== true && value.sequence !== sequence) throw trimmed(sequence, value.sequence)
  }

  // One append at a time, so that events get their places in the order they came.
  async #append(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiting: Waiting[] = []
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        waiting.push(next)
        if (waiting.length === MOST_AT_ONCE) break
      }
      this.#underWay = waiting.length
      try {
        await this.#appended(waiting)
      } catch (error) {
        // A log that takes none for one that is too large may take the others.
        if (waiting.length > 1 && error instanceof RefusedError) await this.#oneByOne(waiting)
        else for (const { reject } of waiting) reject(error)
      }
      this.#underWay = 0
      this.#changed()
    }
    this.#appending = undefined
  }

  async #oneByOne(waiting: readonly Waiting[]): Promise<void> {
    for (const one of waiting) {
      try {
        await this.#appended([one])
      } catch (error) {
        one.reject(error)
      }
    }
  }

  async #appended(waiting: readonly Waiting[]): Promise<void> {
    const last = await this.#log.append(waiting.map(({ payload }) => payload))
    this.own = last
    this.last = Math.max(this.last, last)
    for (const [i, { resolve }] of waiting.entries()) resolve(last - waiting.length + 1 + i)
  }
}
