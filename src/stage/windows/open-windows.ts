// The windows that are open, and what is told of them: of events, of the clock, and of the end. Gives it bit by bit, for a gap in the time of
// events may be any number of windows.
import { notify } from '../../callback.ts'
import { invalidOption } from '../../errors.ts'
import type { Window, WindowOptions, WindowState } from './types.ts'

interface Open<A> {
  readonly window: number
  state: A
  events: number
}

type States<A> = Generator<WindowState<A>, void>

export class OpenWindows<T, A> {
  readonly #options: WindowOptions<T, A>
  readonly #kind: Window<T>
  readonly #open = new Map<number, Open<A>>()
  // The first window that is not done, the first that is not over, and the latest time of an event: of fixed windows.
  #undone = 0
  #current = 0
  #latest = -Infinity
  #closesAt: number
  #triggersAt: number

  constructor(options: WindowOptions<T, A>, now: number) {
    this.#options = options
    this.#kind = options.window ?? { type: 'global' }
    this.#closesAt = this.#kind.type === 'periodic' ? now + this.#kind.every : Infinity
    this.#triggersAt = now + (options.trigger?.interval ?? Infinity)
    if (this.#kind.type !== 'fixed') this.#windowOf(0)
  }

  /** When there is something to tell though no event comes. */
  get due(): number {
    return Math.min(this.#closesAt, this.#triggersAt)
  }

  *add(event: T): States<A> {
    if (this.#kind.type === 'fixed') {
      yield* this.#addTo(event, this.#kind)
      return
    }
    const open = this.#windowOf(this.#current)
    yield* this.#reduce(open, event)
    if (this.#kind.type === 'count' && open.events === this.#kind.size) yield* this.#next()
  }

  /** What is due by now. Of triggers that nobody came for in time there is one. */
  *look(now: number): States<A> {
    if (now >= this.#triggersAt) {
      this.#triggersAt = now + (this.#options.trigger?.interval ?? Infinity)
      for (const open of this.#open.values()) yield this.#tell(open, 'interval')
    }
    while (this.#kind.type === 'periodic' && now >= this.#closesAt) {
      this.#closesAt += this.#kind.every
      yield* this.#next()
    }
  }

  *end(): States<A> {
    const { every = 1 } = this.#kind.type === 'fixed' ? this.#kind : {}
    // Without an event there never was a window of its time.
    if (this.#open.size === 0 && this.#latest === -Infinity) return
    for (let window = this.#undone; window <= this.#current; window += every) yield this.#done(window)
  }

  *#next(): States<A> {
    yield this.#done(this.#current)
    this.#current += 1
    this.#undone = this.#current
    this.#windowOf(this.#current)
  }

  *#addTo(event: T, kind: Extract<Window<T>, { type: 'fixed' }>): States<A> {
    const time = kind.timeOf(event)
    if (!Number.isFinite(time)) throw invalidOption('window.timeOf', 'a function that gives a time in ms', time)
    const window = Math.floor(time / kind.every) * kind.every
    if (this.#latest === -Infinity) {
      this.#undone = window
      this.#current = window
    }
    this.#latest = Math.max(this.#latest, time)
    yield* this.#advance(kind.every, kind.lateness ?? 0)
    if (window < this.#undone) notify(kind.onLate, event)
    else yield* this.#reduce(this.#windowOf(window), event)
  }

  /** Those before the time that has come are over, and those before the lateness done. */
  *#advance(every: number, lateness: number): States<A> {
    while (this.#undone + every + lateness <= this.#latest || this.#current + every <= this.#latest) {
      if (this.#undone < this.#current && this.#undone + every + lateness <= this.#latest) {
        yield this.#done(this.#undone)
        this.#undone += every
      } else {
        if (lateness > 0) yield this.#tell(this.#windowOf(this.#current), 'watermark')
        this.#current += every
      }
    }
  }

  *#reduce(open: Open<A>, event: T): States<A> {
    const { reduce, trigger } = this.#options
    open.state = reduce(open.state, event)
    open.events += 1
    if (trigger?.every !== undefined && open.events % trigger.every === 0) yield this.#tell(open, 'every')
    if (trigger?.when?.(event) === true) yield this.#tell(open, 'when')
  }

  #windowOf(window: number): Open<A> {
    const known = this.#open.get(window)
    if (known !== undefined) return known
    const open = { window, state: this.#options.initial(), events: 0 }
    this.#open.set(window, open)
    return open
  }

  #tell(open: Open<A>, trigger: WindowState<A>['trigger']): WindowState<A> {
    const { window, state } = open
    if (this.#options.reset === true) open.state = this.#options.initial()
    return { window, trigger, state }
  }

  #done(window: number): WindowState<A> {
    const { state } = this.#windowOf(window)
    this.#open.delete(window)
    return { window, trigger: 'done', state }
  }
}
