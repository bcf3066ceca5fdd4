// Promises of what is ready, on account of the turn budget.
import { turn } from '../turn.ts'

/** A promise of a value that is there already. */
export function ready<T>(value: T): Promise<T> {
  if (turn.tick()) return Promise.resolve(value)
  return new Promise<T>(resolve => turn.defer(resolve, value))
}

/** Settles an operation that waited. */
export function settleReady<T>(resolve: (value: T) => void, value: T): void {
  if (turn.tick()) resolve(value)
  else turn.defer(resolve, value)
}
