// One hold on a valve, and all that ends it: its holder, its owner, its time, or that nobody has it any more.
import { warn } from '../callback.ts'
import { LONGEST_TIMER } from '../wait.ts'
import type { ApplyOptions, PressureLease } from './types.ts'

/** The hold itself. A valve has this one, so that it can tell when its holder has lost the other. */
export class Hold {
  readonly reason: string
  /** It ends when a channel or queue has emptied, and so when whoever takes from that does. */
  readonly isLevel: boolean
  readonly since: number = performance.now()
  #onEnd: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #signal: AbortSignal | undefined

  constructor(reason: string, isLevel: boolean, onEnd: (hold: Hold) => void) {
    this.reason = reason
    this.isLevel = isLevel
    this.#onEnd = () => onEnd(this)
  }

  bind({ owner, maxHold }: ApplyOptions): void {
    if (maxHold !== undefined && maxHold !== Infinity) {
      this.#timer = setTimeout(() => this.end(), Math.min(maxHold, LONGEST_TIMER)).unref()
    }
    if (owner === undefined) return
    if (owner instanceof AbortSignal) {
      if (owner.aborted) return this.end()
      this.#signal = owner
      owner.addEventListener('abort', this)
    } else {
      const end = (): void => this.end()
      owner.closed.then(end, end)
    }
  }

  /** The abort of the owner. */
  handleEvent(): void {
    this.end()
  }

  end(): void {
    const onEnd = this.#onEnd
    if (onEnd === undefined) return
    this.#onEnd = undefined
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this)
    lost.unregister(this)
    onEnd()
  }
}

const lost = new FinalizationRegistry<Hold>(hold => {
  warn(`A lease on a valve was lost without being released${hold.reason === '' ? '' : `: ${hold.reason}`}`)
  hold.end()
})

/** What its holder has. With an owner or a time nobody has to keep it. */
export class Lease implements PressureLease {
  readonly #hold: Hold

  constructor(hold: Hold, isBound: boolean) {
    this.#hold = hold
    if (!isBound) lost.register(this, hold, hold)
  }

  get reason(): string {
    return this.#hold.reason
  }

  release(): void {
    this.#hold.end()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
