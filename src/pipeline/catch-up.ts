// Reads events for one processor from where the ring doesn't have them, a few ahead and no more.
import { Deque } from '../deque.ts'
import { backoffDelay } from '../retry.ts'
import { isFinal } from './pipeline-errors.ts'
import type { Store } from './store.ts'
import type { PipelineEvent } from './types.ts'

const AHEAD = 64

export class CatchUp<I> {
  readonly #store: Store<I>
  readonly #arrived: () => void
  readonly #failed: (error: unknown) => void
  readonly #controller = new AbortController()
  readonly #events = new Deque<PipelineEvent<I>>()
  #from: number
  // Who waits for room, and who for another try.
  #goOn: (() => void) | undefined
  #tryNow: (() => void) | undefined

  /** It has read all there was, for now; the ring has the rest. */
  isOver = false

  constructor(store: Store<I>, from: number, arrived: () => void, failed: (error: unknown) => void) {
    this.#store = store
    this.#from = from
    this.#arrived = arrived
    this.#failed = failed
    void this.#run()
  }

  take(): PipelineEvent<I> | undefined {
    const event = this.#events.shift()
    if (this.#events.length < AHEAD / 2) this.#wake()
    return event
  }

  end(): void {
    this.isOver = true
    this.#controller.abort()
    this.#wake()
    this.#tryNow?.()
  }

  #wake(): void {
    const goOn = this.#goOn
    this.#goOn = undefined
    goOn?.()
  }

  async #run(): Promise<void> {
    for (let attempt = 1; !this.isOver; attempt++) {
      const { signal } = this.#controller
      try {
        for await (const event of this.#store.read(this.#from, signal)) {
          if (this.isOver) return
          attempt = 0
          this.#from = event.sequence + 1
          this.#events.push(event)
          if (this.#events.length === 1) this.#arrived()
          if (this.#events.length >= AHEAD && !this.isOver) await this.#room()
        }
        if (this.#store.ring !== undefined || this.isOver) return this.#finish()
      } catch (error) {
        if (this.isOver) return
        // A log that can't be reached is tried again; what is gone, or broken, stays so.
        if (this.#store.ring !== undefined || isFinal(error)) return this.#failed(error)
      }
      await this.#pause(backoffDelay({}, attempt + 1))
    }
  }

  #finish(): void {
    this.isOver = true
    this.#arrived()
  }

  #room(): Promise<void> {
    return new Promise(resolve => {
      this.#goOn = resolve
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#tryNow = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
