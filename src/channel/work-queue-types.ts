// What users see of a WorkQueue apart from the class itself.
import type { RateOptions } from '../rate.ts'
import type { RetryOptions } from '../retry.ts'
import type { WaitOptions } from '../wait.ts'
import type { DropReason, Overflow } from './types.ts'

/** How a WorkQueue runs its jobs, and what it does when there are too many. */
export interface WorkQueueOptions<T> {
  /** How many jobs run at once. */
  concurrency: number
  /**
   * In ms, experimental: the number of jobs that run at once adapts, from `minConcurrency` up to `concurrency`, so that a job takes about so
   * long: one more while jobs wait and those that run are faster, a tenth less when they are slower.
   */
  targetLatency?: number
  /** With `targetLatency`: as many run at the beginning, and never fewer. 1 by default. */
  minConcurrency?: number
  /** How many jobs may wait for a slot, those that wait for another try included; as many as `concurrency` by default. */
  capacity?: number
  /** What a job meets when that many wait: it waits for admission ('block', the default), is dropped, drops the oldest, or is refused. */
  overflow?: Overflow
  /** How often a job may be started, later attempts included. */
  rate?: RateOptions
  /** Tries a failed job again. Meanwhile its slot is free, but it counts as waiting. */
  retry?: RetryOptions
  /** In ms, for each attempt: its signal aborts and it counts as failed. Its slot is free when the worker has really ended. */
  jobTimeout?: number
  name?: string
  /** Called for each job that is dropped, and for each whose last try failed ('exhausted'). */
  onDrop?: (job: T, reason: DropReason) => void
  /** Failures of jobs whose `result` nobody took. */
  onError?: (error: unknown, job: T) => void
}

/** How one job is treated. */
export interface JobOptions extends WaitOptions {
  /** Higher first, first in first out within one; 0 by default. No job is overtaken by later ones for ever. */
  priority?: number
  /** Jobs of one key run one at a time, in the order they were admitted. */
  key?: PropertyKey
}

/** How `map` gives results. */
export interface JobMapOptions {
  /** True by default: in the order of the source, else as they come. */
  ordered?: boolean
}

/** What a worker gets beside the job. */
export interface JobContext {
  /** Aborts when the job is given up: by `cancel()`, by `jobTimeout`, or by the signal or timeout of `submit()`. */
  readonly signal: AbortSignal
  /** From 1. */
  readonly attempt: number
}

/** An admitted job. */
export interface AdmittedJob<R> {
  /** Settles as the job does. Ignoring it raises nothing; taking it makes its failure yours instead of `onError`'s. */
  readonly result: Promise<R>
}

/** Counts since the queue was made; a job ends as completed, failed or dropped. */
export interface WorkQueueMetrics {
  readonly kind: 'queue'
  readonly name: string
  readonly running: number
  readonly waiting: number
  /** Jobs that wait for another try. */
  readonly delayed: number
  readonly completed: number
  readonly failed: number
  readonly dropped: number
  readonly waitMs: { readonly total: number; readonly max: number }
  readonly runMs: { readonly total: number; readonly max: number }
}
