// `for await` over a shared channel. Hand-written, so that leaving answers at once while a `next()` is parked. Leaving takes nothing and closes nothing.
import { HandIterator, ParkedSteps } from '../iterator.ts'
import { ENDED } from '../native/index.ts'
import { refused, settledLater } from '../ready.ts'
import { turn } from '../turn.ts'
import { END, takeOne, type Received } from './inbox.ts'
import type { Port } from './port.ts'
import { over, ReceiveWait } from './receiving.ts'

export class SharedIterator<T> extends HandIterator<T> {
  readonly #port: Port<T>
  readonly #parked = new ParkedSteps<Step<T>>()
  #isDone = false

  constructor(port: Port<T>) {
    super()
    this.#port = port
  }

  override next(): Promise<Received<T>> {
    const port = this.#port
    if (this.#isDone || port.hasLeft) return Promise.resolve(END)
    try {
      const isNow = turn.tick()
      const step = takeOne(port, port.room.numberFor(true))
      if (typeof step !== 'number') return isNow ? Promise.resolve(step) : settledLater(step)
      if (step !== ENDED) return this.#park()
    } catch (error) {
      return refused(error)
    }
    this.#isDone = true
    return over<T, Received<T>>(port, END)
  }

  override return(): Promise<Received<T>> {
    this.#isDone = true
    for (const step of this.#parked.take()) step.dismiss()
    return Promise.resolve(END)
  }

  /** The end, or the error of the channel, which a loop gets once. */
  endsFirst(): boolean {
    const isFirst = !this.#isDone
    this.#isDone = true
    return isFirst
  }

  #park(): Promise<Received<T>> {
    const step = new Step(this.#port, this)
    this.#parked.add(step)
    return step.promise
  }
}

class Step<T> extends ReceiveWait<T> {
  readonly #iterator: SharedIterator<T>

  constructor(port: Port<T>, iterator: SharedIterator<T>) {
    super(port)
    this.#iterator = iterator
  }

  override left(): void {
    if (this.#iterator.endsFirst()) super.left()
    else this.end()
  }
}
