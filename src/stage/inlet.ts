// The upper side of a stage that asks: its subscriptions, what their ends mean for it, and the order of its own end. What is done with
// events is the work's matter.
import { invalidOption } from '../errors.ts'
import type { Life } from './life.ts'
import { Link, LinkSubscription, type Subscriber } from './link.ts'
import { linkSettings } from './options.ts'
import type { Outlet } from './outlet.ts'
import { failureOf, NORMAL, stageStopped, type Ending } from './stage-errors.ts'
import type { SubscribeOptions, Subscription } from './types.ts'
import type { Work } from './work.ts'

export class Inlet<I> implements Subscriber<I> {
  readonly #life: Life
  readonly #work: Work<I>
  readonly #onFinished: () => void
  readonly #links = new Set<Link<I>>()
  #isClosing = false
  #isFinished = false

  /** `onFinished` is called once, when nothing comes any more and all that came is handled. */
  constructor(life: Life, work: Work<I>, onFinished: () => void) {
    this.#life = life
    this.#work = work
    this.#onFinished = onFinished
  }

  get isClosing(): boolean {
    return this.#isClosing
  }

  get subscriptions(): number {
    return this.#links.size
  }

  get outstanding(): number {
    let sum = 0
    for (const link of this.#links) sum += link.outstanding
    return sum
  }

  async subscribe(outlet: Outlet<I>, options: SubscribeOptions<I>): Promise<Subscription> {
    const settings = linkSettings(options)
    if (this.#isClosing) throw stageStopped(this.#life.name)
    if (outlet.isEnded) throw this.#missing(outlet, settings.mode)
    const link = new Link<I>(outlet, this, settings)
    outlet.subscribe(link, options)
    this.#links.add(link)
    if (!settings.isManual) link.ask(settings.maxDemand)
    return new LinkSubscription(link)
  }

  receive(link: Link<I>, events: readonly I[]): void {
    this.#work.add({ link, events, at: 0 })
  }

  ended(link: Link<I>, ending: Ending): void {
    this.#work.add({ link, ending })
  }

  /** The work has come to the end of a link: everything before it is handled. */
  readonly over = (link: Link<I>, ending: Ending): void => {
    this.#links.delete(link)
    link.over.resolve()
    const { mode } = link.settings
    const isFailure = ending.error !== undefined
    if (!this.#isClosing && (mode === 'permanent' || (mode === 'transient' && isFailure))) {
      if (isFailure) this.#life.fail(ending.error)
      this.close(NORMAL)
    }
    this.settle()
  }

  /** Asks for nothing more. What came is still handled. */
  close(ending: Ending): void {
    if (this.#isClosing) return
    this.#isClosing = true
    for (const link of this.#links) link.giver.leave(link, ending)
    this.settle()
  }

  /** The stage failed: what came is not handled any more. Gives how many events that are. */
  fail(error: unknown): number {
    this.#life.fail(error)
    this.#life.abort(error)
    const dropped = this.#work.drop()
    this.close(failureOf(error))
    return dropped
  }

  /** Over if it is. */
  settle(): void {
    if (!this.#isClosing || this.#isFinished || this.#links.size > 0 || !this.#work.isIdle) return
    this.#isFinished = true
    this.#onFinished()
  }

  #missing(outlet: Outlet<I>, mode: 'permanent' | 'transient' | 'temporary'): Error {
    const error = stageStopped(outlet.name)
    if (mode !== 'temporary') {
      this.#life.fail(error)
      this.close(NORMAL)
    }
    return error
  }
}

export function checkHandler(name: string, handler: unknown): void {
  if (typeof handler !== 'function') throw invalidOption(name, 'a function', handler)
}
