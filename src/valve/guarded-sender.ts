// A sender behind a valve: sends wait while it is closed, in order, and then for room as without it.
import { onAbort } from '../abort.ts'
import type { Sender, SendPermit } from '../channel/index.ts'
import { timeoutError } from '../errors.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { Waiting, WaitingList } from '../waiting.ts'
import { lookForCircle } from './deadlock.ts'
import { Wait, type ValveNode } from './node.ts'
import type { StallWatch } from './stall.ts'

/** One in the line before the valve. */
class Held extends Waiting<Held> {
  readonly wait: Wait
  /** With what is left of its time. */
  readonly pass: () => void
  guard: Guard | undefined = undefined

  constructor(wait: Wait, pass: () => void) {
    super()
    this.wait = wait
    this.pass = pass
  }
}

export interface GuardSettings {
  readonly from: ValveNode | undefined
  readonly grace: number
  readonly stalls: StallWatch
}

export class GuardedSender<T> implements Sender<T> {
  readonly #sender: Sender<T>
  readonly #node: ValveNode
  readonly #from: ValveNode | undefined
  readonly #stalls: StallWatch
  readonly #grace: number
  // Sends that passed since pressure began the so manieth time.
  #passed = { closing: 0, sends: 0 }
  readonly #line = new WaitingList<Held>()
  #isListening = false
  #isTold = false

  constructor(sender: Sender<T>, node: ValveNode, { from, grace, stalls }: GuardSettings) {
    this.#sender = sender
    this.#node = node
    this.#from = from
    this.#grace = grace
    this.#stalls = stalls
  }

  get availableCapacity(): number {
    return this.#mustWait ? 0 : Math.min(this.#left, this.#sender.availableCapacity)
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
    this.#passed.sends += 1
    return outcome
  }

  reserve(options?: WaitOptions & { count?: number }): Promise<SendPermit<T>> {
    const count = options?.count === undefined ? {} : { count: options.count }
    return this.#through(options, part =>
      this.#waitForRoom(part, signal => this.#sender.reserve({ ...part, ...signal, ...count })),
    )
  }

  /** Never held up: the sends that wait here go on first, as those that wait in a channel do. */
  close(error?: unknown): void {
    this.#flush()
    if (error === undefined) this.#sender.close()
    else this.#sender.close(error)
  }

  get #mustWait(): boolean {
    return this.#line.length > 0 || this.#left === 0
  }

  /** How many may pass now, as far as the valve is concerned. */
  get #left(): number {
    const { isClosed, closings } = this.#node
    if (!isClosed) return Infinity
    if (this.#passed.closing !== closings) this.#passed = { closing: closings, sends: 0 }
    return Math.max(0, this.#grace - this.#passed.sends)
  }

  /** Waits for the valve and for those before, then does it. */
  #through<R>(options: WaitOptions | undefined, act: (part: WaitOptions | undefined) => Promise<R>): Promise<R> {
    try {
      checkWait(options)
    } catch (error) {
      return rejected(error)
    }
    if (!this.#mustWait || this.#sender.isClosed) {
      this.#passed.sends += 1
      return act(options)
    }
    if (triesOnce(options)) return rejected(timeoutError('The send', 0))
    return new Promise<R>((resolve, reject) => {
      const deadline = performance.now() + (options?.timeout ?? Infinity)
      const giveUp = (error: unknown): void => {
        this.#line.remove(waiting)
        this.#node.waits.remove(waiting.wait)
        reject(error)
      }
      const wait = new Wait(this.#from, false, error => {
        waiting.guard?.disarm()
        giveUp(error)
      })
      const waiting = new Held(wait, () => void act(leftOf(options, deadline)).then(resolve, reject))
      waiting.guard = Guard.of(options, 'The send', giveUp)
      this.#line.append(waiting)
      this.#listen()
      this.#begin(waiting.wait)
    })
  }

  /** The send itself. When it has to wait for room, it can be part of a circle. */
  async #room(value: T, options: WaitOptions | undefined): Promise<void> {
    const outcome = this.#sender.trySend(value)
    if (outcome === 'sent' || outcome === 'dropped') this.#node.progress += 1
    else await this.#waitForRoom(options, signal => this.#sender.send(value, { ...options, ...signal }))
  }

  /** With the signal, an operation that waits for room is given up when it is the one that breaks a circle. */
  async #waitForRoom<R>(
    options: WaitOptions | undefined,
    act: (signal: { readonly signal: AbortSignal }) => Promise<R>,
  ): Promise<R> {
    const controller = new AbortController()
    let failure: unknown
    const wait = new Wait(this.#from, true, error => {
      failure = error
      this.#node.waits.remove(wait)
      controller.abort()
    })
    const signal = options?.signal
    const listener = signal && onAbort(signal, { handleEvent: () => controller.abort(signal.reason) })
    try {
      const acting = act({ signal: controller.signal })
      this.#begin(wait)
      const outcome = await acting
      this.#node.progress += 1
      return outcome
    } catch (error) {
      throw failure ?? error
    } finally {
      listener?.remove()
      this.#node.waits.remove(wait)
    }
  }

  #begin(wait: Wait): void {
    const isNews = !this.#node.hasWaitLike(wait)
    this.#node.waits.append(wait)
    this.#stalls.arm()
    // A crowd that waits for the same closes no circle that its first one has not closed.
    if (!isNews) return
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
      this.#node.waits.remove(waiting.wait)
      waiting.pass()
      // For those that are left the time begins anew.
      if (this.#line.length > 0) this.#stalls.arm()
    }
  }
}

function leftOf(options: WaitOptions | undefined, deadline: number): WaitOptions | undefined {
  if (options?.timeout === undefined || options.timeout === Infinity) return options
  return { ...options, timeout: Math.max(1, deadline - performance.now()) }
}
