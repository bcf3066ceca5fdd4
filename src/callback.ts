// Callbacks of the user that nobody awaits the outcome of: what they throw becomes a process warning and disturbs nothing.
import { textOf } from './errors.ts'

/** Calls it, if there is one. Its state must be in order beforehand, for it may call back in. */
export function notify<A extends unknown[]>(callback: ((...args: A) => void) | undefined, ...args: A): void {
  if (callback !== undefined) void attend(callback, ...args)
}

/** The same for a callback that is waited for: a promise that never rejects, or nothing where there is nothing to wait for. */
export function attend<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): Promise<void> | undefined {
  try {
    const outcome = callback(...args)
    return isThenable(outcome) ? Promise.resolve(outcome).then(nothing, warn) : undefined
  } catch (error) {
    warn(error)
    return undefined
  }
}

/** Tells of an error that has no one to go to. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : textOf(error), { type: 'SluiceWarning' })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function nothing(): void {}
