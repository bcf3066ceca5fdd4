// `for await` over a channel. Hand-written, so that leaving answers at once while a `next()` is parked. Leaving takes nothing and closes nothing.
import { HandIterator, ParkedSteps } from '../iterator.ts'
import type { ChannelCore } from './channel-core.ts'
import { over, receiveReady } from './operations.ts'
import { END, SingleReceive, type Owner, type Received } from './receiving.ts'

export class ChannelIterator<T> extends HandIterator<T> {
  readonly #core: ChannelCore<T>
  readonly #owner: Owner | undefined
  #isDone = false
  readonly #parked = new ParkedSteps<Step<T>>()

  constructor(core: ChannelCore<T>, owner?: Owner) {
    super()
    this.#core = core
    this.#owner = owner
  }

  override next(): Promise<Received<T>> {
    if (this.#isDone || this.#owner?.hasLeft === true) return Promise.resolve(END)
    const core = this.#core
    if (core.isReady) return receiveReady(core)
    if (!core.isOver) return this.#park()
    this.#isDone = true
    return over<Received<T>>(core, END)
  }

  override return(): Promise<Received<T>> {
    this.#isDone = true
    for (const step of this.#parked.take()) {
      this.#core.receivers.remove(step)
      step.end()
    }
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
    const step = new Step(this.#core, this)
    step.owner = this.#owner
    this.#core.receivers.append(step)
    this.#parked.add(step)
    this.#core.settle()
    return step.promise
  }
}

class Step<T> extends SingleReceive<T> {
  readonly #iterator: ChannelIterator<T>

  constructor(core: ChannelCore<T>, iterator: ChannelIterator<T>) {
    super(core)
    this.#iterator = iterator
  }

  override fail(error: unknown): void {
    if (this.#iterator.failsFirst()) super.fail(error)
    else this.end()
  }
}
