// `take`: the first values, and the end of all that is before it as soon as the last of them is there.
import { Edge } from './edge.ts'
import { END, NOTHING, Step, type Pulled } from './step.ts'

export class TakeStep<T> extends Step<T> {
  readonly #before: Step<T>
  #left: number

  constructor(before: Step<T>, count: number, name: string) {
    super(before, new Edge(name, 0))
    this.#before = before
    this.#left = count
  }

  override pull(): Pulled<T> {
    if (this.isStopped || this.#left === 0) return this.end()
    const value = this.#before.pull()
    if (value === NOTHING) return this.nothing()
    if (value === END) return this.end()
    this.edge.total += 1
    this.#left -= 1
    // Whoever closes the flow waits for this, and is told if it fails.
    if (this.#left === 0) this.#before.shutdown().catch(() => {})
    return value
  }

  override ahead(): void {
    // Not for values that will never be wanted.
    if (!this.isStopped && this.#left > 0) this.#before.ahead()
  }
}
