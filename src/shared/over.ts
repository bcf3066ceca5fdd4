// The wait for a shared channel's end. It keeps no event loop alive.
import { UNSETTLED } from '../native/index.ts'
import { DONE } from '../ready.ts'
import type { Port } from './port.ts'
import { Wait } from './waits.ts'

export class OverWait<T> extends Wait<void> {
  readonly #port: Port<T>

  /** Fulfils when the channel is over, or when this instance has left it. */
  static of<V>(port: Port<V>): Promise<void> {
    if (port.hasLeft || port.native.watch(port.room.numberFor(true))) return DONE
    return new OverWait(port).promise
  }

  private constructor(port: Port<T>) {
    super(port.room, false)
    // Nobody has to look at it.
    this.promise.catch(() => {})
    this.#port = port
    port.over = this
  }

  override look(): void {
    if (this.#port.native.settled(this.number) !== UNSETTLED) this.resolve(undefined)
  }

  override left(): void {
    this.resolve(undefined)
  }
}
