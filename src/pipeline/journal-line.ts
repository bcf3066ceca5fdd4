// What is to be written to a journal, in one append at a time: all that gathers while one is under way goes into the next. So a failed
// append leaves no gap between sequences, and one fdatasync serves all who wait.
import { Deque } from '../deque.ts'
import type { Journal, JournalRecord } from '../journal/index.ts'
import { FIXED_BYTES, LARGEST_RECORD } from '../record-limits.ts'

interface Waiting<I> {
  readonly data: I
  readonly payload: Uint8Array
  readonly resolve: (sequence: number) => void
  readonly reject: (error: unknown) => void
}

interface Entry {
  readonly record: JournalRecord
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface JournalLineOwner<I> {
  /** The event after the last; gives its sequence. */
  accepted(data: I): number
  readonly last: number
  /** An append with events is over. */
  appended(): void
  /** One failed; whether it had events. */
  rejected(error: unknown, hadEvents: boolean): void
  /** After each append. */
  housekeeping(): Promise<void> | undefined
}

export class JournalLine<I> {
  readonly #journal: Journal
  readonly #owner: JournalLineOwner<I>
  readonly #events = new Deque<Waiting<I>>()
  // Of progress only the latest of each processor counts.
  #marks = new Map<string, Entry>()
  #entries: Entry[] = []
  #writing: Promise<void> | undefined
  #underWay = 0

  constructor(journal: Journal, owner: JournalLineOwner<I>) {
    this.#journal = journal
    this.#owner = owner
  }

  /** Events that are not written yet. */
  get pending(): number {
    return this.#events.length + this.#underWay
  }

  event(data: I, payload: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#events.push({ data, payload, resolve, reject })
      this.#start()
    })
  }

  /** Progress. Whatever is told before it is written replaces it. */
  mark(record: JournalRecord, written: () => void, failed: (error: unknown) => void): void {
    this.#marks.set(record.processor ?? '', { record, resolve: written, reject: failed })
    this.#start()
  }

  /** A record that counts more than all progress of older epochs, whichever is written first. */
  put(record: JournalRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#entries.push({ record, resolve, reject })
      this.#start()
    })
  }

  /** Fulfils when nothing is left to write. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  // From a microtask, so that what comes at once goes at once.
  #start(): void {
    this.#writing ??= Promise.resolve().then(() => this.#write())
  }

  async #write(): Promise<void> {
    while (this.#events.length > 0 || this.#marks.size > 0 || this.#entries.length > 0) {
      const events = this.#group()
      const entries = [...this.#entries, ...this.#marks.values()]
      this.#entries = []
      this.#marks = new Map()
      this.#underWay = events.length
      const { last } = this.#owner
      const records = entries.map(({ record }) => record)
      for (const [i, { payload }] of events.entries()) records.push({ kind: 'event', sequence: last + 1 + i, payload })
      try {
        await this.#journal.append(records)
        this.#underWay = 0
        for (const { data, resolve } of events) resolve(this.#owner.accepted(data))
        if (events.length > 0) this.#owner.appended()
        for (const { resolve } of entries) resolve()
        await this.#owner.housekeeping()
      } catch (error) {
        this.#underWay = 0
        this.#owner.rejected(error, events.length > 0)
        for (const { reject } of [...events, ...entries]) reject(error)
      }
    }
    this.#writing = undefined
  }

  /** The events of the next append: all, but for what would make it too large. */
  #group(): Waiting<I>[] {
    const events: Waiting<I>[] = []
    let bytes = 0
    for (let next = this.#events.peek(); next !== undefined; next = this.#events.peek()) {
      bytes += FIXED_BYTES + next.payload.byteLength
      if (bytes > LARGEST_RECORD && events.length > 0) break
      events.push(next)
      this.#events.shift()
    }
    return events
  }
}
