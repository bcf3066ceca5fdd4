// The end of a flow that pulls until nothing is left: at most `concurrency` values are with their callback.
import { timeoutError } from '../errors.ts'
import { turn } from '../turn.ts'
import { rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { isLater, whenSettled } from './outcome.ts'
import { Run } from './run.ts'
import { END, NOTHING, type Reader, type Step } from './step.ts'

/** Takes one value; a promise is waited for before more than `concurrency` are out. */
export type Accept<T> = (value: T) => unknown

export interface DrainHooks {
  /** After the last value, before the end of the flow is told. */
  readonly finish?: () => Promise<void>
  /** The flow has failed: what a value is waited for is to be given up. Without it, that is waited for. */
  readonly giveUp?: (error: unknown) => void
}

export class Drain<T> implements Reader {
  readonly #step: Step<T>
  readonly #accept: Accept<T>
  readonly #concurrency: number
  readonly #hooks: DrainHooks
  readonly #run: Run
  #running = 0
  #isDry = false
  #isPulling = false
  #isClosing = false
  #resolve!: () => void
  #reject!: (error: unknown) => void

  constructor(step: Step<T>, accept: Accept<T>, concurrency: number, hooks: DrainHooks = {}) {
    this.#step = step
    this.#accept = accept
    this.#concurrency = concurrency
    this.#hooks = hooks
    this.#run = new Run(step, () => {
      hooks.giveUp?.(this.#run.failure?.error)
      this.#close()
    })
  }

  /** With a timeout of 0, what is there at once has to be all. Fulfils when all is done, and rejects with the first failure when nothing runs any more. */
  begin(options: WaitOptions | undefined, what: string): Promise<void> {
    try {
      this.#run.begin(this, options, what)
    } catch (error) {
      return rejected(error)
    }
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#pull()
      if (triesOnce(options) && !this.#isClosing) this.#run.fail(timeoutError(what, 0))
    })
  }

  /** Something outside of the flow makes it fail. */
  fail(error: unknown): void {
    this.#run.fail(error)
  }

  wake(): void {
    this.#pull()
  }

  #pull(): void {
    if (this.#isPulling || this.#isDry) return
    this.#isPulling = true
    this.#pullAll()
    this.#isPulling = false
  }

  #pullAll(): void {
    const step = this.#step
    const run = this.#run
    while (!run.hasFailed) {
      if (this.#running >= this.#concurrency) return step.ahead()
      if (!turn.tick()) return turn.defer(this.#resume, undefined)
      const value = step.pull()
      if (value === NOTHING || run.hasFailed) return
      if (value === END) {
        this.#isDry = true
        return this.#close()
      }
      this.#take(value)
    }
  }

  #take(value: T): void {
    try {
      const given = this.#accept(value)
      if (!isLater(given)) return
      this.#running += 1
      whenSettled(given, this.#done, this.#failed)
    } catch (error) {
      this.#run.fail(error)
    }
  }

  readonly #resume = (): void => this.#pull()

  readonly #done = (): void => {
    this.#running -= 1
    if (this.#isDry || this.#run.hasFailed) this.#close()
    else this.#pull()
  }

  readonly #failed = (error: unknown): void => {
    this.#running -= 1
    this.#run.fail(error)
    this.#close()
  }

  /** Once nothing runs. */
  #close(): void {
    if (this.#isClosing || (this.#running > 0 && !(this.#run.hasFailed && this.#hooks.giveUp !== undefined))) return
    if (!this.#run.hasFailed && !this.#isDry) return
    this.#isClosing = true
    void this.#finish()
  }

  async #finish(): Promise<void> {
    try {
      if (!this.#run.hasFailed) await this.#hooks.finish?.()
    } catch (error) {
      this.#run.fail(error)
    }
    const failure = await this.#run.close()
    this.#step.discardAll()
    if (failure === undefined) this.#resolve()
    else this.#reject(failure.error)
  }
}
