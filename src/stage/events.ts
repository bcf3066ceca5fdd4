// The events of a stage one by one, for a loop. Hand-written, so that leaving answers at once while a `next()` is parked.
import { HandIterator } from '../iterator.ts'
import { turn } from '../turn.ts'
import { schedule, type Task } from './agenda.ts'
import { Link, type Subscriber } from './link.ts'
import { linkSettings, type LinkSettings } from './options.ts'
import type { Outlet } from './outlet.ts'
import { NORMAL, stageStopped, type Ending } from './stage-errors.ts'
import type { SubscribeOptions } from './types.ts'
import { rejected } from '../wait.ts'

type Result<O> = IteratorResult<O, undefined>

/** Each loop has a subscription of its own. */
export class EventsOf<O> implements AsyncIterable<O> {
  readonly #outlet: Outlet<O>
  readonly #options: SubscribeOptions<O>
  readonly #settings: LinkSettings

  constructor(outlet: Outlet<O>, options: SubscribeOptions<O>) {
    this.#outlet = outlet
    this.#options = options
    // By hand nobody could ask.
    this.#settings = { ...linkSettings(options), isManual: false }
  }

  [Symbol.asyncIterator](): EventIterator<O> {
    return new EventIterator(this.#outlet, this.#options, this.#settings)
  }
}

class EventIterator<O> extends HandIterator<O> implements Subscriber<O>, Task {
  isScheduled = false
  readonly #outlet: Outlet<O>
  readonly #options: SubscribeOptions<O>
  readonly #link: Link<O>
  #hasBegun = false
  #hasLeft = false
  #deliveries: (readonly O[])[] = []
  #at = 0
  // Given, and not handled before the loop comes back for more.
  #inHand = 0
  #ending: Ending | undefined
  readonly #parked: { resolve: (result: Result<O>) => void; reject: (error: unknown) => void }[] = []

  constructor(outlet: Outlet<O>, options: SubscribeOptions<O>, settings: LinkSettings) {
    super()
    this.#outlet = outlet
    this.#options = options
    this.#link = new Link<O>(outlet, this, settings)
  }

  override next(): Promise<Result<O>> {
    if (!this.#hasBegun) this.#begin()
    this.#handled()
    if (this.#deliveries.length > 0 && this.#parked.length === 0) {
      const result: Result<O> = { done: false, value: this.#take() }
      if (turn.tick()) return Promise.resolve(result)
      return new Promise(resolve => turn.defer(resolve, result))
    }
    if (this.#ending !== undefined) return this.#over(this.#ending)
    return new Promise((resolve, reject) => this.#parked.push({ resolve, reject }))
  }

  override return(): Promise<Result<O>> {
    this.#hasBegun = true
    this.#hasLeft = true
    this.#deliveries = []
    this.#ending ??= NORMAL
    this.#outlet.leave(this.#link, NORMAL)
    for (const { resolve } of this.#parked.splice(0)) resolve({ done: true, value: undefined })
    return Promise.resolve({ done: true, value: undefined })
  }

  receive(_link: Link<O>, events: readonly O[]): void {
    if (this.#hasLeft) return
    this.#deliveries.push(events)
    while (this.#parked.length > 0 && this.#deliveries.length > 0) {
      const value = this.#take()
      turn.soon<Result<O>>(this.#parked.shift()?.resolve as (result: Result<O>) => void, { done: false, value })
    }
    // Whoever is parked still is back for more already.
    if (this.#parked.length > 0) schedule(this)
  }

  run(): void {
    if (this.#parked.length > 0) this.#handled()
  }

  ended(link: Link<O>, ending: Ending): void {
    link.over.resolve()
    this.#ending ??= ending
    const [first, ...others] = this.#parked.splice(0)
    if (first === undefined) return
    this.#over(this.#ending).then(first.resolve, first.reject)
    for (const { resolve } of others) resolve({ done: true, value: undefined })
  }

  #begin(): void {
    this.#hasBegun = true
    const { mode, maxDemand } = this.#link.settings
    if (this.#outlet.isEnded) {
      const error = mode === 'temporary' ? undefined : stageStopped(this.#outlet.name)
      this.#ending = { reason: error, error }
      return
    }
    try {
      this.#outlet.subscribe(this.#link, this.#options)
      this.#link.ask(maxDemand)
    } catch (error) {
      this.#ending = { reason: error, error }
    }
  }

  #take(): O {
    const delivery = this.#deliveries[0] as readonly O[]
    const event = delivery[this.#at] as O
    this.#at += 1
    if (this.#at === delivery.length) {
      this.#deliveries.shift()
      this.#at = 0
    }
    this.#inHand += 1
    return event
  }

  #handled(): void {
    const count = this.#inHand
    this.#inHand = 0
    if (count > 0) this.#link.handled(count)
  }

  /** An error is told once. */
  #over(ending: Ending): Promise<Result<O>> {
    this.#ending = NORMAL
    if (ending.error === undefined || this.#link.settings.mode === 'temporary') {
      return Promise.resolve({ done: true, value: undefined })
    }
    return rejected(ending.error)
  }
}
