// The account of one subscription: what was asked, given and handled. What either side does about it is that side's matter.
import { Deferred } from '../deferred.ts'
import type { LinkSettings } from './options.ts'
import { demandError, endingOf, type Ending } from './stage-errors.ts'
import type { Subscription } from './types.ts'

/** The side that asks. Both calls only take note: they come from within the steps of others. */
export interface Subscriber<T> {
  receive(link: Link<T>, events: readonly T[]): void
  /** Nothing comes after it. */
  ended(link: Link<T>, ending: Ending): void
}

/** The side that gives. */
export interface Giver<T> {
  readonly name: string
  ask(link: Link<T>, count: number): void
  leave(link: Link<T>, ending: Ending): void
}

let lastId = 0

export class Link<T> {
  readonly id: number
  readonly giver: Giver<T>
  readonly subscriber: Subscriber<T>
  readonly settings: LinkSettings
  /** Asked for and not handled: what the subscriber may have in its hands. */
  outstanding = 0
  /** Asked for and not given. */
  credit = 0
  /** The giver gives no more. */
  isCut = false
  /** The subscriber has seen the end. */
  readonly over: Deferred<void> = new Deferred<void>()

  constructor(giver: Giver<T>, subscriber: Subscriber<T>, settings: LinkSettings) {
    lastId += 1
    this.id = lastId
    this.giver = giver
    this.subscriber = subscriber
    this.settings = settings
  }

  ask(count: number): void {
    if (this.isCut) return
    // Asking for more than can be counted is asking for everything.
    const counted = Math.min(count, Number.MAX_SAFE_INTEGER - this.outstanding)
    if (counted <= 0) return
    this.outstanding += counted
    this.credit += counted
    this.giver.ask(this, counted)
  }

  /** So many were handled. Asks again when few enough are left. */
  handled(count: number): void {
    this.outstanding -= count
    if (this.settings.isManual || this.outstanding > this.settings.minDemand) return
    this.ask(this.settings.maxDemand - this.outstanding)
  }

  give(events: readonly T[]): void {
    this.credit -= events.length
    this.subscriber.receive(this, events)
  }

  cut(ending: Ending): void {
    if (this.isCut) return
    this.isCut = true
    this.subscriber.ended(this, ending)
  }
}

/** What its consumer holds of a link. */
export class LinkSubscription<T> implements Subscription {
  readonly #link: Link<T>

  constructor(link: Link<T>) {
    this.#link = link
  }

  get id(): number {
    return this.#link.id
  }

  get outstanding(): number {
    return this.#link.outstanding
  }

  ask(count: number): void {
    if (!(count === Infinity || (Number.isSafeInteger(count) && count >= 1))) {
      throw demandError(`\`count\` must be a number of events from 1, received ${String(count)}`)
    }
    if (!this.#link.settings.isManual) {
      throw demandError('Only a subscription with `manual: true` is asked by hand: this one asks by itself')
    }
    this.#link.ask(count)
  }

  cancel(reason?: unknown): Promise<void> {
    const link = this.#link
    link.giver.leave(link, endingOf(reason, 'The subscription'))
    return link.over.promise
  }

  /** `cancel()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cancel()
  }
}
