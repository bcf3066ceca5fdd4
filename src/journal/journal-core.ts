// What was asked of a journal's thread and is not answered yet. Answers come in the order of the questions; what they mean is the asker's matter.
import type { SluiceError } from '../errors.ts'
import {
  takeOutcome,
  type Environment,
  type Handler,
  type JournalPosition,
  type NativeJournal,
  type NativeJournalFailure,
} from '../native/index.ts'
import { journalError } from './journal-errors.ts'

/** Some records of a replay. */
export interface Block {
  readonly bodies: Uint8Array
  readonly next: JournalPosition
  readonly until: JournalPosition
}

/** Somebody who waits for an answer. */
export interface Asker {
  done(block: Block | undefined): void
  failed(error: SluiceError): void
}

export class JournalCore implements Handler {
  readonly native: NativeJournal
  readonly #environment: Environment
  #pending: Asker[] = []
  /** How many of them are answered already. */
  #answered = 0
  #failure: SluiceError | undefined

  constructor(environment: Environment, native: NativeJournal) {
    this.#environment = environment
    this.native = native
  }

  /**
   * Set when nothing will be answered any more. The environment is asked too: who waits for nothing when the I/O thread dies is not told.
   * A journal that is poisoned does answer: it refuses, in order.
   */
  get failure(): SluiceError | undefined {
    return this.#failure ?? this.#environment.failure
  }

  /** To be called for each command, in the order in which the native side gets them. The event loop lives until the answer. */
  expect(asker: Asker): void {
    if (this.#pending.length === 0) {
      this.#environment.addJournal(this.native.id, this)
      this.#environment.hold()
    }
    this.#pending.push(asker)
  }

  /** The same for one command, as a promise. */
  async ask(send: (native: NativeJournal) => void): Promise<Block | undefined> {
    return await new Promise((resolve, reject) => {
      send(this.native)
      this.expect({ done: resolve, failed: reject })
    })
  }

  ready(): void {
    for (;;) {
      const outcome = takeOutcome(this.native)
      if (outcome === undefined) break
      if (outcome.type === 'done') this.#answer(outcome.count, undefined, undefined)
      else if (outcome.type === 'block') this.#answer(1, outcome, undefined)
      else this.#answer(outcome.count, undefined, outcome.failure)
    }
    if (this.#answered === this.#pending.length) this.#rest()
  }

  fail(error: SluiceError): void {
    this.#failure = error
    const left = this.#pending.slice(this.#answered)
    this.#rest()
    this.native.close()
    for (const asker of left) asker.failed(error)
  }

  #answer(count: number, block: Block | undefined, failure: NativeJournalFailure | undefined): void {
    const pending = this.#pending
    const end = Math.min(this.#answered + count, pending.length)
    while (this.#answered < end) {
      const asker = pending[this.#answered++] as Asker
      if (failure === undefined) asker.done(block)
      else asker.failed(journalError(failure))
    }
    // Moving the rest is paid for by as many answers.
    if (this.#answered > pending.length / 2 && this.#answered < pending.length) {
      this.#pending = pending.slice(this.#answered)
      this.#answered = 0
    }
  }

  #rest(): void {
    if (this.#pending.length === 0) return
    this.#pending = []
    this.#answered = 0
    this.#environment.removeJournal(this.native.id)
    this.#environment.drop()
  }
}
