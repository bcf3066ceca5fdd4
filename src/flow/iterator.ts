// `for await` over a flow: begins it with the first `next()`, and ends it when the loop is left.
import { rejected } from '../wait.ts'
import { Outlet, type Given } from './outlet.ts'
import { Run } from './run.ts'
import type { Step } from './step.ts'

export class FlowIterator<T> extends Outlet<T> {
  readonly #run: Run
  #hasBegun = false

  constructor(step: Step<T>) {
    super(step)
    this.#run = new Run(step, () => {
      // It ends at once, whether or not somebody asks; what is ready is still given out before the failure.
      void this.#run.close().then(() => this.wake())
    })
  }

  override next(): Promise<Given<T>> {
    try {
      if (!this.isDone) this.#begin()
    } catch (error) {
      this.isDone = true
      return rejected(error)
    }
    return super.next()
  }

  override tryNext(): Given<T> | undefined {
    return this.#hasBegun ? super.tryNext() : undefined
  }

  protected override async over(): Promise<void> {
    const failure = await this.#run.close()
    this.step.discardAll()
    if (failure !== undefined) throw failure.error
  }

  protected override async leave(): Promise<void> {
    try {
      // One that is left before it began ends its source nevertheless, and holds up no other branch.
      this.#begin()
    } catch {
      // It is another consumer's, or was aborted: there is nothing to end here.
      return
    }
    // A failure that nobody waited for is of no interest any more; one of the end itself is.
    const earlier = this.#run.failure
    const failure = await this.#run.close()
    this.step.discardAll()
    if (failure !== undefined && failure !== earlier) throw failure.error
  }

  #begin(): void {
    if (this.#hasBegun) return
    this.#run.begin(this, undefined, 'loop')
    this.#hasBegun = true
  }
}
