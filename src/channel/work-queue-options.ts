// The options of a WorkQueue and of its jobs, checked, with every default filled in.
import { invalidOption } from '../errors.ts'
import { checkRate } from '../rate.ts'
import { checkRetry, type RetryOptions } from '../retry.ts'
import { checkWait } from '../wait.ts'
import { checkedConcurrency } from './concurrency.ts'
import type { DropReason, Overflow } from './types.ts'
import type { JobOptions, WorkQueueOptions } from './work-queue-types.ts'

export interface QueueSettings<T> {
  readonly concurrency: number
  readonly minConcurrency: number
  readonly targetLatency: number | undefined
  readonly capacity: number
  readonly overflow: Overflow
  readonly rate: WorkQueueOptions<T>['rate']
  readonly retry: RetryOptions | undefined
  readonly jobTimeout: number
  readonly name: string
  readonly onDrop: ((job: T, reason: DropReason) => void) | undefined
  readonly onError: ((error: unknown, job: T) => void) | undefined
}

const OVERFLOWS: readonly unknown[] = ['block', 'drop-newest', 'drop-oldest', 'error']

export function queueSettings<T>(options: WorkQueueOptions<T>): QueueSettings<T> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const concurrency = checkedConcurrency(options.concurrency)
  const { capacity = concurrency, overflow = 'block', rate, retry, jobTimeout = Infinity, name = 'queue' } = options
  const { onDrop, onError, targetLatency, minConcurrency = 1 } = options
  if (targetLatency !== undefined && !(typeof targetLatency === 'number' && targetLatency > 0)) {
    throw invalidOption('targetLatency', 'a positive number of ms', targetLatency)
  }
  if (!(Number.isSafeInteger(minConcurrency) && minConcurrency >= 1 && minConcurrency <= concurrency)) {
    throw invalidOption('minConcurrency', `an integer from 1 to concurrency, which is ${concurrency}`, minConcurrency)
  }
  if (capacity !== Infinity && !(Number.isSafeInteger(capacity) && capacity >= 0)) {
    throw invalidOption('capacity', 'an integer that is not negative, or Infinity', capacity)
  }
  if (!OVERFLOWS.includes(overflow)) {
    throw invalidOption('overflow', "'block', 'drop-newest', 'drop-oldest' or 'error'", overflow)
  }
  if (overflow === 'drop-oldest' && capacity === 0) {
    throw invalidOption('capacity', "at least 1 with overflow 'drop-oldest'", capacity)
  }
  if (rate !== undefined) checkRate(rate, 'rate')
  if (retry !== undefined) checkRetry(retry, 'retry')
  if (!(typeof jobTimeout === 'number' && jobTimeout > 0)) {
    throw invalidOption('jobTimeout', 'a positive number of ms', jobTimeout)
  }
  if (typeof name !== 'string') throw invalidOption('name', 'a string', name)
  if (onDrop !== undefined && typeof onDrop !== 'function') throw invalidOption('onDrop', 'a function', onDrop)
  if (onError !== undefined && typeof onError !== 'function') throw invalidOption('onError', 'a function', onError)
  const bounds = { concurrency, minConcurrency, targetLatency, capacity, overflow, rate }
  return { ...bounds, retry, jobTimeout, name, onDrop, onError }
}

export function checkJob(options: JobOptions | undefined): void {
  if (options === undefined) return
  checkWait(options)
  const { priority = 0, key } = options
  if (!Number.isFinite(priority)) throw invalidOption('priority', 'a finite number', priority)
  if (key !== undefined && typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'symbol') {
    throw invalidOption('key', 'a string, number or symbol', key)
  }
}

/** The `count` of a wait for room, which must be possible at all. */
export function checkedCount(count: number, most: number): number {
  if (!(Number.isSafeInteger(count) && count >= 1)) throw invalidOption('count', 'a positive integer', count)
  if (count > most)
    throw invalidOption('count', `at most ${most}, which is what may start at once and capacity together`, count)
  return count
}
