// The receiving half of a shared channel: receive, tryReceive and receiveMany, and their waits.
import { manyOptions } from '../bounds.ts'
import type { ReceiveManyOptions } from '../channel/index.ts'
import { timeoutError } from '../errors.ts'
import { ENDED, STIRRED } from '../native/index.ts'
import { ready, refused, settledLater } from '../ready.ts'
import { turn } from '../turn.ts'
import { checkWait, LONGEST_TIMER, triesOnce, type WaitOptions } from '../wait.ts'
import { collectOne, collects, END, fetchMany, takeOne, takes, type Fetch, type Received } from './inbox.ts'
import type { Port } from './port.ts'
import { Wait } from './waits.ts'

/** Beyond the capacity: a batch without bound would not end while others keep sending. */
const MOST_BEYOND = 1024

export function receive<T>(port: Port<T>, options: WaitOptions | undefined): Promise<Received<T>> {
  try {
    if (options !== undefined) checkWait(options)
    if (port.hasLeft) return ready(END)
    const isNow = turn.tick()
    const once = triesOnce(options)
    const step = takeOne(port, port.room.numberFor(!once))
    if (typeof step !== 'number') return isNow ? Promise.resolve(step) : settledLater(step)
    if (step === ENDED) return over<T, Received<T>>(port, END)
    if (once) throw timeoutError('receive', 0)
    return new ReceiveWait(port).bound(options, 'receive')
  } catch (error) {
    return refused(error)
  }
}

export function tryReceive<T>(port: Port<T>): Received<T> | undefined {
  if (port.hasLeft) return END
  const step = takeOne(port, 0)
  if (typeof step !== 'number') return step
  if (step !== ENDED) return undefined
  port.over?.ready()
  const { failure } = port
  if (failure !== undefined) throw failure.error
  return END
}

export function receiveMany<T>(port: Port<T>, max: number, options: ReceiveManyOptions | undefined): Promise<T[]> {
  try {
    checkWait(options)
    const { target, maxDelay } = manyOptions(max, options)
    if (port.hasLeft) return ready([])
    const isNow = turn.tick()
    const once = triesOnce(options)
    const limit = Math.min(max, port.capacity + MOST_BEYOND)
    const values: T[] = []
    const [first, more] = [
      takes(port, port.room.numberFor(!once), target, maxDelay !== Infinity),
      takes(port, 0, 1, false),
    ]
    const fetch: Fetch = (most, into) => (values.length === 0 ? first(most, into) : more(most, into))
    const outcome = fetchMany(port.codec, limit, fetch, values)
    if (values.length > 0) return isNow ? Promise.resolve(values) : settledLater(values)
    if (outcome === ENDED) return over<T, T[]>(port, [])
    if (once) throw timeoutError('receiveMany', 0)
    const wait = new ManyWait(port, limit, maxDelay)
    if (outcome === STIRRED) wait.startTimer()
    return wait.bound(options, 'receiveMany')
  } catch (error) {
    return refused(error)
  }
}

/** What is said of a channel that is over. */
export function over<T, R>(port: Port<T>, end: R): Promise<R> {
  port.over?.ready()
  const { failure } = port
  return failure === undefined ? ready(end) : refused(failure.error)
}

abstract class ItemWait<T, R> extends Wait<R> {
  protected readonly port: Port<T>

  constructor(port: Port<T>) {
    super(port.room, true)
    this.port = port
  }

  protected abstract end(): void

  override left(): void {
    const { failure } = this.port
    if (failure === undefined) this.end()
    else this.reject(failure.error)
  }
}

export class ReceiveWait<T> extends ItemWait<T, Received<T>> {
  override look(): void {
    const step = collectOne(this.port, this.number)
    if (typeof step !== 'number') this.resolve(step)
    else if (step === ENDED) this.left()
  }

  /** Ends as if there were nothing more, unless it was given an item before. */
  dismiss(): void {
    this.withdraw(() => this.end())
  }

  protected override end(): void {
    this.resolve(END)
  }
}

class ManyWait<T> extends ItemWait<T, T[]> {
  readonly #max: number
  readonly #maxDelay: number
  #timer: NodeJS.Timeout | undefined

  constructor(port: Port<T>, max: number, maxDelay: number) {
    super(port)
    this.#max = max
    this.#maxDelay = maxDelay
  }

  override look(): void {
    const { codec } = this.port
    const values: T[] = []
    const outcome = fetchMany(codec, Infinity, collects(this.port, this.number), values)
    if (values.length > 0) {
      // What came since then is taken along.
      fetchMany(codec, this.#max, takes(this.port, 0, 1, false), values)
      this.resolve(values)
    } else if (outcome === ENDED) this.left()
    else this.startTimer()
  }

  /** From the first item on, and never again for a later one. */
  startTimer(): void {
    if (this.#timer !== undefined || this.#maxDelay === Infinity) return
    this.#timer = setTimeout(() => this.#late(), Math.min(this.#maxDelay, LONGEST_TIMER))
  }

  #late(): void {
    this.#timer = undefined
    if (this.port.native.hurry(this.number)) this.ready()
  }

  protected override end(): void {
    this.resolve([])
  }

  protected override ended(): void {
    clearTimeout(this.#timer)
  }
}
