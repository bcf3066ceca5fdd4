// What waits for an endpoint: how it tries, and how a try can end. Their order is a list of what waits; when each tries is the endpoint's matter.
import { Waiting } from '../waiting.ts'

/** How an attempt ended: it would block, the operation is over, or it used up its round and could go on at once. */
export type Outcome = typeof WAIT | typeof DONE | typeof MORE
export const WAIT = 0
export const DONE = 1
export const MORE = 2

/** One operation that waits. */
export abstract class Parked extends Waiting<Parked> {
  /** Tries the system call; DONE also when it failed. Never throws. */
  abstract attempt(): Outcome
  /** The endpoint is gone. */
  abstract fail(error: Error): void
}
