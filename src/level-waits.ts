// Who waits for a number to come up to theirs. What the number stands for, and when it may have changed, is its owner's matter.
import { timeoutError } from './errors.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from './wait.ts'
import { Waiting, WaitingList } from './waiting.ts'

class Wait extends Waiting<Wait> {
  readonly count: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  guard: Guard | undefined = undefined
  constructor(count: number, resolve: () => void, reject: (error: unknown) => void) {
    super()
    this.count = count
    this.resolve = resolve
    this.reject = reject
  }
}

/** Waits for a number that goes up and down to be at least so much. */
export class LevelWaits {
  readonly #list = new WaitingList<Wait>()
  readonly #what: string
  readonly #level: () => number
  readonly #cameOrLeft: (() => void) | undefined

  /** `cameOrLeft` is called when one more waits, or one less for it gave up. */
  constructor(what: string, level: () => number, cameOrLeft?: () => void) {
    this.#what = what
    this.#level = level
    this.#cameOrLeft = cameOrLeft
  }

  /** How many wait. */
  get length(): number {
    return this.#list.length
  }

  until(count: number, options: WaitOptions | undefined): Promise<void> {
    try {
      checkWait(options)
    } catch (error) {
      return rejected(error)
    }
    if (this.#level() >= count) return Promise.resolve()
    if (triesOnce(options)) return rejected(timeoutError(this.#what, 0))
    return new Promise((resolve, reject) => {
      const wait = new Wait(count, resolve, reject)
      this.#list.append(wait)
      wait.guard = Guard.of(options, this.#what, error => {
        this.#list.remove(wait)
        reject(error)
        this.#cameOrLeft?.()
      })
      this.#cameOrLeft?.()
    })
  }

  /** The number may have gone up. */
  check(): void {
    if (this.#list.length === 0) return
    const level = this.#level()
    let wait = this.#list.first
    while (wait !== undefined) {
      const next: Wait | undefined = wait.after
      if (wait.count <= level) {
        this.#list.remove(wait)
        wait.guard?.disarm()
        wait.resolve()
      }
      wait = next
    }
  }

  /** It never goes up again. */
  fail(error: () => unknown): void {
    for (let wait = this.#list.shift(); wait !== undefined; wait = this.#list.shift()) {
      wait.guard?.disarm()
      wait.reject(error())
    }
  }
}
