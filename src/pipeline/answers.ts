// What a writer's answers do to what was sent: acknowledged, or to be sent again, or given up.
import { warn } from '../callback.ts'
import { invalidOption, timeoutError } from '../errors.ts'
import type { Line } from './line.ts'
import { checkNack } from './link.ts'
import type { ProcessorSettings } from './options.ts'
import type { Flight, Outbox } from './outbox.ts'
import { gaveUp } from './pipeline-errors.ts'
import type { Refusal, Refusals } from './refusals.ts'
import type { ProcessorTotals } from './totals.ts'
import type { Nack, WriteItem } from './types.ts'

export class Answers<O> {
  #isOver = false
  #isBurying = false
  // Up to this position one of several events failed, and nobody knows which: each goes again by itself.
  #searchUntil = 0
  readonly #settings: ProcessorSettings<never, O>
  readonly #line: Line<unknown, O>
  readonly #outbox: Outbox<O>
  readonly #refusals: Refusals
  readonly #gaveBack: (count: number) => void
  readonly #changed: () => void

  constructor(
    settings: ProcessorSettings<never, O>,
    line: Line<unknown, O>,
    outbox: Outbox<O>,
    refusals: Refusals,
    gaveBack: (count: number) => void,
    changed: () => void,
  ) {
    this.#settings = settings
    this.#line = line
    this.#outbox = outbox
    this.#refusals = refusals
    this.#gaveBack = gaveBack
    this.#changed = changed
  }

  /** Outputs that are sent again go event by event. */
  get isSearching(): boolean {
    return this.#outbox.sent < this.#searchUntil
  }

  end(): void {
    this.#isOver = true
  }

  /** Nobody wants to hear more of what was sent; its places are taken until the write is over. */
  handedOver(): void {
    for (let flight = this.#outbox.oldest; flight !== undefined; flight = this.#outbox.oldest) {
      flight.isSettled = true
      this.#advance()
    }
  }

  /** `sent` is what `write` was given, whatever was taken back since. */
  fulfilled(flight: Flight<O>, sent: readonly WriteItem<O>[], outcome: void | Nack): void {
    if (this.#isOver) return
    if (this.#settings.ack === 'none') {
      if (outcome !== undefined && outcome !== null)
        warn(outcome.reason ?? `The writer ${this.#settings.writer.name} refused event ${outcome.sequence}`)
      return this.#freed(flight)
    }
    try {
      if (outcome !== undefined && outcome !== null) return this.#returned(flight, sent, outcome)
    } catch (error) {
      return this.thrown(flight, error)
    }
    this.#give(flight, this.#taken(flight, flight.items.length))
    this.#changed()
  }

  /** All of it is refused that is not acknowledged. Which of its outputs is to blame is not known. */
  thrown(flight: Flight<O>, reason: unknown): void {
    if (this.#isOver) return
    if (this.#settings.ack === 'none') {
      warn(reason)
      return this.#freed(flight)
    }
    const { start, items, acked } = flight
    if (acked >= items.length) return
    const left = items.slice(acked)
    const ofFirst = left.filter(({ sequence }) => sequence === left[0]?.sequence).length
    if (ofFirst < left.length) this.#searchUntil = Math.max(this.#searchUntil, start + items.length - 1)
    this.#refuse({
      position: start + acked,
      culprits: ofFirst,
      tried: left.length,
      retryAfter: undefined,
      isFatal: false,
      reason,
    })
  }

