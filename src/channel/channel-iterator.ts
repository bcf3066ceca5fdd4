// `for await` over a channel. Hand-written, so that leaving answers at once while a `next()` is parked. Leaving takes nothing and closes nothing.
import { HandIterator } from '../iterator.ts'
import type { ChannelCore } from './channel-core.ts'
import { over, receiveReady } from './operations.ts'
import { END, SingleReceive, type Received } from './receiving.ts'

export class ChannelIterator<T> extends HandIterator<T> {
  readonly #core: ChannelCore<T>
  #isDone = false
  // The `next()` that parked last; it knows the one that parked before it.
  #parked: Step<T> | undefined

  constructor(core: ChannelCore<T>) {
    super()
    this.#core = core
  }

  override next(): Promise<Received<T>> {
    if (this.#isDone) return Promise.resolve(END)
    const core = this.#core
    if (core.isReady) return receiveReady(core)
    if (!core.isOver) return this.#park()
    this.#isDone = true
    return over<Received<T>>(core, END)
  }

  override return(): Promise<Received<T>> {
    this.#isDone = true
    for (let step = this.#parked; step !== undefined; step = step.earlier) {
      if (!step.isQueued) continue
      this.#core.receivers.remove(step)
      step.end()
    }
    this.#parked = undefined
    this.#core.settle()
    return Promise.resolve(END)
  }

  /** The error of the channel, which a loop gets once. */
  failsFirst(): boolean {
    const isFirst = !this.#isDone
    this.#isDone = true
    return isFirst
  }

  #park(): Promise<Received<T>> {
    let earlier = this.#parked
    while (earlier?.isQueued === false) ({ earlier } = earlier)
    const step = new Step(this.#core, this, earlier)
    this.#parked = step
    this.#core.receivers.append(step)
    this.#core.settle()
    return step.promise
  }
}

class Step<T> extends SingleReceive<T> {
  readonly #iterator: ChannelIterator<T>
  readonly earlier: Step<T> | undefined

  constructor(core: ChannelCore<T>, iterator: ChannelIterator<T>, earlier: Step<T> | undefined) {
    super(core)
    this.#iterator = iterator
    this.earlier = earlier
  }

  override fail(error: unknown): void {
    if (this.#iterator.failsFirst()) super.fail(error)
    else this.end()
  }
}
