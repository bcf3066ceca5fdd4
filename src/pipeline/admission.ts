// Who publishes: at once while there is room, else first come, first served. Room is what the slowest processor leaves.
import { Waiting, WaitingList } from '../waiting.ts'
import { timeoutError } from '../errors.ts'
import { ready } from '../ready.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { closedTo } from './pipeline-errors.ts'
import type { Store } from './store.ts'

class Publishing<I> extends Waiting<Publishing<I>> {
  readonly data: I
  readonly resolve: (sequence: number | Promise<number>) => void
  readonly reject: (error: unknown) => void
  guard: Guard | undefined = undefined

  constructor(data: I, resolve: (sequence: number | Promise<number>) => void, reject: (error: unknown) => void) {
    super()
    this.data = data
    this.resolve = resolve
    this.reject = reject
  }
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
  readonly #waiting = new WaitingList<Publishing<I>>()

  constructor(owner: AdmissionOwner<I>) {
    this.#owner = owner
  }

  get waiting(): number {
    return this.#waiting.length
  }

  publish(data: I, options: WaitOptions | undefined): Promise<number> {
    try {
      if (options !== undefined) checkWait(options)
      if (this.#owner.isClosed) throw closedTo(this.#owner.name, data)
      if (this.#waiting.length === 0 && this.#hasRoom) return this.#ready(this.#append(data))
    } catch (error) {
      return rejected(error)
    }
    if (triesOnce(options)) return rejected(timeoutError('publish', 0))
    return new Promise((resolve, reject) => {
      const waiting = new Publishing(data, resolve, reject)
      this.#waiting.append(waiting)
      waiting.guard = Guard.of(options, 'publish', error => {
        this.#waiting.remove(waiting)
        reject(error)
      })
    })
  }

  /** There may be room now. */
  admit(): void {
    for (let waiting = this.#waiting.first; waiting !== undefined && this.#hasRoom; waiting = this.#waiting.first) {
      this.#waiting.remove(waiting)
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
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift()) {
      waiting.guard?.disarm()
      waiting.reject(closedTo(this.#owner.name, waiting.data))
    }
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
