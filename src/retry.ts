// Whether to try again, and after how long. Waiting and trying are the caller's matter.
import { invalidOption } from './errors.ts'
import { LONGEST_TIMER } from './wait.ts'

/** How long to wait between tries: `initial`, then `factor` times as long each, at most `max`. */
export interface Backoff {
  /** In ms, 100 by default. */
  initial?: number
  /** In ms, 30000 by default. */
  max?: number
  /** 2 by default. */
  factor?: number
  /** True by default: a random part of the time, from nothing to all of it, so that many who failed together don't come back together. */
  jitter?: boolean
}

/** How often to try, and when. */
export interface RetryOptions extends Backoff {
  /** Tries in all, the first one included. */
  attempts: number
  /** Says whether this error, of this attempt (from 1), is worth another try; all are by default. */
  retryIf?: (error: unknown, attempt: number) => boolean
}

/** Throws ERR_INVALID_OPTION for a backoff that makes no sense. */
export function checkBackoff(backoff: Backoff, option: string): void {
  if (backoff === null || typeof backoff !== 'object') throw invalidOption(option, 'an object', backoff)
  const { initial = 100, max = 30_000, factor = 2, jitter = true } = backoff
  for (const [name, value] of [
    ['initial', initial],
    ['max', max],
  ] as const) {
    if (!(typeof value === 'number' && value >= 0 && value <= LONGEST_TIMER)) {
      throw invalidOption(`${option}.${name}`, `a number of ms from 0 to ${LONGEST_TIMER}`, value)
    }
  }
  if (!(typeof factor === 'number' && factor >= 1 && factor < Infinity)) {
    throw invalidOption(`${option}.factor`, 'a number from 1', factor)
  }
  if (typeof jitter !== 'boolean') throw invalidOption(`${option}.jitter`, 'a boolean', jitter)
}

/** Throws ERR_INVALID_OPTION for a retry that makes no sense. */
export function checkRetry(retry: RetryOptions, option: string): void {
  checkBackoff(retry, option)
  const { attempts, retryIf } = retry
  if (!(attempts === Infinity || (Number.isSafeInteger(attempts) && attempts >= 1))) {
    throw invalidOption(`${option}.attempts`, 'a positive integer or Infinity', attempts)
  }
  if (retryIf !== undefined && typeof retryIf !== 'function') {
    throw invalidOption(`${option}.retryIf`, 'a function', retryIf)
  }
}

/** Whether to try again after this attempt (from 1) failed. What `retryIf` throws is thrown. */
export function triesAgain(retry: RetryOptions | undefined, error: unknown, attempt: number): boolean {
  if (retry === undefined || attempt >= retry.attempts) return false
  return retry.retryIf === undefined || retry.retryIf(error, attempt)
}

/** Milliseconds to wait after this attempt (from 1). */
export function backoffDelay(backoff: Backoff, attempt: number): number {
  const { initial = 100, max = 30_000, factor = 2, jitter = true } = backoff
  // The power overflows to Infinity at last, and 0 times that is no number.
  const whole = initial === 0 ? 0 : Math.min(max, initial * factor ** (attempt - 1))
  return jitter ? Math.random() * whole : whole
}
