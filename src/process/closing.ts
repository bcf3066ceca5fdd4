// From exited to closed: waits until nobody holds the other end of the output pipes, or until the drain timeout is over.
// Unread bytes don't delay it: they stay readable.
import type { Endpoint } from './endpoint.ts'
import { startTimer } from './lifetime.ts'

/** Whether no more can come through it: everybody else let go, or we did. */
export function isDry(endpoint: Endpoint): boolean {
  return endpoint.isClosed || endpoint.hungUp
}

export interface Closing {
  /** A pipe was closed on our side: looks again. */
  recheck(): void
  /** Ends the wait now. */
  finish(): void
}

/** Calls `closed` once, at once when nothing is left to wait for. */
export function watchClosing(
  outputs: readonly Endpoint[],
  drainTimeout: number,
  closed: (drained: boolean) => void,
): Closing {
  let over = false
  let stopTimer: (() => void) | undefined
  const finish = (): void => {
    if (over) return
    over = true
    stopTimer?.()
    for (const endpoint of outputs) endpoint.watchHangUp(undefined)
    closed(outputs.every(isDry))
  }
  const recheck = (): void => {
    if (outputs.every(isDry)) finish()
  }
  recheck()
  if (!over) {
    if (drainTimeout !== Infinity) stopTimer = startTimer(drainTimeout, finish)
    for (const endpoint of outputs) endpoint.watchHangUp(recheck)
  }
  return { recheck, finish }
}
