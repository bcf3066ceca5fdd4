// A sender behind a valve: sends wait while it is closed, in order, and then for room as without it.
import type { Sender, SendPermit } from '../channel/index.ts'
import { timeoutError } from '../errors.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { lookForCircle } from './deadlock.ts'
import type { ValveNode, Wait } from './node.ts'
import type { StallWatch } from './stall.ts'

interface Waiting {
  readonly wait: Wait
  readonly guard: Guard | undefined
  /** With what is left of its time. */
  pass(): void
}

export class GuardedSender<T> implements Sender<T> {
  readonly #sender: Sender<T>
  readonly #node: ValveNode
  readonly #from: ValveNode | undefined
  readonly #stalls: StallWatch
  readonly #line: Waiting[] = []
  #isListening = false
  #isTold = false

  constructor(sender: Sender<T>, node: ValveNode, from: ValveNode | undefined, stalls: StallWatch) {
    this.#sender = sender
    this.#node = node
    this.#from = from
    this.#stalls = stalls
  }

  get availableCapacity(): number {
    return this.#mustWait ? 0 : this.#sender.availableCapacity
  }

  get isClosed(): boolean {
    return this.#sender.isClosed
  }

  get closed(): Promise<void> {
    return this.#sender.closed
  }

  send(value: T, options?: WaitOptions): Promise<void> {
    return this.#through(options, part => this.#room(value, part))
  }

  trySend(value: T): 'sent' | 'full' | 'closed' | 'dropped' {
    if (this.#mustWait) return this.#sender.isClosed ? 'closed' : 'full'
    const outcome = this.#sender.trySend(value)
    if (outcome === 'sent') this.#node.progress += 1
    return outcome
  }

  reserve(options?: WaitOptions & { count?: number }): Promise<SendPermit<T>> {
    const count = options?.count === undefined ? {} : { count: options.count }
    return this.#through(options, part => this.#sender.reserve({ ...part, ...count }))
  }

  /** Never held up: the sends that wait here go on first, as those that wait in a channel do. */
  close(error?: unknown): void {
    this.#flush()
    if (error === undefined) this.#sender.close()
    else this.#sender.close(error)
  }

  get #mustWait(): boolean {
    return this.#node.isClosed || this.#line.length > 0
  }

  /** Waits for the valve and for those before, then does it. */
  #through<R>(options: WaitOptions | undefined, act: (part: WaitOptions | undefined) => Promise<R>): Promise<R> {
    try {
      checkWait(options)
    } catch (error) {
      return rejected(error)
    }
    if (!this.#mustWait || this.#sender.isClosed) return act(options)
    if (triesOnce(options)) return rejected(timeoutError('The send', 0))
    return new Promise<R>((resolve, reject) => {
      const deadline = performance.now() + (options?.timeout ?? Infinity)
      const giveUp = (error: unknown): void => {
        this.#line.splice(this.#line.indexOf(waiting), 1)
        this.#node.waits.delete(waiting.wait)
        reject(error)
      }
      const waiting: Waiting = {
        wait: this.#wait(false, error => {
          waiting.guard?.disarm()
          giveUp(error)
        }),
        guard: Guard.of(options, 'The send', giveUp),
        pass: () => void act(leftOf(options, deadline)).then(resolve, reject),
      }
      this.#line.push(waiting)
      this.#listen()
      this.#begin(waiting.wait)
    })
  }

  /** The send itself. When it has to wait for room, it can be part of a circle. */
  async #room(value: T, options: WaitOptions | undefined): Promise<void> {
    const outcome = this.#sender.trySend(value)
    if (outcome !== 'sent' && outcome !== 'dropped') await this.#waitForRoom(value, options)
    this.#node.progress += 1
  }

  async #waitForRoom(value: T, options: WaitOptions | undefined): Promise<void> {
    const controller = new AbortController()
    let failure: unknown
    const wait = this.#wait(true, error => {
      failure = error
      controller.abort()
    })
    const signals = options?.signal === undefined ? [controller.signal] : [controller.signal, options.signal]
    try {
      const sent = this.#sender.send(value, { ...options, signal: AbortSignal.any(signals) })
      this.#begin(wait)
      await sent
    } catch (error) {
      // The caller's own abort has the caller's reason, as the combined signal passes it on.
      throw failure ?? error
    } finally {
      this.#node.waits.delete(wait)
    }
  }

  #wait(isForRoom: boolean, fail: (error: unknown) => void): Wait {
    return { from: this.#from, isForRoom, since: performance.now(), fail }
  }

  #begin(wait: Wait): void {
    this.#node.waits.add(wait)
    this.#stalls.arm()
    for (const above of this.#node.upstream) lookForCircle(above)
  }

  #listen(): void {
    if (!this.#isTold) {
      this.#isTold = true
      // Who waits for a valve that leads nowhere any more is refused by the channel itself.
      void this.#sender.closed.then(() => this.#flush())
    }
    if (this.#isListening) return
    this.#isListening = true
    this.#node.whenOpen(() => {
      this.#isListening = false
      this.#release()
      if (this.#line.length > 0) this.#listen()
    })
  }

  /** Lets those go that wait here, as long as the valve is open: each may close it again. */
  #release(): void {
    while (this.#line.length > 0 && !this.#node.isClosed) this.#passFirst()
  }

  #flush(): void {
    while (this.#line.length > 0) this.#passFirst()
  }

  #passFirst(): void {
    const waiting = this.#line.shift()
    if (waiting !== undefined) {
      waiting.guard?.disarm()
      this.#node.waits.delete(waiting.wait)
      waiting.pass()
    }
  }
}

function leftOf(options: WaitOptions | undefined, deadline: number): WaitOptions | undefined {
  if (options?.timeout === undefined || options.timeout === Infinity) return options
  return { ...options, timeout: Math.max(1, deadline - performance.now()) }
}
