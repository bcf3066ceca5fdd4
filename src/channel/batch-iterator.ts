// The side of a batch its consumer sees: who waits for one, when one that isn't whole is due, and how it ends. Where items come from is the intake's matter.
import { HandIterator } from '../iterator.ts'
import { totals } from '../observe/index.ts'
import { ready, settleReady } from '../ready.ts'
import { turn } from '../turn.ts'
import { LONGEST_TIMER } from '../wait.ts'
import { BatchFormer } from './batch-former.ts'
import { AdaptiveSize } from './batch-latency.ts'
import type { BatchSettings } from './batch-options.ts'
import { Deque } from '../deque.ts'

// A value may be put off once by each step that it comes through.
const MOST_LOOKS = 8

interface Parked<T> {
  readonly resolve: (result: IteratorResult<T[], undefined>) => void
  readonly reject: (error: unknown) => void
}

export abstract class BatchIterator<T> extends HandIterator<T[]> {
  protected readonly former: BatchFormer<T>
  /** The consumer has left; nothing is wanted any more. */
  protected hasLeft = false
  readonly #parked = new Deque<Parked<T>>()
  readonly #maxDelay: number
  readonly #adaptive: AdaptiveSize | undefined
  // The source is at its end, with an error or without; batches may still be here.
  #end: { readonly failure?: { readonly error: unknown } } | undefined
  #timer: NodeJS.Timeout | undefined
  #isDue = false
  #isTicking = false
  // How many items had come at the last look, and how many looks have found no more.
  #seen = 0
  #looks = 0

  constructor(settings: BatchSettings<T>) {
    super()
    this.former = new BatchFormer(settings)
    this.#maxDelay = settings.maxDelay
    if (settings.targetLatency === undefined) return
    this.#adaptive = new AdaptiveSize(settings.maxSize, settings.targetLatency)
    this.former.limit = this.#adaptive.size
  }

  /** Takes from the source what may be taken without waiting. True if that is all there was, so that a natural batch need not wait for it. */
  protected abstract gather(): boolean
  /** The consumer waits: items are wanted, as they come. */
  protected abstract want(): void
  /** Nobody waits any more. */
  protected abstract rest(): void
  /** The consumer left before the end. May be called while a read of the source is pending; what that one is given already is added. */
  protected abstract leave(): Promise<void>

  override next(): Promise<IteratorResult<T[], undefined>> {
    if (this.#adaptive !== undefined) this.#adapt(this.#adaptive)
    if (this.#parked.length === 0 && !this.hasLeft) {
      if (this.#end === undefined) this.#isDue = this.gather()
      const batch = this.#take()
      this.#isDue = false
      if (batch !== undefined) return ready<IteratorResult<T[], undefined>>({ done: false, value: batch })
    }
    if (this.hasLeft || this.#end !== undefined) return this.#over()
    return new Promise((resolve, reject) => {
      this.#parked.push({ resolve, reject })
      this.#schedule()
      this.want()
    })
  }

  override async return(): Promise<IteratorResult<T[], undefined>> {
    if (this.hasLeft) return { done: true, value: undefined }
    const isOver = this.#end !== undefined
    this.hasLeft = true
    this.#unschedule()
    try {
      if (!isOver) await this.leave()
    } finally {
      this.#dismiss()
    }
    return { done: true, value: undefined }
  }

  protected get isAwaited(): boolean {
    return this.#parked.length > 0
  }

  /** Items were added, or time has passed: gives out what is due, which a natural batch is if it `hasAll` that waited. */
  protected settle(hasAll: boolean): void {
    this.#isDue = hasAll
    while (this.#parked.length > 0) {
      const batch = this.#take()
      if (batch === undefined) break
      const parked = this.#parked.shift()
      if (parked !== undefined)
        settleReady<IteratorResult<T[], undefined>>(parked.resolve, { done: false, value: batch })
    }
    this.#isDue = false
    if (this.#end !== undefined && this.#parked.length > 0) this.#depart(this.#end.failure)
    if (this.#parked.length > 0) this.#schedule()
    else {
      this.#unschedule()
      this.rest()
    }
  }

  /** The source has ended: what is here goes out at once, then comes the end, or the error. */
  protected ended(failure?: { readonly error: unknown }): void {
    if (this.hasLeft) return
    this.#end ??= failure === undefined ? {} : { failure }
    this.settle(false)
  }

  #take(): T[] | undefined {
    const batch = this.#end !== undefined || this.#isOverdue() ? this.former.takeAny() : this.former.takeWhole()
    if (batch !== undefined) this.#count(batch)
    return batch
  }

  #count(batch: T[]): void {
    totals.batches += 1
    totals.batchItems += batch.length
    this.#adaptive?.handOver(batch.length, performance.now())
  }

  /** Whether a batch that isn't whole may go. A timer that is late or early changes nothing: the first item's time decides. */
  #isOverdue(): boolean {
    if (this.#maxDelay === 0) return this.#isDue
    const since = this.former.openSince
    return since !== undefined && performance.now() - since >= this.#maxDelay
  }

  #schedule(): void {
    const since = this.former.openSince
    if (since === undefined || this.#maxDelay === Infinity) return
    if (this.#maxDelay === 0) {
      // A source that has items ready has given them by then.
      if (!this.#isTicking) turn.afterMicrotasks(this.#tick)
      this.#isTicking = true
      return
    }
    if (this.#timer !== undefined) return
    const left = since + this.#maxDelay - performance.now()
    this.#timer = setTimeout(this.#expire, Math.min(LONGEST_TIMER, Math.max(1, Math.ceil(left))))
  }

  #unschedule(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  readonly #tick = (): void => {
    const { count } = this.former
    this.#looks = count === this.#seen ? this.#looks + 1 : 0
    this.#seen = count
    // What was put off to the next turn belongs to this batch, but who keeps turns busy without giving items doesn't hold it up.
    if (turn.spent && this.#looks < MOST_LOOKS) return turn.defer(this.#lookAgain, undefined)
    this.#looks = 0
    this.#isTicking = false
    if (this.hasLeft || this.#parked.length === 0) return
    this.settle(true)
  }

  readonly #lookAgain = (): void => turn.afterMicrotasks(this.#tick)

  readonly #expire = (): void => {
    this.#timer = undefined
    this.settle(false)
  }

  #adapt(adaptive: AdaptiveSize): void {
    adaptive.asked(performance.now())
    this.former.limit = adaptive.size
  }

  #over(): Promise<IteratorResult<T[], undefined>> {
    const failure = this.hasLeft ? undefined : this.#end?.failure
    this.hasLeft = true
    return failure === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure.error)
  }

  /** Those that wait get what was taken out of the source for them, and then the end. */
  #dismiss(): void {
    for (const { resolve } of this.#parked.drain()) {
      const batch = this.former.takeAny()
      if (batch !== undefined) this.#count(batch)
      resolve(batch === undefined ? { done: true, value: undefined } : { done: false, value: batch })
    }
  }

  /** The first that waits gets the error, all others the end. */
  #depart(failure?: { readonly error: unknown }): void {
    this.hasLeft = true
    this.#unschedule()
    const parked = this.#parked.drain()
    if (failure !== undefined) parked.shift()?.reject(failure.error)
    for (const { resolve } of parked) resolve({ done: true, value: undefined })
  }
}
