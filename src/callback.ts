// Callbacks of the user that nobody awaits: what they throw becomes a process warning and disturbs nothing.

/** Calls it, if there is one. Its state must be in order beforehand, for it may call back in. */
export function notify<A extends unknown[]>(callback: ((...args: A) => void) | undefined, ...args: A): void {
  if (callback === undefined) return
  try {
    const outcome: unknown = callback(...args)
    if (outcome instanceof Promise) outcome.catch(warn)
  } catch (error) {
    warn(error)
  }
}

/** Tells of what nobody else can be told. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { type: 'SluiceWarning' })
}
