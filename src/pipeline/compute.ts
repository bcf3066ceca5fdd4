// The computations of a processor: starts them in the order of events, pulls their outputs as far as the look-ahead allows, and tries
// again after failures.
import { backoffDelay, triesAgain } from '../retry.ts'
import { turn } from '../turn.ts'
import { Attempt, outcomeOf } from './attempt.ts'
import type { Line } from './line.ts'
import type { LookAhead } from './look-ahead.ts'
import type { ProcessorSettings } from './options.ts'
import type { Sequence } from './sequence.ts'
import type { ProcessorTotals } from './totals.ts'

// So many events or outputs are handled in one go even when the turn's budget is spent, or batches would shrink to one under load.
export const LEAST = 32

export interface ComputeOwner {
  /** Something came, ended or failed outside of a call from the owner. */
  changed(): void
  /** As `changed`, but not before the event loop had its turn. */
  changedLater(): void
}

export class Compute<I, O> {
  readonly #settings: ProcessorSettings<I, O>
  readonly #line: Line<I, O>
  readonly #budget: LookAhead<O>
  readonly #owner: ComputeOwner
  readonly #totals: ProcessorTotals
  // Events that have not given all their outputs, oldest first.
  #running: Sequence<I, O>[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  #isOver = false

  constructor(
    settings: ProcessorSettings<I, O>,
    line: Line<I, O>,
    budget: LookAhead<O>,
    owner: ComputeOwner,
    totals: ProcessorTotals,
  ) {
    this.#settings = settings
    this.#line = line
    this.#budget = budget
    this.#owner = owner
    this.#totals = totals
  }

  get isFree(): boolean {
    return this.#running.length < this.#settings.computeConcurrency
  }

  get running(): number {
    return this.#running.length
  }

  /** All events before this one have given all their outputs. */
  get first(): Sequence<I, O> | undefined {
    return this.#running[0]
  }

  /** Calls `process`. The event has ended when all its outputs are there already. */
  start(sequence: Sequence<I, O>): void {
    this.#try(sequence)
    if (!sequence.isEnded) this.#running.push(sequence)
  }

  /** Pulls what there is room for. */
  pull(): void {
    for (const sequence of this.#running.slice()) {
      const { attempt } = sequence
      if (attempt?.iterator !== undefined) this.#pullNow(sequence, attempt, attempt.iterator)
      else if (attempt?.asyncIterator !== undefined) this.#pullLater(sequence, attempt, attempt.asyncIterator)
    }
  }

  /** Tries once more what was tried for the last time. */
  retry(): void {
    for (const sequence of this.#running.slice()) {
      if (sequence.failure === undefined) continue
      sequence.failure = undefined
      sequence.attempts = 0
      this.#again(sequence)
    }
  }

  /** Nobody wants the outputs any more. */
  cancel(reason: unknown): void {
    this.#isOver = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    const running = this.#running
    this.#running = []
    for (const { attempt } of running) attempt?.cancel(reason)
  }

