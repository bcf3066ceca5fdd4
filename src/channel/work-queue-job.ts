// One job of a WorkQueue: where it stands, how it ended, and what its worker and its owner see of it. Who moves it on is no concern of this file.
import type { AttemptContext } from '../attempt-context.ts'
import type { Guard } from '../wait.ts'
import { Waiting, type WaitingList } from '../waiting.ts'
import type { AdmittedJob } from './work-queue-types.ts'

/** Where a job is: before admission, in the line, with a worker, before another try, or at its end. */
export type JobState = 'parked' | 'waiting' | 'running' | 'delayed' | 'ended'

/** An offer that waits for admission. */
export interface Offer<R> {
  readonly admitted: (handle: AdmittedJob<R>) => void
  readonly refused: (error: unknown) => void
}

// Set by `capture` while a promise is made, which spares a closure for each.
const nothing = (): void => {}
let resolveMade: (value: never) => void = nothing
let rejectMade: (error: unknown) => void = nothing
const capture = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  resolveMade = resolve
  rejectMade = reject
}

export class Job<T, R> extends Waiting<Job<T, R>> {
  value: T
  readonly priority: number
  readonly key: PropertyKey | undefined
  state: JobState = 'parked'
  /** Its place in the order of admission. */
  sequence = 0
  /** The list it waits in, for the line alone. */
  list: WaitingList<Job<T, R>> | undefined = undefined
  /** Whether jobs of the same key wait for this one. */
  holdsKey = false
  /** Since when it waits for a slot, or runs. */
  since = 0
  attempt = 0
  context: AttemptContext | undefined = undefined
  /** What ends the wait for admission, or the whole job. */
  guard: Guard | undefined = undefined
  /** Who waits for admission, if that is not whoever waits for the end. */
  offer: Offer<R> | undefined = undefined

  #promise: Promise<R> | undefined
  #resolve: ((value: R) => void) | undefined
  #reject: ((error: unknown) => void) | undefined
  // How it ended, and the value or the error.
  #end: 'fulfilled' | 'rejected' | undefined
  #outcome: unknown

  constructor(value: T, priority: number, key: PropertyKey | undefined) {
    super()
    this.value = value
    this.priority = priority
    this.key = key
  }

  /** Somebody has its promise, and with it the failure. */
  get isObserved(): boolean {
    return this.#promise !== undefined
  }

  get isSettled(): boolean {
    return this.#end !== undefined
  }

  /** Made at the first call: a result that nobody wants costs nothing. */
  get promise(): Promise<R> {
    if (this.#promise !== undefined) return this.#promise
    if (this.#end === undefined) {
      this.#promise = new Promise<R>(capture)
      this.#resolve = resolveMade as (value: R) => void
      this.#reject = rejectMade
      // They would keep what the promise comes to.
      resolveMade = nothing
      rejectMade = nothing
    } else if (this.#end === 'fulfilled') this.#promise = Promise.resolve(this.#outcome as R)
    else this.#promise = Promise.reject(this.#outcome)
    return this.#promise
  }

  /** Its promise is made elsewhere, and settles by itself. */
  adopt(promise: Promise<R>): void {
    this.#promise = promise
  }

  /** It has ended, and nobody knows of it: what it held is let go, and it may stand for another value. */
  clear(): void {
    this.value = undefined as T
    this.attempt = 0
    this.#promise = undefined
    this.#end = undefined
    this.#outcome = undefined
  }

  /** The first of these two counts. */
  fulfil(value: R): void {
    if (this.#end !== undefined) return
    this.#end = 'fulfilled'
    this.guard?.disarm()
    if (this.#resolve === undefined) this.#outcome = value
    else this.#resolve(value)
  }

  fail(error: unknown): void {
    if (this.#end !== undefined) return
    this.#end = 'rejected'
    this.guard?.disarm()
    if (this.#reject === undefined) this.#outcome = error
    else this.#reject(error)
  }

  /** It is not admitted: whoever waits for that, or for the result, learns why. */
  refuse(error: unknown): void {
    this.state = 'ended'
    if (this.offer === undefined) this.fail(error)
    else {
      this.guard?.disarm()
      this.offer.refused(error)
    }
  }
}

/** What there is to know of a job whose end somebody may want. */
export interface Promised<R> {
  readonly promise: Promise<R>
}

/** What `offer` gives. */
export class Admitted<R> implements AdmittedJob<R> {
  readonly #job: Promised<R>

  constructor(job: Promised<R>) {
    this.#job = job
  }

  get result(): Promise<R> {
    const { promise } = this.#job
    // Held as a property, so ignoring it must not raise unhandledRejection.
    promise.catch(() => {})
    return promise
  }
}
