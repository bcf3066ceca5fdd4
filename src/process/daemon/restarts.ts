// Whether and when a child that ended is followed by another. Starts nothing and waits for nothing.
import { backoffDelay, type Backoff } from '../../retry.ts'

export interface RestartPolicy {
  readonly restart: 'always' | 'on-failure' | 'never'
  readonly backoff: Backoff
  readonly maxRestarts: number
  readonly within: number
}

/** Restarts that are remembered when any number is allowed; the backoff has reached its maximum by then. */
const REMEMBERED = 1000

export class Restarts {
  readonly #policy: RestartPolicy
  // When the restarts were that still count, oldest first.
  #times: number[] = []

  constructor(policy: RestartPolicy) {
    this.#policy = policy
  }

  /** Milliseconds until the next start; `'enough'` when none is wanted, `'too many'` when the window allows no more. */
  after(ok: boolean, now: number): number | 'enough' | 'too many' {
    const { restart, backoff, maxRestarts, within } = this.#policy
    if (restart === 'never' || (restart === 'on-failure' && ok)) return 'enough'
    this.#times = this.#times.filter(time => now - time < within)
    if (this.#times.length >= maxRestarts) return 'too many'
    this.#times.push(now)
    if (this.#times.length > REMEMBERED) this.#times.shift()
    return backoffDelay(backoff, this.#times.length)
  }
}
