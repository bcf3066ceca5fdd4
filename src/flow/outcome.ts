// What a callback gives: a value at once, or a promise of one.

/** Whether it has to be waited for. */
export function isLater<T>(outcome: T | PromiseLike<T>): outcome is PromiseLike<T> {
  return typeof outcome === 'object' && outcome !== null && typeof (outcome as { then?: unknown }).then === 'function'
}

/** One of the two is called, later. What they throw is their own fault. */
export function whenSettled<T>(
  outcome: PromiseLike<T>,
  fulfilled: (value: T) => void,
  rejected: (error: unknown) => void,
): void {
  const promise = outcome instanceof Promise ? (outcome as Promise<T>) : Promise.resolve(outcome)
  void promise.then(fulfilled, rejected)
}

/** Fulfils when all have settled, and rejects then with the first error in their order. */
export async function allOf(promises: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(promises)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
