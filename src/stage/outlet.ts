// The lower side of a stage that gives: who has asked for how much, what waits for somebody to ask, and the end. Knows nothing of where
// events come from: `onDemand` tells that some are wanted.
import { invalidOption } from '../errors.ts'
import { notify, warn } from '../callback.ts'
import { Accumulation } from './accumulation.ts'
import type { StageDispatch } from './dispatchers/index.ts'
import { EventBuffer } from './event-buffer.ts'
import { MAX_DEMAND } from './limits.ts'
import type { Giver, Link } from './link.ts'
import type { OutletSettings } from './options.ts'
import type { RateOptions } from '../rate.ts'
import { demandError, stageStopped, type Ending } from './stage-errors.ts'
import { Throttle } from './throttle.ts'
import type { SubscribeOptions } from './types.ts'

export interface OutletEvents {
  /** Something is wanted, something that was held back may go, or nobody is left to want anything. */
  onDemand(): void
  /** All is given away, and those below have been told the end. */
  onEnded(): void
  onFailure(error: unknown): void
}

export class Outlet<O> implements Giver<O> {
  readonly name: string
  /** Ordered by the dispatcher, and not here yet. */
  unmet = 0
  given = 0
  discarded = 0
  isEnded = false
  readonly #settings: OutletSettings<O>
  readonly #events: OutletEvents
  readonly #buffer = new EventBuffer<O>()
  readonly #links = new Map<number, Link<O>>()
  #throttle: Throttle | undefined
  #accumulated: Accumulation<O> | undefined
  #ending: Ending | undefined
  #waitsForSubscribers = true

  constructor(name: string, settings: OutletSettings<O>, events: OutletEvents) {
    this.name = name
    this.#settings = settings
    this.#events = events
    this.#accumulated = settings.accumulates ? new Accumulation<O>() : undefined
    this.#throttle = this.#throttled(settings.rate)
  }

  get rate(): RateOptions | undefined {
    return this.#throttle?.options
  }

