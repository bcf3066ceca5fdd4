// One run of a flow, from its start to the moment when nothing of it is left: the first failure, and the limits that were given to it.
import { abortError } from '../errors.ts'
import { list } from '../observe/index.ts'
import { checkWait, Guard, type WaitOptions } from '../wait.ts'
import { measured } from './flow-metrics.ts'
import type { Failing, Failure, Reader, Step } from './step.ts'

export class Run implements Failing {
  hasFailed = false
  readonly #last: Step<unknown>
  readonly #onFailure: () => void
  #guards: (Guard | undefined)[] = []
  #unlist: (() => void) | undefined
  #failure: Failure | undefined
  #closed: Promise<Failure | undefined> | undefined

  /** `onFailure` is called once, when everything has been stopped and may still be running. */
  constructor(last: Step<unknown>, onFailure: () => void) {
    this.#last = last
    this.#onFailure = onFailure
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  /** Joins the steps. Throws for bad options, a signal that is aborted already, and a flow that is consumed already; nothing has been touched then. */
  begin(reader: Reader, options: WaitOptions | undefined, what: string): void {
    checkWait(options)
    const { signal } = this.#last
    if (signal?.aborted === true) throw abortError(signal)
    this.#last.claim()
    this.#last.consumer = what
    this.#last.start(this, reader)
    this.#unlist = list('flows', this.#last.flowName, this.#last, measured)
    const giveUp = (error: unknown): void => this.fail(error)
    this.#guards = [Guard.of(options, what, giveUp), Guard.of(signal && { signal }, what, giveUp)]
  }

  /** The first failure is the one that counts. */
  fail(error: unknown): void {
    if (this.#failure !== undefined || this.#closed !== undefined) return
    this.#failure = { error }
    this.hasFailed = true
    this.#last.stopAll(this.#failure)
    this.#onFailure()
  }

  /** Ends what is left of it, and fulfils with the failure if there was one. */
  close(): Promise<Failure | undefined> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<Failure | undefined> {
    for (const guard of this.#guards) guard?.disarm()
    try {
      await this.#last.shutdown()
    } catch (error) {
      this.#failure ??= { error }
      this.hasFailed = true
    }
    this.#unlist?.()
    return this.#failure
  }
}
