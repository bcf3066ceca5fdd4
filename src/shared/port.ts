// One instance of a shared channel as its operations see it: the native part, the codec, the bounds, and how it ended.
import { channelClosed } from '../bounds.ts'
import type { RefusedError } from '../errors.ts'
import { LEVELS, type NativeChannel, type WaitHost } from '../native/index.ts'
import { Causes } from './cause.ts'
import { CODECS, codecOf, type Codec } from './codec.ts'
import { WaitRoom } from './waits.ts'

/** In the order of the numbers that stand for them natively. */
export const OVERFLOWS = ['block', 'drop-newest', 'drop-oldest', 'error'] as const

/** Overwritten by each look. */
const levels = new Float64Array(LEVELS.length)

export class Port<T> {
  readonly native: NativeChannel
  readonly room: WaitRoom
  readonly codec: Codec<T>
  readonly capacity: number
  /** Refuses what finds no room, in place of having it wait. */
  readonly refusesWhenFull: boolean
  readonly #causes = new Causes()
  /** Who waits for the end. That keeps no event loop alive, so what this thread ends itself must not take a wake-up. */
  over: { ready(): void } | undefined

  constructor(host: WaitHost, native: NativeChannel) {
    this.native = Object.assign(native, native.bound())
    this.room = new WaitRoom(host, native)
    const { codec, capacity, overflow } = this.levels()
    this.codec = codecOf(CODECS[codec] ?? 'bytes')
    this.capacity = capacity
    this.refusesWhenFull = OVERFLOWS[overflow] === 'error'
  }

  get hasLeft(): boolean {
    return this.room.hasLeft
  }

  levels(): Record<(typeof LEVELS)[number], number> {
    this.native.measure(levels)
    return Object.fromEntries(LEVELS.map((name, at) => [name, levels[at] ?? 0])) as Record<
      (typeof LEVELS)[number],
      number
    >
  }

  get available(): number {
    if (this.hasLeft) return 0
    const { available } = this.levels()
    // What is left of no bound is no bound.
    return this.capacity === Infinity && available > 0 ? Infinity : available
  }

  close(error: unknown): void {
    if (this.hasLeft) return
    this.native.close(this.#causes.encode(error))
    this.over?.ready()
  }

  cancel(reason: unknown): void {
    if (this.hasLeft) return
    this.native.cancel(this.#causes.encode(reason))
    this.over?.ready()
  }

  /** The error that receivers get in place of the end, if any. */
  get failure(): { readonly error: unknown } | undefined {
    return !this.hasLeft && this.native.hasFailed() ? { error: this.#cause() } : undefined
  }

  closed(value: unknown): RefusedError {
    return channelClosed('', value, this.hasLeft ? undefined : this.#cause())
  }

  #cause(): unknown {
    return this.#causes.decode(this.native.cause())
  }
}
