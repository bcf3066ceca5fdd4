// What a journal holds, read block by block as it is asked for. Hand-written, so that leaving answers at once while a `next()` is parked.
import { HandIterator } from '../iterator.ts'
import { turn } from '../turn.ts'
import type { Block } from './journal-core.ts'
import { RecordBlock } from './record-codec.ts'
import type { JournalRecord } from './types.ts'

type Step = IteratorResult<JournalRecord, undefined>
type Waiting = { resolve: (step: Step) => void; reject: (error: unknown) => void }
/** Gives the block behind the last one; the first without one. */
export type ReadBlock = (after: Block | undefined) => Promise<Block>

const END: Step = { done: true, value: undefined }

/** Each iteration begins at the oldest record. */
export class Replay implements AsyncIterable<JournalRecord> {
  readonly #read: ReadBlock

  constructor(read: ReadBlock) {
    this.#read = read
  }

  [Symbol.asyncIterator](): ReplayIterator {
    return new ReplayIterator(this.#read)
  }
}

class ReplayIterator extends HandIterator<JournalRecord> {
  readonly #read: ReadBlock
  #last: Block | undefined
  #records: RecordBlock | undefined
  #waiting: Waiting[] = []
  #isReading = false
  #isDone = false

  constructor(read: ReadBlock) {
    super()
    this.#read = read
  }

  override next(): Promise<Step> {
    if (this.#isDone) return Promise.resolve(END)
    const record = this.#waiting.length === 0 ? this.#records?.next() : undefined
    if (record !== undefined) return turn.fulfilled<Step>({ done: false, value: record }, sizeOf(record))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (!this.#isReading) void this.#fill()
    })
  }

  override return(): Promise<Step> {
    this.#end()
    return Promise.resolve(END)
  }

  /** Reads as long as somebody waits, one block at a time. */
  async #fill(): Promise<void> {
    this.#isReading = true
    try {
      while (this.#waiting.length > 0) {
        const block = await this.#read(this.#last)
        if (this.#isDone) return
        if (block.bodies.length === 0) return this.#end()
        this.#last = block
        this.#records = new RecordBlock(block.bodies)
        this.#serve(this.#records)
      }
    } catch (error) {
      const [first] = this.#waiting.splice(0, 1)
      this.#end()
      first?.reject(error)
    } finally {
      this.#isReading = false
    }
  }

  #serve(records: RecordBlock): void {
    let served = 0
    for (const { resolve } of this.#waiting) {
      const value = records.next()
      if (value === undefined) break
      served += 1
      resolve({ done: false, value })
    }
    this.#waiting = this.#waiting.slice(served)
  }

  #end(): void {
    this.#isDone = true
    this.#records = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (const { resolve } of waiting) resolve(END)
  }
}

function sizeOf({ payload }: JournalRecord): number {
  return payload === undefined ? 0 : payload.byteLength
}
