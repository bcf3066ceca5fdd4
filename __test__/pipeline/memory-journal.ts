// A journal that outlives its pipelines, as long as the test does. It can be slow, fail, and forget what was not synced.

import type { Journal, JournalRecord } from '../../index.ts'

export class MemoryJournal implements Journal {
  readonly durability = 'synced'
  records: JournalRecord[] = []
  appends = 0
  compactions: number[] = []
  isClosed = false
  /** Runs before each append; what it throws is what the append rejects with. */
  before: ((records: readonly JournalRecord[]) => void | Promise<void>) | undefined

  async append(records: readonly JournalRecord[]): Promise<void> {
    this.appends += 1
    await this.before?.(records)
    this.records.push(...records)
  }

  async *replay(): AsyncGenerator<JournalRecord, void, undefined> {
    yield* this.records.slice()
  }

  /** As segments do: everything goes that lies before the first event to be kept. */
  async compact(below: number): Promise<void> {
    this.compactions.push(below)
    const first = this.records.findIndex(({ kind, sequence }) => kind === 'event' && sequence >= below)
    this.records = this.records.slice(first < 0 ? this.records.length : first)
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What a crash at this moment leaves behind. */
  crashed(): MemoryJournal {
    const copy = new MemoryJournal()
    copy.records = [...this.records]
    return copy
  }

  /** Events that are kept. */
  get events(): number[] {
    return this.records.filter(({ kind }) => kind === 'event').map(({ sequence }) => sequence)
  }
}
