// What waits for items of a channel: a single receive, and the shape of the others. Which item goes to whom is the core's matter.
import { turn } from '../turn.ts'
import type { Guard } from '../wait.ts'
import type { ChannelCore } from './channel-core.ts'
import { Waiting } from '../waiting.ts'

export type Received<T> = IteratorResult<T, undefined>

/** The end, as every receive and iterator tells it. */
export const END: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true })

/** On whose behalf something waits; once that has left, nothing of its does. */
export interface Owner {
  readonly hasLeft: boolean
}

/** One that waits in the list of receivers. What takes an item settles in the same step, so an abort comes before it or is too late. */
export abstract class Receiving<T> extends Waiting<Receiving<T>> {
  readonly core: ChannelCore<T>
  /** Its own send cases are no partners of a `select`'s receive case. */
  readonly selection: object | undefined
  /** Undefined: the channel itself. */
  owner: Owner | undefined = undefined

  constructor(core: ChannelCore<T>, selection?: object) {
    super()
    this.core = core
    this.selection = selection
  }

  /** Takes what it waits for if that is there, and leaves the list. */
  abstract attempt(): boolean
  /** Gives what is there to one that waits for more: nothing else could come in. */
  abstract hurry(): void
  /** Takes a value that isn't in the channel, which is empty, and leaves the list. */
  abstract give(value: T): boolean
  /** The end is reached. It is out of the list, as below. */
  abstract end(): void
  abstract fail(error: unknown): void
}

/** A receive that takes one item. */
export abstract class ItemReceiving<T> extends Receiving<T> {
  /** Leaves the list, with all that depends on it. */
  abstract leave(): void
  abstract deliver(value: T): void

  override attempt(): boolean {
    const { core } = this
    if (!core.hasItemFor(this.selection)) return false
    this.leave()
    this.deliver(core.take(this.selection))
    return true
  }

  override hurry(): void {}

  override give(value: T): boolean {
    this.leave()
    this.deliver(value)
    return true
  }
}

export class SingleReceive<T> extends ItemReceiving<T> {
  readonly promise: Promise<Received<T>>
  guard: Guard | undefined = undefined
  #resolve!: (step: Received<T>) => void
  #reject!: (error: unknown) => void

  constructor(core: ChannelCore<T>) {
    super(core)
    this.promise = new Promise<Received<T>>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  override leave(): void {
    this.core.receivers.remove(this)
  }

  override deliver(value: T): void {
    this.guard?.disarm()
    turn.soon(this.#resolve, { value, done: false })
  }

  override end(): void {
    this.guard?.disarm()
    turn.soon(this.#resolve, END)
  }

  override fail(error: unknown): void {
    this.guard?.disarm()
    turn.soon(this.#reject, error)
  }
}
