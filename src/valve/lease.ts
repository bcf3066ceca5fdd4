// One hold on a valve, and all that ends it: its holder, its owner, its time, or that nobody has it any more.
import { onAbort, type AbortListener } from '../abort.ts'
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
  #listener: AbortListener | undefined
  #others: Set<Hold> | undefined

  constructor(reason: string, isLevel: boolean, onEnd: (hold: Hold) => void) {
    this.reason = reason
    this.isLevel = isLevel
    this.#onEnd = () => onEnd(this)
  }

  bind({ owner, maxHold }: ApplyOptions): void {
    if (maxHold !== undefined && maxHold !== Infinity) this.#endAfter(maxHold)
    if (owner === undefined) return
    if (owner instanceof AbortSignal) {
      if (owner.aborted) return this.end()
      this.#listener = onAbort(owner, this)
    } else {
      this.#others = holdsUntil(owner.closed)
      this.#others.add(this)
    }
  }

  /** The abort of the owner. */
  handleEvent(): void {
    this.end()
  }

  #endAfter(ms: number): void {
    const next = (): void => (ms > LONGEST_TIMER ? this.#endAfter(ms - LONGEST_TIMER) : this.end())
    this.#timer = setTimeout(next, Math.min(ms, LONGEST_TIMER)).unref()
  }

  end(): void {
    const onEnd = this.#onEnd
    if (onEnd === undefined) return
    this.#onEnd = undefined
    clearTimeout(this.#timer)
    this.#listener?.remove()
    this.#others?.delete(this)
    lost.unregister(this)
    onEnd()
  }
}

const owned = new WeakMap<Promise<unknown>, Set<Hold>>()

/** The holds of one owner, which end with it. It is listened to once, for it may outlive any number of them. */
function holdsUntil(closed: Promise<unknown>): Set<Hold> {
  const known = owned.get(closed)
  if (known !== undefined) return known
  const holds = new Set<Hold>()
  owned.set(closed, holds)
  const end = (): void => {
    owned.delete(closed)
    for (const hold of holds) hold.end()
  }
  closed.then(end, end)
  return holds
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
