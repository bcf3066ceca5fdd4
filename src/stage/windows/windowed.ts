// Events as the states of their windows. Reads only for whoever waits, and keeps a timer only meanwhile.
import { HandIterator } from '../../iterator.ts'
import { LONGEST_TIMER } from '../../wait.ts'
import { leave } from './leaving.ts'
import { OpenWindows } from './open-windows.ts'
import { checkSource, checkWindows } from './options.ts'
import type { WindowOptions, WindowState } from './types.ts'

type Result<A> = IteratorResult<WindowState<A>, undefined>

interface Parked<A> {
  readonly resolve: (result: Result<A>) => void
  readonly reject: (error: unknown) => void
}

class WindowIterator<T, A> extends HandIterator<WindowState<A>> {
  readonly #source: AsyncIterator<T>
  readonly #options: WindowOptions<T, A>
  #windows: OpenWindows<T, A> | undefined
  // What is still to tell of the last thing that happened.
  #states: Iterator<WindowState<A>, void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isReading = false
  #isOver = false
  #failure: { readonly error: unknown } | undefined
  readonly #parked: Parked<A>[] = []

  constructor(source: AsyncIterator<T>, options: WindowOptions<T, A>) {
    super()
    this.#source = source
    this.#options = options
  }

  next(): Promise<Result<A>> {
    return new Promise((resolve, reject) => {
      this.#parked.push({ resolve, reject })
      this.#windows ??= new OpenWindows(this.#options, performance.now())
      this.#serve()
    })
  }

  async return(): Promise<Result<A>> {
    this.#isOver = true
    this.#states = undefined
    this.#serve()
    await leave([this.#source], this.#isReading)
    return { done: true, value: undefined }
  }

  #serve(): void {
    clearTimeout(this.#timer)
    while (this.#parked.length > 0) {
      const state = this.#next()
      if (state === undefined && !this.#isOver) return this.#wait()
      const { resolve, reject } = this.#parked.shift() as Parked<A>
      const failure = this.#failure
      if (state !== undefined) resolve({ done: false, value: state })
      else if (failure === undefined) resolve({ done: true, value: undefined })
      else {
        this.#failure = undefined
        reject(failure.error)
      }
    }
  }

  /** What callbacks throw ends it, like a source that fails. */
  #next(): WindowState<A> | undefined {
    try {
      for (;;) {
        const result = this.#states?.next()
        if (result?.done === false) return result.value
        this.#states = undefined
        if (this.#isOver || this.#windows === undefined || performance.now() < this.#windows.due) return undefined
        this.#states = this.#windows.look(performance.now())
      }
    } catch (error) {
      this.#fail(error)
      void leave([this.#source], true)
      return undefined
    }
  }

  #wait(): void {
    const due = this.#windows?.due ?? Infinity
    if (due !== Infinity) {
      const left = Math.max(1, Math.ceil(due - performance.now()))
      this.#timer = setTimeout(() => this.#serve(), Math.min(LONGEST_TIMER, left))
    }
    if (this.#isReading) return
    this.#isReading = true
    this.#source.next().then(this.#came, this.#broke)
  }

  readonly #came = ({ done, value }: IteratorResult<T, unknown>): void => {
    this.#isReading = false
    if (this.#isOver) return
    if (done === true) {
      this.#isOver = true
      this.#states = this.#windows?.end()
    } else this.#states = this.#windows?.add(value)
    this.#serve()
  }

  readonly #broke = (error: unknown): void => {
    this.#isReading = false
    this.#fail(error)
    this.#serve()
  }

  #fail(error: unknown): void {
    this.#states = undefined
    if (!this.#isOver) this.#failure = { error }
    this.#isOver = true
  }
}

/**
 * Events as the states of the windows they belong to: when a window is over, and at its triggers. Gives what a producer can be fed from.
 *
 * @example
 * const perMinute = windowed(orders.events(), {
 *   window: { type: 'fixed', every: 60_000, timeOf: order => order.at },
 *   initial: () => 0,
 *   reduce: (sum, order) => sum + order.price,
 * })
 * const sums = producer(perMinute)
 */
export function windowed<T, A>(source: AsyncIterable<T>, options: WindowOptions<T, A>): AsyncIterable<WindowState<A>> {
  checkSource('source', source)
  checkWindows(options)
  return { [Symbol.asyncIterator]: () => new WindowIterator(source[Symbol.asyncIterator](), options) }
}
