// A receive that takes several items at once. Until it is served they stay in the channel, so that giving up loses none.
import { turn } from '../turn.ts'
import { LONGEST_TIMER, type Guard } from '../wait.ts'
import type { ChannelCore } from './channel-core.ts'
import { Receiving } from './receiving.ts'

export class ManyReceive<T> extends Receiving<T> {
  readonly promise: Promise<T[]>
  guard: Guard | undefined = undefined
  readonly #max: number
  readonly #target: number
  readonly #maxDelay: number
  #timer: NodeJS.Timeout | undefined
  #resolve!: (values: T[]) => void
  #reject!: (error: unknown) => void

  constructor(core: ChannelCore<T>, max: number, target: number, maxDelay: number) {
    super(core)
    this.#max = max
    this.#target = target
    this.#maxDelay = maxDelay
    this.promise = new Promise<T[]>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  override attempt(): boolean {
    const { core } = this
    if (!isRipe(core, this.#target)) {
      if (core.length > 0) this.#startTimer()
      return false
    }
    this.#serve()
    return true
  }

  override hurry(): void {
    if (this.core.length > 0) this.#serve()
  }

  override give(value: T): boolean {
    if (this.#target > 1 && this.core.fits(1, 0)) return false
    this.#leave()
    turn.soon(this.#resolve, [value])
    return true
  }

  override end(): void {
    this.#leave()
    turn.soon(this.#resolve, [])
  }

  override fail(error: unknown): void {
    this.#leave()
    turn.soon(this.#reject, error)
  }

  #serve(): void {
    this.#leave()
    turn.soon(this.#resolve, takeMany(this.core, this.#max))
  }

  /** From the first item on, and never again for a later one. */
  #startTimer(): void {
    if (this.#timer !== undefined || this.#maxDelay === Infinity) return
    this.#timer = setTimeout(() => this.#late(), Math.min(this.#maxDelay, LONGEST_TIMER))
  }

  #late(): void {
    this.#timer = undefined
    if (this.core.length === 0) return
    this.#serve()
    this.core.settle()
  }

  #leave(): void {
    this.core.receivers.remove(this)
    clearTimeout(this.#timer)
    this.guard?.disarm()
  }
}

/** As many as were asked for are there, or as many as there can be. */
export function isRipe<T>(core: ChannelCore<T>, target: number): boolean {
  return core.length >= target || (core.isStuck && core.hasItemFor(undefined))
}

/** What is there, those in the hands of waiting senders too. */
export function takeMany<T>(core: ChannelCore<T>, max: number): T[] {
  const values: T[] = []
  while (values.length < max && core.hasItemFor(undefined)) values.push(core.take(undefined))
  return values
}
