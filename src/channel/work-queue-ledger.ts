// How the jobs of a WorkQueue ended: tells their owners and the callbacks, and counts.
import { notify } from '../callback.ts'
import { RefusedError } from '../errors.ts'
import { queueDrop } from '../observe/index.ts'
import { tellDrop } from './trace.ts'
import type { DropReason } from './types.ts'
import type { Job } from './work-queue-job.ts'
import type { QueueSettings } from './work-queue-options.ts'

const SAID: Readonly<Record<DropReason, string>> = {
  newest: 'the queue is full',
  oldest: 'a newer job took its place',
  canceled: 'the queue was canceled',
  cleared: 'the queue was cleared',
  aborted: 'it was given up while it waited',
  exhausted: 'its last attempt failed',
  closed: 'the queue is closed',
}

export class Ledger<T, R> {
  completed = 0
  failed = 0
  dropped = 0
  readonly waitMs: { total: number; max: number } = { total: 0, max: 0 }
  readonly runMs: { total: number; max: number } = { total: 0, max: 0 }
  readonly #settings: QueueSettings<T>

  constructor(settings: QueueSettings<T>) {
    this.#settings = settings
  }

  started(job: Job<T, R>, now: number): void {
    if (job.state === 'waiting') add(this.waitMs, now - job.since)
  }

  /** An attempt is over, whatever came of it. */
  ran(job: Job<T, R>, now: number): void {
    add(this.runMs, now - job.since)
  }

  complete(job: Job<T, R>, value: R): void {
    this.completed += 1
    job.fulfil(value)
  }

  /** The job has run and failed; `isExhausted` if that was the last try of those it had. */
  fail(job: Job<T, R>, error: unknown, isExhausted: boolean): void {
    this.failed += 1
    job.fail(error)
    const { onError, onDrop } = this.#settings
    if (isExhausted) notify(onDrop, job.value, 'exhausted')
    if (onError === undefined || job.isObserved) return
    // Whoever awaits `offer` gets the handle a microtask later, even if the job fails at once.
    setImmediate(() => {
      if (!job.isObserved) notify(onError, error, job.value)
    })
  }

  /** The job was admitted and is not going to run any more. The error is the one its owner gets. */
  drop(job: Job<T, R>, reason: DropReason, error: unknown = dropError(job.value, reason)): void {
    this.dropped += 1
    job.state = 'ended'
    job.fail(error)
    if (queueDrop.hasSubscribers) tellDrop(queueDrop, this.#settings.name, reason, 1)
    notify(this.#settings.onDrop, job.value, reason)
  }
}

/** ERR_JOB_DROPPED with the job as its value. */
export function dropError(job: unknown, reason: DropReason, cause?: unknown): RefusedError {
  const message = `The job was dropped: ${SAID[reason]}`
  return new RefusedError('ERR_JOB_DROPPED', message, job, cause === undefined ? undefined : { cause })
}

function add(sum: { total: number; max: number }, ms: number): void {
  sum.total += ms
  if (ms > sum.max) sum.max = ms
}
