// The progress of one processor in a log, in one epoch: one commit at a time, only the latest counts, and a log that can't be reached is
// tried again.
import { backoffDelay } from '../retry.ts'
import { isFinal } from './pipeline-errors.ts'
import type { Committed } from './store.ts'
import type { EventLog } from './types.ts'

export class LogCursor {
  readonly #log: EventLog
  readonly #processor: string
  readonly #epoch: number
  #next: { readonly sequence: number; readonly owner: Committed } | undefined
  #moving: Promise<void> | undefined
  #wake: (() => void) | undefined
  #isOver = false

  constructor(log: EventLog, processor: string, epoch: number) {
    this.#log = log
    this.#processor = processor
    this.#epoch = epoch
  }

  move(sequence: number, owner: Committed): void {
    if (this.#isOver) return
    this.#next = { sequence, owner }
    this.#moving ??= this.#move()
  }

  /** Commits nothing any more but what is under way. */
  end(): void {
    this.#isOver = true
    this.#next = undefined
    this.#wake?.()
  }

  async flushed(): Promise<void> {
    await this.#moving
  }

  async #move(): Promise<void> {
    for (let attempt = 1; this.#next !== undefined; attempt++) {
      const { sequence, owner } = this.#next
      try {
        await this.#log.commit(this.#processor, sequence, this.#epoch)
        attempt = 0
        if (this.#next?.sequence === sequence) this.#next = undefined
        if (!this.#isOver) owner.publishedThrough(sequence)
      } catch (error) {
        if (this.#isOver) break
        if (isFinal(error)) {
          this.end()
          owner.failed(error)
          break
        }
        await this.#pause(backoffDelay({}, attempt))
      }
    }
    this.#moving = undefined
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
