// A journal in a directory of this machine, from its opening to its close.
import { invalidOption, type SluiceError } from '../errors.ts'
import { rejected } from '../wait.ts'
import { Appends } from './appends.ts'
import type { Block, JournalCore } from './journal-core.ts'
import { closedError, replayClosedError } from './journal-errors.ts'
import { Replay } from './replay.ts'
import type { Journal, JournalRecord } from './types.ts'

export class FileJournal implements Journal {
  readonly durability: 'written' | 'synced'
  readonly #core: JournalCore
  readonly #appends: Appends
  #closed: Promise<void> | undefined
  #isReleased = false

  constructor(core: JournalCore, durability: 'written' | 'synced') {
    this.#core = core
    this.#appends = new Appends(core)
    this.durability = durability
  }

  append(records: readonly JournalRecord[]): Promise<void> {
    const failure = this.#refusal()
    if (failure !== undefined) return rejected(failure)
    try {
      return this.#appends.add(records)
    } catch (error) {
      return rejected(error)
    }
  }

  replay(): AsyncIterable<JournalRecord> {
    return new Replay(after => this.#read(after))
  }

  async compact(below: number): Promise<void> {
    if (!Number.isSafeInteger(below) || below < 0) throw invalidOption('below', 'a safe integer, 0 or more', below)
    const failure = this.#refusal()
    if (failure !== undefined) throw failure
    this.#appends.handOver()
    await this.#core.ask(native => native.compact(below))
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#appends.admitted()
    this.#appends.handOver()
    this.#isReleased = true
    // Without the I/O thread no answer would come, but the directory is given free all the same.
    if (this.#core.failure === undefined) await this.#core.ask(native => native.close())
    else this.#core.native.close()
  }

  async #read(after: Block | undefined): Promise<Block> {
    const { failure } = this.#core
    if (failure !== undefined) throw failure
    if (this.#isReleased) throw replayClosedError()
    this.#appends.handOver()
    const from = after?.next ?? BEGIN
    const until = after?.until ?? BEGIN
    const block = await this.#core.ask(native => native.read(from.segment, from.offset, until.segment, until.offset))
    return block ?? EMPTY
  }

  #refusal(): SluiceError | undefined {
    return this.#closed === undefined ? this.#core.failure : closedError()
  }
}

const BEGIN = { segment: 0, offset: 0 } as const
const EMPTY: Block = { bodies: new Uint8Array(0), next: BEGIN, until: BEGIN }