  /** What it holds back by the rate it had goes at this one. */
  set rate(rate: RateOptions | undefined) {
    const throttle = this.#throttled(rate)
    this.#throttle?.end()
    // Else each new rate would come with a burst of its own.
    if (this.#throttle !== undefined) throttle?.take(throttle.allowed)
    this.#throttle = throttle
    this.#guarded(() => this.#release())
  }

  /** Nothing is taken from outside any more. */
  get isClosed(): boolean {
    return this.#ending !== undefined || !this.#waitsForSubscribers
  }

  get subscribers(): number {
    return this.#links.size
  }

  get buffered(): number {
    return this.#buffer.length + (this.#settings.dispatcher.held ?? 0)
  }

  /** What may be asked for above: no more than is wanted below, and than may go now. */
  get budget(): number {
    if (this.#throttle === undefined || this.unmet === 0) return this.unmet
    const budget = Math.min(this.unmet, this.#throttle.allowed - this.#buffer.length)
    if (budget <= 0) this.#throttle.wait()
    return budget
  }

  /** Whether what is held leaves room to make more. */
  get hasRoom(): boolean {
    return this.#buffer.length < this.#size
  }

  /** Throws what the dispatcher throws to refuse it. */
  subscribe(link: Link<O>, options: SubscribeOptions<O>): void {
    if (this.isEnded) throw stageStopped(this.name)
    const { kind, dispatcher } = this.#settings
    if (options.selector !== undefined && (kind === 'demand' || kind === 'partition')) {
      throw invalidOption(
        'selector',
        "given only to a producer whose dispatcher is 'broadcast' or custom",
        options.selector,
      )
    }
    if (kind === 'broadcast' && [...this.#links.values()].some(({ subscriber }) => subscriber === link.subscriber)) {
      throw invalidOption('producer', "one that this consumer isn't subscribed to yet, since it broadcasts", this)
    }
    dispatcher.subscribe(link.id, options)
    this.#links.set(link.id, link)
    this.#guarded(() => this.#giveHeld())
  }

  ask(link: Link<O>, count: number): void {
    if (!this.#links.has(link.id)) return
    this.#guarded(() => this.#order(this.#settings.dispatcher.ask(link.id, count)))
  }

  leave(link: Link<O>, ending: Ending): void {
    if (!this.#links.delete(link.id)) return
    link.cut(ending)
    this.#guarded(() => this.#order(this.#settings.dispatcher.cancel(link.id)))
    if (this.#links.size === 0) this.#events.onDemand()
  }

  /** Events that nobody ordered may find no room, and then some are discarded; what was ordered is kept. */
  emit(events: readonly O[], wasOrdered: boolean): void {
    if (events.length === 0) return
    if (this.isEnded) return this.#discard(events.length)
    const accumulated = this.#accumulated
    if (accumulated !== undefined) {
      accumulated.add(events)
      // The same bound, where each emission stays apart.
      const over = wasOrdered ? 0 : accumulated.events + this.#buffer.length - this.#size
      return this.#discard(accumulated.discard(over, this.#settings.keepsFirst))
    }
    this.#guarded(() => {
      // What is here already goes first.
      if (this.#buffer.length > 0 || this.#throttle !== undefined) this.#keep(events, wasOrdered)
      else this.#dispatch(events, wasOrdered)
      this.#release()
    })
  }

  accumulate(): void {
    if (this.#ending === undefined) this.#accumulated ??= new Accumulation<O>()
  }

  /** Does what was held back, in order and one by one. */
  forward(): void {
    const accumulated = this.#accumulated ?? new Accumulation<O>()
    this.#accumulated = undefined
    this.#guarded(() => {
      for (const entry of accumulated) {
        if (typeof entry === 'number') this.#order(entry)
        else if (typeof entry === 'function') this.flush(entry)
        else this.emit(entry, true)
      }
      this.#release()
    })
  }

  /** Calls back when all that is here now is given away, or discarded; not when the end comes before. */
  flush(reached: () => void): void {
    if (this.#accumulated !== undefined) return this.#accumulated.add(reached)
    const { dispatcher } = this.#settings
    this.#buffer.mark(() => (dispatcher.mark === undefined ? reached() : dispatcher.mark(reached)))
    this.#buffer.settle()
  }

  /** No events come any more: when those that are here are given away, it is over. */
  end(ending: Ending): void {
    if (this.#ending !== undefined) return
    this.forward()
    this.#ending = ending
    this.#endIfDone()
  }

  /** From now on, what is here and has no subscriber is discarded when the end comes. */
  stopWaiting(): void {
    this.#waitsForSubscribers = false
    this.#settings.dispatcher.close?.()
    this.#guarded(() => this.#order(0))
  }

  /** Over now. What is here is discarded. */
  abandon(ending: Ending): void {
    if (this.isEnded) return
    this.#ending ??= ending
    const rest = this.buffered + (this.#accumulated?.events ?? 0)
    this.#accumulated = undefined
    this.#buffer.take(Infinity)
    this.#discard(rest)
    this.#over(this.#ending.error === undefined ? ending : this.#ending)
  }

  /** Gives from the buffer what is wanted and may go. */
  #release(): void {
    while (this.unmet > 0 && this.#buffer.length > 0) {
      const allowed = this.#throttle?.allowed ?? Infinity
      const events = this.#buffer.take(Math.min(this.unmet, allowed))
      if (events.length === 0) {
        this.#throttle?.wait()
        break
      }
      this.#throttle?.take(events.length)
      if (this.#dispatch(events, undefined) === 0) break
    }
    this.#buffer.settle()
    if (this.unmet > 0) this.#events.onDemand()
    this.#endIfDone()
  }

  #throttled(rate: RateOptions | undefined): Throttle | undefined {
    return rate === undefined ? undefined : new Throttle(rate, () => this.#guarded(() => this.#release()))
  }

  #order(more: number): void {
    if (!(typeof more === 'number' && more >= 0)) {
      throw demandError(`A dispatcher orders a number of events from 0, this one gave ${String(more)}`)
    }
    if (this.#accumulated !== undefined) {
      if (more > 0) this.#accumulated.add(more)
      return
    }
    this.unmet += more
    this.#giveHeld()
    this.#release()
  }

  #giveHeld(): void {
    if (this.#accumulated === undefined && (this.#settings.dispatcher.held ?? 0) > 0) this.#dispatch([], true)
  }

  /** How many events found somebody, or were thrown away by the dispatcher. Undefined: they are from the buffer. */
  #dispatch(events: readonly O[], wasOrdered: boolean | undefined): number {
    this.unmet = Math.max(0, this.unmet - events.length)
    const {
      deliveries,
      leftover,
      more = 0,
      discarded = 0,
    }: StageDispatch<O> = this.#settings.dispatcher.dispatch(events)
    this.#discard(discarded)
    for (const [id, share] of deliveries) this.#deliver(id, share)
    if (leftover.length > 0) {
      if (wasOrdered === undefined) this.#buffer.unshift(leftover)
      else this.#keep(leftover, wasOrdered)
    }
    this.unmet += more
    return events.length - leftover.length
  }

  #deliver(id: number, events: readonly O[]): void {
    if (events.length === 0) return
    const link = this.#links.get(id)
    if (link === undefined) throw demandError(`A dispatcher gave events to the subscription ${id}, which is not there`)
    if (link.credit < events.length) {
      throw demandError(`A dispatcher gave ${events.length} events to who had asked for ${link.credit}`)
    }
    this.given += events.length
    link.give(events)
  }

  #keep(events: readonly O[], wasOrdered: boolean): void {
    if (wasOrdered) this.#buffer.add(events)
    else this.#discard(this.#buffer.addWithin(this.#size, events, this.#settings.keepsFirst))
  }

  get #size(): number {
    const { bufferSize } = this.#settings
    if (bufferSize !== undefined) return bufferSize
    let largest = 0
    for (const { settings } of this.#links.values()) largest = Math.max(largest, settings.maxDemand)
    return 2 * (largest === 0 ? MAX_DEMAND : largest)
  }

  #discard(count: number): void {
    if (count === 0) return
    this.discarded += count
    const { onDiscard } = this.#settings
    if (onDiscard !== undefined) notify(onDiscard, count)
    else warn(`The stage '${this.name}' has discarded ${count} events`)
  }

  #endIfDone(): void {
    if (this.#ending === undefined || this.isEnded || this.#accumulated !== undefined) return
    if (this.buffered === 0) this.#over(this.#ending)
    else if (this.#links.size === 0 && !this.#waitsForSubscribers) this.abandon(this.#ending)
  }

  #over(ending: Ending): void {
    this.isEnded = true
    this.unmet = 0
    this.#throttle?.end()
    const links = [...this.#links.values()]
    this.#links.clear()
    for (const link of links) link.cut(ending)
    this.#events.onEnded()
  }

  /** What a dispatcher throws, its selectors and hashes too, fails the stage. */
  #guarded(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#events.onFailure(error)
    }
  }
}
