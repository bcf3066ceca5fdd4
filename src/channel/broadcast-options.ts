// The options of a broadcast.
import { invalidOption } from '../errors.ts'

/** How far a subscriber may be behind, and what happens when it is further. */
export interface BroadcastOptions {
  /** Values that wait for each subscriber, 1 at least. */
  capacity: number
  /** `'block'`, the default: senders wait for the slowest. `'drop-oldest'`: who is slow misses the oldest. */
  overflow?: 'block' | 'drop-oldest'
  /** How many of the last values are kept for those who come late, `capacity` at most; 0 by default. */
  replay?: number
  /** Told in metrics and messages. */
  name?: string
}

export function checkedReplay(replay: unknown, most: number): number {
  if (typeof replay === 'number' && Number.isSafeInteger(replay) && replay >= 0 && replay <= most) return replay
  throw invalidOption('replay', `a whole number from 0 to ${most}, which is how many are kept at most`, replay)
}
