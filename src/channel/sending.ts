// What waits for room in a channel: a send with its value, or a reservation. Whether there is room is the core's matter.
import { performance } from 'node:perf_hooks'
import { turn } from '../turn.ts'
import type { Guard } from '../wait.ts'
import type { ChannelCore } from './channel-core.ts'
import { Permit } from './permit.ts'
import type { SendPermit } from './types.ts'
import { Waiting } from '../waiting.ts'

/** One that waits in the list of senders. */
export abstract class Sending<T> extends Waiting<Sending<T>> {
  readonly core: ChannelCore<T>
  /** What it would send, if it has that yet. */
  abstract readonly value: T | undefined
  readonly since: number = performance.now()

  constructor(core: ChannelCore<T>) {
    super()
    this.core = core
  }

  /** Goes into the channel if there is room. Out of the list first: what it lets go on may look at the channel. */
  abstract tryEnter(): boolean
  /** Rejects. It is out of the list. */
  abstract fail(error: unknown): void
}

/** A send, which can also be handed to a receiver without any room. */
export abstract class ValueSending<T> extends Sending<T> {
  override readonly value: T
  readonly size: number
  /** Its own receive cases are no partners of a `select`'s send case. */
  readonly selection: object | undefined

  constructor(core: ChannelCore<T>, value: T, size: number, selection?: object) {
    super(core)
    this.value = value
    this.size = size
    this.selection = selection
  }

  /** Leaves the list, with all that depends on it. */
  abstract leave(): void
  /** The value is in the channel, or with a receiver. */
  abstract accepted(): void

  override tryEnter(): boolean {
    const { core } = this
    if (!core.fits(1, this.size)) return false
    this.leave()
    core.hold(this.value, this.size)
    this.accepted()
    return true
  }
}

export class SingleSend<T> extends ValueSending<T> {
  readonly promise: Promise<void>
  guard: Guard | undefined = undefined
  #resolve!: (value: void) => void
  #reject!: (error: unknown) => void

  constructor(core: ChannelCore<T>, value: T, size: number) {
    super(core, value, size)
    this.promise = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  override leave(): void {
    this.core.dismissSender(this)
  }

  override accepted(): void {
    this.guard?.disarm()
    turn.soon(this.#resolve, undefined)
  }

  override fail(error: unknown): void {
    this.guard?.disarm()
    turn.soon(this.#reject, error)
  }
}

export class Reservation<T> extends Sending<T> {
  override readonly value: undefined = undefined
  readonly promise: Promise<SendPermit<T>>
  readonly count: number
  guard: Guard | undefined = undefined
  #resolve!: (permit: SendPermit<T>) => void
  #reject!: (error: unknown) => void

  constructor(core: ChannelCore<T>, count: number) {
    super(core)
    this.count = count
    this.promise = new Promise<SendPermit<T>>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  override tryEnter(): boolean {
    const { core, count } = this
    if (!core.fits(count, 0)) return false
    core.dismissSender(this)
    core.reserved += count
    this.guard?.disarm()
    turn.soon(this.#resolve, new Permit(core, count))
    return true
  }

  override fail(error: unknown): void {
    this.guard?.disarm()
    turn.soon(this.#reject, error)
  }
}
