// The queue of jobs as users see it. Admission, order, slots and accounts are parts of their own.
import { invalidOption } from '../errors.ts'
import { LevelWaits } from '../level-waits.ts'
import { list } from '../observe/index.ts'
import { ready } from '../ready.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { checkedConcurrency } from './concurrency.ts'
import { WaitingList } from '../waiting.ts'
import { admitParked, leave, receive, refusal, room, submitSimple, type QueueParts } from './work-queue-admission.ts'
import { Admitted, Job, type Promised } from './work-queue-job.ts'
import { dropError, Ledger } from './work-queue-ledger.ts'
import { JobLine } from './work-queue-line.ts'
import { checkedCount, checkJob, queueSettings } from './work-queue-options.ts'
import { JobMap } from './work-queue-map.ts'
import { Slots, type Worker } from './work-queue-slots.ts'
import type { AdmittedJob, JobMapOptions, JobOptions, WorkQueueMetrics, WorkQueueOptions } from './work-queue-types.ts'
import { measuredQueue } from './work-queue-metrics.ts'

/**
 * Runs jobs, so many at once, and lets so many wait: whoever offers one more waits until there is room. Every job that was admitted ends
 * as completed, failed or dropped, and its owner is told.
 *
 * @example
 * await using queue = new WorkQueue((url: string) => fetch(url), { concurrency: 8, capacity: 100, retry: { attempts: 3 } })
 * for await (const url of urls) await queue.offer(url)
 */
export class WorkQueue<T, R = unknown> implements AsyncDisposable {
  // What jobs give is known to their owners alone, so a queue of one kind of results is a queue of any.
  readonly #parts: QueueParts<T, unknown>
  readonly #idle: LevelWaits
  readonly #room: LevelWaits
  #isClosed = false
  #canceled: { readonly reason: unknown } | undefined

  /** @internal The jobs that wait, for the other operations of this folder. */
  static lineOf<J, Q>(queue: WorkQueue<J, Q>): { onChange: (() => void) | undefined } {
    return queue.#parts.line
  }

