// What follows from outputs that a writer refused: how often each was tried, when it is tried again, and when no more.
import { backoffDelay, triesAgain, type RetryOptions } from '../retry.ts'
import type { ProcessorTotals } from './totals.ts'

/** One nack, in positions of the outbox. */
export interface Refusal {
  readonly position: number
  /** Outputs that are to blame, from that position on. */
  readonly culprits: number
  /** Outputs that were tried in vain, from that position on. */
  readonly tried: number
  readonly retryAfter: number | undefined
  readonly isFatal: boolean
  readonly reason: unknown
}

export class Refusals {
  /** Came to its last try: waits for what was sent before it, then it is dead or halts the processor. */
  exhausted: Refusal | undefined = undefined
  readonly #retry: RetryOptions | undefined
  readonly #resume: () => void
  readonly #totals: ProcessorTotals
  readonly #tries = new Map<number, number>()
  // What is acknowledged has no tries any more.
  #forgotten = 0
  #timer: NodeJS.Timeout | undefined

  /** `resume` is called when the time between two tries is over. */
  constructor(retry: RetryOptions | undefined, totals: ProcessorTotals, resume: () => void) {
    this.#retry = retry
    this.#totals = totals
    this.#resume = resume
  }

  /** Nothing may be sent now. */
  get isHolding(): boolean {
    return this.#timer !== undefined || this.exhausted !== undefined
  }

  /** Something that was refused is to be acknowledged yet. */
  get isProbing(): boolean {
    return this.#tries.size > 0
  }

  add(refusal: Refusal): void {
    const { position, tried, retryAfter, isFatal } = refusal
    for (let at = position; at < position + tried; at++) this.#tries.set(at, (this.#tries.get(at) ?? 0) + 1)
    const tries = this.#tries.get(position) ?? 1
    clearTimeout(this.#timer)
    this.#timer = undefined
    // An older one that was exhausted is sent again with this one, and is exhausted again then.
    this.exhausted = undefined
    try {
      if (!isFatal && this.#goesOn(refusal, tries))
        return this.#hold(retryAfter ?? backoffDelay(this.#retry ?? {}, tries))
      this.exhausted = refusal
    } catch (error) {
      this.exhausted = { ...refusal, reason: error }
    }
  }

  /** Everything up to this position is acknowledged. */
  forget(acked: number): void {
    // Position by position: a look at all that are left at each step would cost the square of a large batch.
    if (this.#tries.size > 0) for (let at = this.#forgotten + 1; at <= acked; at++) this.#tries.delete(at)
    this.#forgotten = acked
  }

  /** As if nothing had been refused yet. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.exhausted = undefined
    this.#tries.clear()
  }

  // Without options the writer alone decides.
  #goesOn({ reason, retryAfter }: Refusal, tries: number): boolean {
    return this.#retry === undefined ? retryAfter !== undefined : triesAgain(this.#retry, reason, tries)
  }

  #hold(ms: number): void {
    this.#totals.retries += 1
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#resume()
    }, ms)
  }
}
