// Promises of what is ready, and rejections of what was refused, on account of the turn budget.
import { turn } from './turn.ts'
import { rejected } from './wait.ts'

/** One promise for all successes without a value that come at once. */
export const DONE: Promise<void> = Promise.resolve()

/** A promise of a value that is there already. */
export function ready<T>(value: T): Promise<T> {
  return turn.tick() ? Promise.resolve(value) : settledLater(value)
}

/** A success whose promise settles from a macrotask, for the turn's budget is spent. */
export function settledLater<T>(value: T): Promise<T> {
  return new Promise<T>(resolve => turn.defer(resolve, value))
}

/** Settles an operation that waited. */
export function settleReady<T>(resolve: (value: T) => void, value: T): void {
  if (turn.tick()) resolve(value)
  else turn.defer(resolve, value)
}

/** A refusal counts as much as a success: who tries again and again starves nobody, and it overtakes nothing. */
export function refused(error: unknown): Promise<never> {
  return turn.tick() ? rejected(error) : new Promise((_, reject) => turn.defer(reject, error))
}
