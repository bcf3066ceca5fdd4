// The one check of `concurrency`, wherever it is an option.
import { invalidOption } from '../errors.ts'

/** Throws ERR_INVALID_OPTION for what is no number of slots. */
export function checkedConcurrency(concurrency: number): number {
  if (concurrency !== Infinity && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    throw invalidOption('concurrency', 'a positive integer or Infinity', concurrency)
  }
  return concurrency
}
