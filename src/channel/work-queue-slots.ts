// The slots of a WorkQueue: starts jobs while slots, pause and rate allow, and runs their attempts.
import { timeoutError } from '../errors.ts'
import { backoffDelay, triesAgain } from '../retry.ts'
import { Guard } from '../wait.ts'
import { AttemptContext } from '../attempt-context.ts'
import { AdaptiveConcurrency } from './adaptive-concurrency.ts'
import { Job } from './work-queue-job.ts'
import type { Ledger } from './work-queue-ledger.ts'
import type { JobLine } from './work-queue-line.ts'
import type { QueueSettings } from './work-queue-options.ts'
import { StartRate } from './work-queue-rate.ts'
import type { JobContext } from './work-queue-types.ts'
import { stamp } from '../stamp.ts'
import { WaitingList } from '../waiting.ts'
import { Delays } from './work-queue-delays.ts'
import { Slot } from './work-queue-slot.ts'

// Slots at most that are kept for later.
const KEPT = 64

export type Worker<T, R> = (job: T, context: JobContext) => R | Promise<R>

export class Slots<T, R> {
  isPaused = false
  /** No failed job is tried again. */
  isCanceled = false
  readonly #worker: Worker<T, R>
  readonly #settings: QueueSettings<T>
  readonly #line: JobLine<T, R>
  readonly #ledger: Ledger<T, R>
  readonly #changed: () => void
  readonly #isAwaited: () => boolean
  // A few that were taken before, to be taken again.
  readonly #free: Slot<T, R>[] = []
  readonly #taken = new WaitingList<Slot<T, R>>()
  /** Those that wait for another try. */
  readonly delays: Delays<T, R>
  readonly #rate: StartRate | undefined
  readonly #adaptive: AdaptiveConcurrency | undefined
  #concurrency: number

  /** `changed` is called after anything became less: running, waiting or delayed. `isAwaited` tells whether anybody waits for a start, or for room. */
  constructor(
    worker: Worker<T, R>,
    settings: QueueSettings<T>,
    line: JobLine<T, R>,
    ledger: Ledger<T, R>,
    changed: () => void,
    isAwaited: () => boolean,
  ) {
    this.#worker = worker
    this.#settings = settings
    const { concurrency, minConcurrency, targetLatency } = settings
    if (targetLatency !== undefined) {
      this.#adaptive = new AdaptiveConcurrency(minConcurrency, concurrency, targetLatency)
    }
    this.#concurrency = this.#adaptive?.size ?? concurrency
    this.#line = line
    this.#ledger = ledger
    this.delays = new Delays(line, () => this.fill())
    this.#changed = changed
    this.#isAwaited = isAwaited
    this.#rate = settings.rate === undefined ? undefined : new StartRate(settings.rate, () => this.#elapsed())
  }

  /** How many may run at once, now. */
  get concurrency(): number {
    return this.#concurrency
  }

  /** With a concurrency that adapts, this is the most of it. */
  set concurrency(concurrency: number) {
    this.#concurrency = this.#adaptive?.limit(concurrency) ?? concurrency
  }

  get running(): number {
    return this.#taken.length
  }

  /** How many wait for another try. */
  get delayed(): number {
    return this.#settings.retry === undefined ? 0 : this.delays.size
  }

  /** Whether a job could be started now. */
  get isFree(): boolean {
    return this.#taken.length < this.concurrency && this.#mayStart
  }

  /** How many could ever be started one after the other, without a wait. */
  get mostAtOnce(): number {
    const { rate } = this.#settings
    return rate === undefined ? this.#concurrency : Math.min(this.#concurrency, rate.burst ?? 1)
  }

  /** How many could be started now, one after the other. */
  get free(): number {
    if (!this.isFree) return 0
    const free = this.concurrency - this.#taken.length
    return this.#rate === undefined ? free : Math.min(free, this.#rate.allowed)
  }

  /** Starts it at once; it is in no line, and `isFree`. */
  start(job: Job<T, R>): void {
    this.#run(this.#take(job), job)
  }

  /** Whether a job that nobody can give up ends with its first attempt, as that does. */
  get areSimple(): boolean {
    return this.#settings.retry === undefined && this.#settings.jobTimeout === Infinity
  }

  /** `start` for a value whose job is such a one. Nobody gets to see that but the slot, so it is used again, and its promise is the attempt's. */
  startSimple(value: T): Promise<R> {
    const slot = this.#free.pop() ?? new Slot<T, R>(this.#fulfilled, this.#rejected)
    let job = slot.simple
    if (job === undefined) slot.simple = job = new Job<T, R>(value, 0, undefined)
    else job.value = value
    this.#line.enter(job)
    this.#taken.append(slot)
    this.#begin(slot, job, stamp())
    const promise = this.#attempt(job).then(slot.passed, slot.thrown)
    job.adopt(promise)
    return promise
  }

  /** Starts what waits, as far as it may. */
  fill(): void {
    while (this.isFree) {
      const job = this.#line.take()
      if (job === undefined) return
      this.start(job)
    }
    this.watchRate()
  }