  /** Everything up to there. */
  acknowledged(sequence: number, index: number): void {
    const before = this.#outbox.acked
    let freed = 0
    this.#outbox.mark(sequence, index, (flight, count) => {
      const some = Math.min(count, flight.held)
      flight.held -= some
      freed += some
    })
    this.#outbox.advance()
    this.#progress(this.#outbox.acked - before)
    if (freed > 0) this.#gaveBack(freed)
    this.#changed()
  }

  /** One that is not under way is an old answer, or a repeated one. */
  refused(nack: Nack): void {
    const position = this.#outbox.find(nack.sequence, nack.index)
    if (position < 0) return
    const { retryAfter, fatal = false, reason } = nack
    this.#refuse({ position, culprits: 1, tried: 1, retryAfter, isFatal: fatal, reason })
  }

  overdue(): void {
    const { oldest } = this.#outbox
    if (oldest !== undefined) this.thrown(oldest, timeoutError('The acknowledgement', this.#settings.ackTimeout))
  }

  /** Several events failed together, and only by itself it shows which is to blame: none is given up for what another did. */
  mayBeAnother({ tried, culprits }: Refusal): boolean {
    return tried > culprits && this.isSearching
  }

  /** The last try failed: `deadLetter` gets it, and the rest goes on. */
  bury(refusal: Refusal, owner: { readonly totals: ProcessorTotals; halt(error: unknown): void }): void {
    if (this.#isBurying) return
    this.#isBurying = true
    const items = this.#outbox.lookAgain(refusal.culprits)
    const letter = {
      sequence: items[0]?.sequence ?? 0,
      items: items.map(({ value }) => value),
      reason: refusal.reason,
    }
    const settle = (failure: { readonly error: unknown } | undefined): void => {
      this.#isBurying = false
      if (this.#isOver) return
      if (failure !== undefined) return owner.halt(gaveUp(this.#settings.name, letter.sequence, failure.error))
      owner.totals.deadLetters += 1
      this.#outbox.drop(items.length)
      this.#refusals.exhausted = undefined
      this.#progress(items.length)
      this.#changed()
    }
    void (async () => this.#settings.deadLetter?.(letter))().then(
      () => settle(undefined),
      error => settle({ error }),
    )
  }

  #returned(flight: Flight<O>, sent: readonly WriteItem<O>[], nack: Nack): void {
    checkNack(nack)
    const isNamed = ({ sequence, index }: WriteItem<O>): boolean => sequence === nack.sequence && index === nack.index
    if (!sent.some(isNamed)) throw invalidOption('nack', 'one that names an output of its batch', nack)
    const { items, start, acked } = flight
    const found = items.findIndex(isNamed)
    // One that another nack took back already: all that is left came before it. What is acknowledged stays so.
    const at = found < 0 ? items.length : Math.max(found, acked)
    const freed = this.#taken(flight, at)
    const { retryAfter, fatal = false, reason } = nack
    // Before anybody may send into the places that are free now.
    if (at < items.length) {
      this.#refuse({ position: start + at, culprits: 1, tried: 1, retryAfter, isFatal: fatal, reason })
    }
    this.#give(flight, freed)
    this.#changed()
  }

  /** The writer has the first so many outputs of it; with 'manual' it tells that elsewhere. Gives how many places that frees. */
  #taken(flight: Flight<O>, count: number): number {
    if (this.#settings.ack !== 'batch') return 0
    const isAll = count === flight.items.length
    const freed = isAll ? flight.held : Math.min(flight.held, count - flight.acked)
    flight.acked = count
    flight.isSettled = isAll
    this.#advance()
    return freed
  }

  #refuse(refusal: Refusal): void {
    let freed = 0
    const spared = this.#outbox.back(refusal.position, (flight, count) => {
      const some = Math.min(count, flight.held)
      flight.held -= some
      freed += some
    })
    this.#progress(spared)
    // Its time begins before anybody may send into the places that are free now.
    this.#refusals.add({ ...refusal, position: refusal.position + spared })
    if (freed > 0) this.#gaveBack(freed)
    this.#changed()
  }

  #advance(): void {
    this.#progress(this.#outbox.advance())
  }

  #progress(count: number): void {
    if (count === 0) return
    this.#line.acknowledge(count)
    this.#refusals.forget(this.#outbox.acked)
  }

  #give(flight: Flight<O>, count: number): void {
    flight.held -= count
    if (count > 0) this.#gaveBack(count)
  }

  #freed(flight: Flight<O>): void {
    this.#give(flight, flight.held)
    this.#changed()
  }
}
