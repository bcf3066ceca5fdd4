// The one shape of whatever values are delivered to.
import type { WaitOptions } from '../wait.ts'

/** One target of a transfer. */
export interface Sink<T> {
  /** Fulfils when the target took the value and wants more. */
  put(value: T, wait: WaitOptions): Promise<void>
  /** Hands the value over within the bound that the target keeps itself; undefined when it wants more at once. Its failure is told to who watches. */
  pass(value: T, wait: WaitOptions): Promise<void> | undefined
  /** How much of the value of a rejected `put` the target took all the same, in bytes. */
  readonly taken: number
  /** A value whose `put` was given up stays with the target; otherwise `put` heeds the wait itself and withdraws it. */
  readonly keepsWhatItGot: boolean
  /** Calls back once when the target failed, or ended by itself. Not after `close`, `abort` or `detach`. */
  watch(gone: (error: unknown) => void): void
  /** The source is at its end. */
  close(): Promise<void>
  /** The source failed: the target must not look complete. */
  abort(error: unknown): void
  /** The transfer is over, whatever its end: listeners and locks go. */
  detach(): void
}

/** Tells of an end that nobody asked for, once, until it is told to be quiet. */
export class Watch {
  #gone: ((error: unknown) => void) | undefined

  set(gone: (error: unknown) => void): void {
    this.#gone = gone
  }

  tell(error: unknown): void {
    const gone = this.#gone
    this.#gone = undefined
    gone?.(error)
  }

  clear(): void {
    this.#gone = undefined
  }
}