  /** Looks again whether anybody waits for the rate alone. */
  watchRate(): void {
    if (this.#rate === undefined) return
    if (!this.isPaused && this.#taken.length < this.#concurrency && this.#isAwaited()) this.#rate.wait()
    else this.#rate.rest()
  }

  /** Aborts what runs; the slots are free when the workers have ended. */
  abort(reason: unknown): void {
    for (let slot = this.#taken.first; slot !== undefined; slot = slot.after) slot.job?.context?.abort(reason)
  }

  /** Gives up a job that runs: its owner learns now, its slot is free when the worker has ended. */
  giveUp(job: Job<T, R>, error: unknown): void {
    this.#ledger.fail(job, error, false)
    job.context?.abort(error)
  }

  #begin(slot: Slot<T, R>, job: Job<T, R>, now: number): void {
    slot.job = job
    this.#ledger.started(job, now)
    this.#rate?.take()
    job.state = 'running'
    job.since = now
    job.attempt += 1
    job.context = new AttemptContext(job.attempt)
  }

  get #mayStart(): boolean {
    return !this.isPaused && (this.#rate === undefined || this.#rate.isOpen)
  }

  #take(job: Job<T, R>): Slot<T, R> {
    const slot = this.#free.pop() ?? new Slot<T, R>(this.#fulfilled, this.#rejected)
    this.#taken.append(slot)
    this.#begin(slot, job, stamp())
    return slot
  }

  #run(slot: Slot<T, R>, job: Job<T, R>): void {
    if (this.#settings.jobTimeout !== Infinity) slot.guard = this.#limit(slot, job)
    void this.#attempt(job).then(slot.fulfilled, slot.rejected)
  }

  #attempt(job: Job<T, R>): Promise<R> {
    try {
      return Promise.resolve(this.#worker(job.value, job.context as AttemptContext))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  readonly #fulfilled = (slot: Slot<T, R>, value: R): void => {
    const { job } = slot
    if (job === undefined) return
    const now = this.#ran(job, true)
    if (!job.isSettled) this.#ledger.complete(job, value)
    this.#end(job)
    this.#passOn(slot, now)
  }

  readonly #rejected = (slot: Slot<T, R>, error: unknown): void => {
    const { job } = slot
    if (job === undefined) return
    const now = this.#ran(job, false)
    this.#failed(job, error, slot.isOverdue)
    this.#passOn(slot, now)
  }

  /** To the next job, which takes the slot before anybody hears of the change and looks for a free one; or else it is free. */
  #passOn(slot: Slot<T, R>, now: number): void {
    slot.guard?.disarm()
    slot.guard = undefined
    slot.isOverdue = false
    if (slot.job === slot.simple) slot.simple?.clear()
    const next = this.#taken.length <= this.concurrency && this.#mayStart ? this.#line.take() : undefined
    if (next === undefined) {
      slot.job = undefined
      this.#taken.remove(slot)
      if (this.#free.length < KEPT) this.#free.push(slot)
      this.#changed()
    } else {
      this.#begin(slot, next, now)
      this.#changed()
      this.#run(slot, next)
    }
  }

  #ran(job: Job<T, R>, isWell: boolean): number {
    const now = stamp()
    this.#ledger.ran(job, now)
    if (this.#adaptive !== undefined) {
      this.#concurrency = this.#adaptive.ended(job.since, now, isWell && this.#line.startable > 0)
    }
    return now
  }

  #end(job: Job<T, R>): void {
    job.state = 'ended'
    job.context = undefined
    this.#line.release(job)
  }

  #failed(job: Job<T, R>, error: unknown, isOverdue: boolean): void {
    let outcome = error
    try {
      if (!job.isSettled && !this.isCanceled && (isOverdue || this.#triesAgain(job, error))) return this.#delay(job)
    } catch (thrown) {
      outcome = thrown
    }
    if (!job.isSettled) this.#ledger.fail(job, outcome, this.#isExhausted(job))
    this.#end(job)
  }

  #triesAgain(job: Job<T, R>, error: unknown): boolean {
    return triesAgain(this.#settings.retry, error, job.attempt)
  }

  #isExhausted(job: Job<T, R>): boolean {
    const { retry } = this.#settings
    return retry !== undefined && !this.isCanceled && job.attempt >= retry.attempts
  }

  #delay(job: Job<T, R>): void {
    job.context = undefined
    this.delays.add(job, backoffDelay(this.#settings.retry ?? {}, job.attempt))
  }

  #limit(slot: Slot<T, R>, job: Job<T, R>): Guard | undefined {
    return Guard.of({ timeout: this.#settings.jobTimeout }, 'The job', () => this.#overdue(slot, job))
  }

  #overdue(slot: Slot<T, R>, job: Job<T, R>): void {
    const error = timeoutError('The job', this.#settings.jobTimeout)
    job.context?.abort(error)
    if (job.isSettled) return
    try {
      slot.isOverdue = this.#triesAgain(job, error)
    } catch (thrown) {
      return this.#ledger.fail(job, thrown, false)
    }
    // With another try to come, the late end of this one decides.
    if (!slot.isOverdue) this.#ledger.fail(job, error, this.#isExhausted(job))
  }

  #elapsed(): void {
    this.fill()
    this.#changed()
  }
}
