// Where one processor gets its events: from the ring, and from the store what the ring no longer has.
import type { Bell } from './bell.ts'
import { CatchUp } from './catch-up.ts'
import type { Store } from './store.ts'
import type { PipelineEvent } from './types.ts'

export class Feed<I> {
  readonly #store: Store<I>
  readonly #bell: Bell
  readonly #arrived: () => void
  readonly #failed: (error: unknown) => void
  #catchUp: CatchUp<I> | undefined
  #isWaiting = false
  readonly #rung = (): void => {
    this.#isWaiting = false
    this.#arrived()
  }

  /** `arrived` is called when an event may be there that was not. */
  constructor(store: Store<I>, bell: Bell, arrived: () => void, failed: (error: unknown) => void) {
    this.#store = store
    this.#bell = bell
    this.#arrived = arrived
    this.#failed = failed
  }

  /** Asked for in order, but for `seek`. */
  next(sequence: number): PipelineEvent<I> | undefined {
    const { ring } = this.#store
    const event = this.#catchUp === undefined ? ring?.at(sequence) : this.#caughtUp(sequence)
    if (event !== undefined) return event
    if (ring !== undefined && sequence > ring.last) {
      if (!this.#isWaiting) this.#bell.wait(this.#rung)
      this.#isWaiting = true
    } else this.#catchUp ??= new CatchUp(this.#store, sequence, this.#arrived, this.#failed)
    return undefined
  }

  /** The next event asked for is not the one after the last. */
  seek(): void {
    this.#catchUp?.end()
    this.#catchUp = undefined
    this.#bell.leave(this.#rung)
    this.#isWaiting = false
  }

  #caughtUp(sequence: number): PipelineEvent<I> | undefined {
    const event = this.#catchUp?.take()
    if (event !== undefined || this.#catchUp?.isOver === false) return event
    this.#catchUp = undefined
    return this.#store.ring?.at(sequence)
  }
}
