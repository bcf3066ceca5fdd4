// Appends on their way to the journal's thread: gathered for one hand-over in each turn, parked while too many bytes are under way.
import type { SluiceError } from '../errors.ts'
import type { Asker, JournalCore } from './journal-core.ts'
import { checkedSize } from './record-check.ts'
import { RecordBuffer } from './record-codec.ts'
import type { JournalRecord } from './types.ts'

/** Bytes that are given to the thread and not acknowledged. A larger append goes alone. */
const MOST_UNDER_WAY = 16 * 1024 * 1024

class Append implements Asker {
  readonly records: readonly JournalRecord[]
  size: number
  readonly #appends: Appends
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void

  constructor(
    appends: Appends,
    records: readonly JournalRecord[],
    size: number,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.#appends = appends
    this.records = records
    this.size = size
    this.#resolve = resolve
    this.#reject = reject
  }

  done(): void {
    this.#resolve()
    this.#appends.released(this.size)
  }

  failed(error: SluiceError): void {
    this.#reject(error)
    this.#appends.released(this.size)
  }

  refuse(error: unknown): void {
    this.#reject(error)
  }
}

export class Appends {
  readonly #core: JournalCore
  readonly #buffer = new RecordBuffer()
  /** How many appends are in the buffer. */
  #gathered = 0
  #underWay = 0
  #parked: Append[] = []
  #onAdmitted: (() => void) | undefined
  readonly #handOver = (): void => this.handOver()

  constructor(core: JournalCore) {
    this.#core = core
  }

  /** Throws for what is no list of records. */
  add(records: readonly JournalRecord[]): Promise<void> {
    const size = checkedSize(records)
    if (size === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const append = new Append(this, records, size, resolve, reject)
      if (this.#parked.length === 0 && this.#hasRoom(size)) this.#admit(append)
      else this.#parked.push(append)
    })
  }

  /** Gives the thread what was gathered. Called before every other command, which keeps the order. */
  handOver(): void {
    if (this.#gathered === 0) return
    this.#core.native.append(this.#buffer.bytes, this.#buffer.length, this.#gathered)
    this.#gathered = 0
    this.#buffer.clear()
  }

  released(size: number): void {
    this.#underWay -= size
    if (this.#parked.length > 0) this.#unpark()
  }

  /** Fulfils when nothing is parked. */
  async admitted(): Promise<void> {
    if (this.#parked.length > 0) await new Promise<void>(resolve => (this.#onAdmitted = resolve))
  }

  #hasRoom(size: number): boolean {
    return this.#underWay === 0 || this.#underWay + size <= MOST_UNDER_WAY
  }

  /** Gathered until the microtasks of this turn are over: who was woken together appends together, and is synced together. */
  #admit(append: Append): void {
    try {
      this.#buffer.add(append.records, append.size)
    } catch (error) {
      return append.refuse(error)
    }
    this.#underWay += append.size
    this.#core.expect(append)
    if (this.#gathered++ === 0) process.nextTick(this.#handOver)
  }

  #unpark(): void {
    const { failure } = this.#core
    let next = 0
    for (; next < this.#parked.length; next++) {
      const append = this.#parked[next] as Append
      if (failure !== undefined) append.refuse(failure)
      else if (!this.#hasRoom(append.size)) break
      else this.#admitParked(append)
    }
    this.#parked = this.#parked.slice(next)
    if (this.#parked.length === 0) this.#onAdmitted?.()
  }

  /** Looked at again: time has passed since it was checked. */
  #admitParked(append: Append): void {
    try {
      append.size = checkedSize(append.records)
    } catch (error) {
      return append.refuse(error)
    }
    this.#admit(append)
  }
}
