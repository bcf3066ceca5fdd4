// Reading a log, and learning of its new events. Both go over one connection: it listens before it looks, so what is appended after a look
// that found nothing is always told.
import { backoffDelay } from '../../retry.ts'
import type { LogEvent, Pages } from '../log-reader.ts'
import { trimmed } from '../cluster-errors.ts'
import { isLoss } from './connection.ts'
import { copyOut } from './copy-out.ts'
import type { Statements } from './log-tables.ts'
import { Session, type SessionOptions } from './session.ts'

// The server has no larger values.
const LARGEST = 2 ** 30

interface Look {
  readonly events: readonly LogEvent[]
  /** What `changed` asks for. */
  readonly seen: number
}

export class Tail {
  readonly #statements: Statements
  readonly #session: Session
  readonly #waiting = new Set<() => void>()
  #changes = 0

  constructor(statements: Statements, options: Omit<SessionOptions, 'notified' | 'lost' | 'prepare'>) {
    this.#statements = statements
    this.#session = new Session({
      ...options,
      prepare: async client => void (await client.query(statements.listen)),
      notified: () => this.#changed(),
      // What is appended until it listens again nobody tells.
      lost: () => this.#changed(),
    })
  }

  /** What there is now. */
  look(from: number, maxBytes: number): Promise<Look> {
    return this.#session.run(async client => {
      const seen = this.#changes
      const page = this.#statements.page(from, Math.min(LARGEST, Math.ceil(maxBytes)))
      const events: LogEvent[] = []
      for (const [last, sequence, payload] of await copyOut(client, page)) {
        // A copy, so that who keeps an event keeps no other.
        if (sequence && payload)
          events.push({ sequence: Number(sequence.readBigInt64BE()), payload: new Uint8Array(payload) })
        else if (last && from <= Number(last.readBigInt64BE())) throw trimmed(from, Number(last.readBigInt64BE()) + 1)
      }
      return { events, seen }
    })
  }

  /** Calls `wake` once as soon as there may be more than that look found. Gives what takes it back. */
  whenChanged(seen: number, wake: () => void): () => void {
    if (seen !== this.#changes) {
      wake()
      return () => {}
    }
    this.#waiting.add(wake)
    return () => void this.#waiting.delete(wake)
  }

  close(): Promise<void> {
    return this.#session.close()
  }

  #changed(): void {
    this.#changes += 1
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}

/** One reader's way through the log. A connection that is lost is made anew until the reader has had enough. */
export class TailPages implements Pages {
  readonly #tail: Tail
  #isOver = false
  #stop: (() => void) | undefined

  constructor(tail: Tail) {
    this.#tail = tail
  }

  async take(from: number, maxBytes: number, waits: boolean): Promise<readonly LogEvent[]> {
    for (let attempt = 1; !this.#isOver; attempt++) {
      try {
        const { events, seen } = await this.#tail.look(from, maxBytes)
        if (events.length > 0 || !waits) return events
        attempt = 0
        await this.#until(wake => this.#tail.whenChanged(seen, wake))
      } catch (error) {
        if (!waits || !isLoss(error)) throw error
        await this.#until(wake => {
          const timer = setTimeout(wake, backoffDelay({ max: 5000 }, attempt))
          return () => clearTimeout(timer)
        })
      }
    }
    return []
  }

  end(): void {
    this.#isOver = true
    this.#stop?.()
  }

  async #until(start: (wake: () => void) => () => void): Promise<void> {
    if (this.#isOver) return
    let undo: (() => void) | undefined
    await new Promise<void>(resolve => {
      this.#stop = resolve
      undo = start(resolve)
    })
    undo?.()
    this.#stop = undefined
  }
}
