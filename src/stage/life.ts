// From start to end of a stage: its context, its signal, and the promise of its end. What happens on the way is the stage's matter.
import { Deferred } from '../deferred.ts'
import { checkWait, Guard, rejected, type WaitOptions } from '../wait.ts'
import { stopWithin } from './stopping.ts'
import type { StageContext } from './types.ts'

export class Life {
  readonly name: string
  readonly context: StageContext
  isOver = false
  readonly #controller = new AbortController()
  readonly #done = new Deferred<void>()
  #failure: { readonly error: unknown } | undefined
  // Whoever waits for something that the end makes true as well.
  readonly #waiting = new Set<() => void>()

  constructor(name: string) {
    this.name = name
    this.context = { name, signal: this.#controller.signal }
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  abort(reason?: unknown): void {
    this.#controller.abort(reason)
  }

  /** The first error is the one that `done` rejects with. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  /** It is over, as a failure if there was one. */
  end(): void {
    if (this.isOver) return
    this.isOver = true
    if (this.#failure === undefined) this.#done.resolve()
    else this.#done.reject(this.#failure.error)
    for (const reached of this.#waiting) reached()
  }

  /** Fulfils when `begin` calls back, or with the end. */
  reach(options: WaitOptions | undefined, begin: (reached: () => void) => void): Promise<void> {
    try {
      checkWait(options)
    } catch (error) {
      return rejected(error)
    }
    if (this.isOver) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const guard = Guard.of(options, 'The flush', error => {
        this.#waiting.delete(reached)
        reject(error)
      })
      const reached = (): void => {
        guard?.disarm()
        this.#waiting.delete(reached)
        resolve()
      }
      this.#waiting.add(reached)
      begin(reached)
    })
  }

  /** Waits for the end that `begin` has begun, however it comes; when that takes too long, `force` is called. */
  stop(options: WaitOptions | undefined, begin: () => void, force: (error: unknown) => void): Promise<void> {
    const begun = (): boolean => {
      begin()
      return this.isOver
    }
    return stopWithin(options, { done: this.done, begin: begun, force })
  }
}
