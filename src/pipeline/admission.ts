// Who publishes: at once while there is room, else first come, first served. Room is what the slowest processor leaves.
import { timeoutError } from '../errors.ts'
import { ready } from '../ready.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { closedTo } from './pipeline-errors.ts'
import type { Store } from './store.ts'

interface Waiting<I> {
  readonly data: I
  readonly resolve: (sequence: number | Promise<number>) => void
  readonly reject: (error: unknown) => void
  guard: Guard | undefined
}

export interface AdmissionOwner<I> {
  readonly name: string
  readonly store: Store<I>
  /** The event that the slowest has published. */
  readonly lowest: number
  readonly ring: number
  readonly isClosed: boolean
  /** A new event is there. */
  announce(): void
}

export class Admission<I> {
  readonly #owner: AdmissionOwner<I>
  // In the order they came.
  readonly #waiting = new Set<Waiting<I>>()

  constructor(owner: AdmissionOwner<I>) {
    this.#owner = owner
  }

  get waiting(): number {
    return this.#waiting.size
  }

  publish(data: I, options: WaitOptions | undefined): Promise<number> {
    try {
      if (options !== undefined) checkWait(options)
      if (this.#owner.isClosed) throw closedTo(this.#owner.name, data)
      if (this.#waiting.size === 0 && this.#hasRoom) return this.#ready(this.#append(data))
    } catch (error) {
      return rejected(error)
    }
    if (triesOnce(options)) return rejected(timeoutError('publish', 0))
    return new Promise((resolve, reject) => {
      const waiting: Waiting<I> = { data, resolve, reject, guard: undefined }
      this.#waiting.add(waiting)
      waiting.guard = Guard.of(options, 'publish', error => {
        this.#waiting.delete(waiting)
        reject(error)
      })
    })
  }

  /** There may be room now. */
  admit(): void {
    for (const waiting of this.#waiting) {
      if (!this.#hasRoom) return
      this.#waiting.delete(waiting)
      waiting.guard?.disarm()
      try {
        waiting.resolve(this.#append(waiting.data))
      } catch (error) {
        waiting.reject(error)
      }
    }
  }

  /** There will be no room any more. */
  refuse(): void {
    for (const { data, reject, guard } of this.#waiting) {
      guard?.disarm()
      reject(closedTo(this.#owner.name, data))
    }
    this.#waiting.clear()
  }

  get #hasRoom(): boolean {
    const { store, lowest, ring } = this.#owner
    if (store.isBroken) return true
    // Without processors nobody has to be waited for, yet what is on its way is bounded all the same.
    return lowest === Infinity ? store.pending < ring : store.last + store.pending - lowest < ring
  }

  #append(data: I): number | Promise<number> {
    const outcome = this.#owner.store.append(data)
    if (typeof outcome === 'number') this.#owner.announce()
    return outcome
  }

  #ready(outcome: number | Promise<number>): Promise<number> {
    if (typeof outcome !== 'number') return outcome
    return ready(outcome)
  }
}
