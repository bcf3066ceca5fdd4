// The values of a step for something in the middle of the same flow: a child's input, the former of batches.
import { Outlet } from './outlet.ts'
import type { Failure, Step } from './step.ts'

export class InnerOutlet<T> extends Outlet<T> {
  readonly #onLeave: () => Promise<void>
  #failure: Failure | undefined

  constructor(step: Step<T>, onLeave: () => Promise<void>) {
    super(step)
    this.#onLeave = onLeave
  }

  /** The flow has failed: instead of an end there is this. */
  fail(failure: Failure): void {
    if (this.#failure !== undefined || this.isDone) return
    this.#failure = failure
    this.refuse(failure.error)
  }

  protected override async over(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  protected override leave(): Promise<void> {
    return this.#onLeave()
  }
}