  constructor(worker: Worker<T, R>, options: WorkQueueOptions<T>) {
    if (typeof worker !== 'function') throw invalidOption('worker', 'a function', worker)
    const settings = queueSettings(options)
    const line = new JobLine<T, unknown>()
    const ledger = new Ledger<T, unknown>(settings)
    const [changed, isAwaited] = [() => this.#changed(), () => this.#isAwaited]
    const slots = new Slots<T, unknown>(worker, settings, line, ledger, changed, isAwaited)
    this.#parts = { settings, line, slots, ledger, parked: new WaitingList() }
    if (options.name !== undefined) list('queues', settings.name, this.#parts, measuredQueue)
    this.#idle = new LevelWaits('onIdle', () => (this.#isIdle ? 1 : 0))
    this.#room = new LevelWaits(
      'onCapacity',
      () => room(this.#parts),
      () => slots.watchRate(),
    )
  }

  /** Fulfils when the job is admitted, which is the back-pressure. Signal and timeout end the wait for that; later they have no effect. */
  offer(job: T, options?: JobOptions): Promise<AdmittedJob<R>> {
    let made: Job<T, unknown>
    try {
      made = this.#job(job, options)
    } catch (error) {
      return rejected(error)
    }
    const reception = receive(this.#parts, made, !triesOnce(options))
    if (reception === 'admitted') return ready(new Admitted<R>(made as Promised<R>))
    if (reception === 'refused') return rejected(refusal(this.#parts, job))
    return new Promise<AdmittedJob<R>>((resolve, reject) => {
      made.offer = { admitted: resolve as (handle: AdmittedJob<unknown>) => void, refused: reject }
      made.guard = Guard.of(options, 'The wait for admission', error => this.#giveUp(made, error))
    })
  }

  /** Settles as the job does. Signal and timeout cover all of it: the wait, every attempt, and the time between. */
  submit(job: T, options?: JobOptions): Promise<R> {
    const isSimple = options === undefined && !this.#isClosed
    const simple = isSimple ? submitSimple(this.#parts, job) : undefined
    if (simple !== undefined) return simple as Promise<R>
    let made: Job<T, unknown>
    try {
      made = this.#job(job, options)
    } catch (error) {
      return rejected(error)
    }
    const { promise } = made
    if (options !== undefined) made.guard = Guard.of(options, 'The job', error => this.#giveUp(made, error))
    if (receive(this.#parts, made, !triesOnce(options)) === 'refused') made.refuse(refusal(this.#parts, job))
    return promise as Promise<R>
  }

  /** Undefined when the job would have to wait for admission, or is refused. A job that is dropped on the way has a result that says so. */
  tryOffer(job: T, options?: JobOptions): AdmittedJob<R> | undefined {
    checkJob(options)
    if (this.#isClosed) return undefined
    const made = this.#job(job, options)
    return receive(this.#parts, made, false) === 'admitted' ? new Admitted<R>(made as Promised<R>) : undefined
  }

  /**
   * A job for each value of a source, and their results, `ordered` by default. Values are asked for only while the queue would admit another
   * job, and no more results wait than it has places. Single use, and nothing runs before it is consumed. The first failure aborts the
   * other jobs and ends the source, and so does leaving the loop.
   *
   * @example
   * for await (const page of queue.map(urls)) console.log(page.status)
   */
  map(source: Iterable<T> | AsyncIterable<T>, options?: JobMapOptions): AsyncIterableIterator<R, undefined> {
    return new JobMap<T, R>(this, source, options)
  }

  /** Starts no more jobs. What runs goes on, and `capacity` still holds. */
  pause(): void {
    this.#parts.slots.isPaused = true
    this.#parts.slots.watchRate()
  }

  resume(): void {
    this.#parts.slots.isPaused = false
    this.#changed()
  }

  /** Drops the jobs that wait for a slot or for another try; those that wait for admission may come in then. */
  clear(): void {
    this.#drop('cleared')
    this.#changed()
  }

  /** Takes no new jobs, ends a pause, and fulfils when all that were admitted, or waited for it, have ended. A timeout ends this wait alone. */
  close(options?: WaitOptions): Promise<void> {
    try {
      checkWait(options)
    } catch (error) {
      return rejected(error)
    }
    this.#shut()
    this.resume()
    return this.#idle.until(1, options)
  }

  /** Takes no new jobs, drops all that wait, aborts the signals of those that run, and fulfils when these have ended. */
  cancel(reason?: unknown): Promise<void> {
    if (this.#canceled === undefined) {
      this.#canceled = { reason }
      const { slots, parked } = this.#parts
      slots.isCanceled = true
      this.#shut()
      const refused: Job<T, unknown>[] = []
      for (let job = parked.shift(); job !== undefined; job = parked.shift()) refused.push(job)
      for (const job of refused) job.refuse(dropError(job.value, 'canceled', reason))
      this.#drop('canceled')
      slots.abort(reason)
      this.#changed()
    }
    return this.#idle.until(1, undefined)
  }

  /** Fulfils when nothing runs, waits, or is to be tried again. */
  onIdle(options?: WaitOptions): Promise<void> {
    return this.#idle.until(1, options)
  }

  /** Fulfils when `count` (1) jobs would be admitted without waiting. Keeps no place: another one may be faster. */
  onCapacity(options?: WaitOptions & { count?: number }): Promise<void> {
    try {
      const { slots, settings } = this.#parts
      const { count: asked = 1 } = options ?? {}
      const count = checkedCount(asked, slots.mostAtOnce + settings.capacity)
      if (this.#isClosed) throw dropError(undefined, 'closed')
      return this.#room.until(count, options)
    } catch (error) {
      return rejected(error)
    }
  }

  /** How many run at once; may be changed at any time. Fewer interrupt nobody. With `targetLatency` it is what it adapted to, and setting it sets the most. */
  get concurrency(): number {
    return this.#parts.slots.concurrency
  }

  set concurrency(concurrency: number) {
    this.#parts.slots.concurrency = checkedConcurrency(concurrency)
    this.#changed()
  }

  get capacity(): number {
    return this.#parts.settings.capacity
  }

  /** Slots that are free: concurrency less what runs, never negative. */
  get availableCapacity(): number {
    return Math.max(0, this.#parts.slots.concurrency - this.#parts.slots.running)
  }

  get running(): number {
    return this.#parts.slots.running
  }

  /** Admitted jobs that wait for a slot. */
  get waiting(): number {
    return this.#parts.line.length
  }

  get isPaused(): boolean {
    return this.#parts.slots.isPaused
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  metrics(): WorkQueueMetrics {
    return measuredQueue(this.#parts)
  }

  /** `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #isAwaited(): boolean {
    const { line, parked } = this.#parts
    return line.startable > 0 || parked.length > 0 || this.#room.length > 0
  }

  get #isIdle(): boolean {
    const { line, slots, parked } = this.#parts
    return slots.running === 0 && line.length === 0 && slots.delayed === 0 && parked.length === 0
  }

  #job(job: T, options: JobOptions | undefined): Job<T, unknown> {
    if (options !== undefined) checkJob(options)
    if (this.#isClosed) throw dropError(job, this.#canceled ? 'canceled' : 'closed', this.#canceled?.reason)
    return new Job<T, unknown>(job, options?.priority ?? 0, options?.key)
  }

  #shut(): void {
    this.#isClosed = true
    this.#room.fail(() => dropError(undefined, 'closed'))
  }

  /** All leave before anybody is told, for whoever is told may call back in. */
  #drop(reason: 'cleared' | 'canceled'): void {
    const { line, slots, ledger } = this.#parts
    const jobs = [...slots.delays.drain(), ...line.drain()]
    const cause = this.#canceled?.reason
    for (const job of jobs) ledger.drop(job, reason, dropError(job.value, reason, cause))
  }

  /** The signal or the timeout of a job. */
  #giveUp(job: Job<T, unknown>, error: unknown): void {
    const { parked, slots, ledger } = this.#parts
    switch (job.state) {
      case 'parked':
        parked.remove(job)
        job.refuse(error)
        break
      case 'waiting':
      case 'delayed':
        leave(this.#parts, job)
        ledger.drop(job, 'aborted', error)
        break
      case 'running':
        slots.giveUp(job, error)
        break
      case 'ended':
        return
    }
    this.#changed()
  }

  /** Something became less: whoever waits for that gets on. */
  #changed(): void {
    const { line, slots, parked } = this.#parts
    if (line.startable > 0) slots.fill()
    if (parked.length > 0) admitParked(this.#parts)
    this.#idle.check()
    this.#room.check()
    slots.watchRate()
  }
}