  #try(sequence: Sequence<I, O>): void {
    sequence.attempts += 1
    const attempt = new Attempt<O>(sequence.attempts)
    sequence.attempt = attempt
    try {
      const isWanted = !sequence.isDoubtful || this.#settings.interest?.(sequence.event) !== false
      this.#accept(sequence, attempt, isWanted ? this.#settings.process(sequence.event, attempt) : undefined)
    } catch (error) {
      this.#fail(sequence, attempt, error)
    }
  }

  #accept(sequence: Sequence<I, O>, attempt: Attempt<O>, value: unknown): void {
    const outcome = outcomeOf<O>(value)
    if (this.#isOver || sequence.attempt !== attempt) return
    if (outcome.kind === 'list') {
      const { values } = outcome
      const sizes = this.#budget.sizesOf(sequence.sent === 0 ? values : values.slice(sequence.sent))
      sequence.give(values, sizes)
      this.#budget.add(sequence.realised, sizes)
      this.#end(sequence)
    } else if (outcome.kind === 'promise') {
      outcome.promise.then(
        settled => this.#settled(sequence, attempt, settled),
        error => this.#failLater(sequence, attempt, error),
      )
    } else if (outcome.kind === 'iterator') attempt.iterator = outcome.iterator
    else {
      attempt.asyncIterator = outcome.iterator
      attempt.arrived = result => this.#arrived(sequence, attempt, result)
      attempt.thrown = error => {
        this.#budget.pulling -= 1
        this.#failLater(sequence, attempt, error)
      }
    }
  }

  #settled(sequence: Sequence<I, O>, attempt: Attempt<O>, value: unknown): void {
    try {
      this.#accept(sequence, attempt, value)
      this.#owner.changed()
    } catch (error) {
      this.#failLater(sequence, attempt, error)
    }
  }

  #pullNow(sequence: Sequence<I, O>, attempt: Attempt<O>, iterator: Iterator<O, unknown>): void {
    let pulled = 0
    try {
      while (sequence.attempt === attempt && this.#budget.mayPull(sequence, this.#line.head)) {
        const result = iterator.next()
        if (this.#isOver || sequence.attempt !== attempt) return
        this.#take(sequence, result)
        if (result.done === true) return
        pulled += 1
        if (!turn.tick() && pulled >= LEAST) return this.#owner.changedLater()
      }
    } catch (error) {
      this.#fail(sequence, attempt, error)
    }
  }

  #pullLater(sequence: Sequence<I, O>, attempt: Attempt<O>, iterator: AsyncIterator<O, unknown>): void {
    if (attempt.isPulling || !this.#budget.mayPull(sequence, this.#line.head)) return
    attempt.isPulling = true
    this.#budget.pulling += 1
    try {
      void Promise.resolve(iterator.next()).then(attempt.arrived, attempt.thrown)
    } catch (error) {
      this.#budget.pulling -= 1
      this.#fail(sequence, attempt, error)
    }
  }

  #arrived(sequence: Sequence<I, O>, attempt: Attempt<O>, result: IteratorResult<O, unknown>): void {
    attempt.isPulling = false
    this.#budget.pulling -= 1
    if (this.#isOver || sequence.attempt !== attempt) return
    try {
      this.#take(sequence, result)
    } catch (error) {
      return this.#failLater(sequence, attempt, error)
    }
    if (turn.tick()) this.#owner.changed()
    else this.#owner.changedLater()
  }

  #take(sequence: Sequence<I, O>, result: IteratorResult<O, unknown>): void {
    if (result.done === true) {
      sequence.isEnded = true
      this.#end(sequence)
    } else if (sequence.skip > 0) sequence.skip -= 1
    else {
      const sizes = this.#budget.sizesOf([result.value])
      sequence.add(result.value, sizes)
      this.#budget.add(1, sizes)
    }
  }

  #end(sequence: Sequence<I, O>): void {
    sequence.attempt = undefined
    const at = this.#running.indexOf(sequence)
    if (at >= 0) this.#running.splice(at, 1)
  }

  #failLater(sequence: Sequence<I, O>, attempt: Attempt<O>, error: unknown): void {
    this.#fail(sequence, attempt, error)
    this.#owner.changed()
  }

  #fail(sequence: Sequence<I, O>, attempt: Attempt<O>, error: unknown): void {
    if (this.#isOver || sequence.attempt !== attempt) return
    sequence.attempt = undefined
    const { items, bytes } = sequence.forget()
    this.#budget.remove(items, bytes)
    attempt.cancel(error)
    let reason = error
    try {
      if (triesAgain(this.#settings.retry, error, sequence.attempts)) return this.#waitFor(sequence)
    } catch (thrown) {
      reason = thrown
    }
    if (this.#settings.deadLetter === undefined) sequence.failure = { reason }
    else void this.#bury(sequence, reason)
  }

  #waitFor(sequence: Sequence<I, O>): void {
    this.#totals.retries += 1
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        this.#again(sequence)
        this.#owner.changed()
      },
      backoffDelay(this.#settings.retry ?? {}, sequence.attempts),
    )
    this.#timers.add(timer)
  }

  // It kept its place among those that run.
  #again(sequence: Sequence<I, O>): void {
    this.#try(sequence)
  }

  async #bury(sequence: Sequence<I, O>, reason: unknown): Promise<void> {
    try {
      await this.#settings.deadLetter?.({ sequence: sequence.number, items: [], reason })
      this.#totals.deadLetters += 1
      sequence.isEnded = true
      this.#end(sequence)
    } catch (error) {
      sequence.failure = { reason: error }
    }
    if (!this.#isOver) this.#owner.changed()
  }
}
