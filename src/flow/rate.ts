// `rate`: lets values go on no faster than the rate allows. One that may not yet go on is held here; those behind it stay where they are.
import { Rate, type RateOptions } from '../rate.ts'
import { LONGEST_TIMER } from '../wait.ts'
import { Edge } from './edge.ts'
import { END, NOTHING, Step, type Failure, type Pulled } from './step.ts'

export class RateStep<T> extends Step<T> {
  readonly #before: Step<T>
  readonly #rate: Rate
  #held: Pulled<T> = NOTHING
  #timer: NodeJS.Timeout | undefined

  constructor(before: Step<T>, rate: RateOptions, name: string) {
    super(before, new Edge(name, 0))
    this.#before = before
    this.#rate = new Rate(rate)
  }

  override pull(): Pulled<T> {
    if (this.isStopped) return this.end()
    if (this.#held === NOTHING) this.#ask()
    const value = this.#held
    if (value === NOTHING) return this.nothing()
    if (value === END) return this.end()
    const now = performance.now()
    const delay = this.#rate.delay(now)
    if (delay > 0) {
      this.#before.ahead()
      this.#timer ??= setTimeout(this.#due, Math.min(LONGEST_TIMER, Math.ceil(delay)))
      return this.nothing()
    }
    this.#rate.take(now)
    this.#held = NOTHING
    this.edge.total += 1
    return value
  }

  override ahead(): void {
    if (this.isStopped) return
    if (this.#held === NOTHING) this.#ask()
    if (this.#held !== NOTHING) this.#before.ahead()
  }

  override stop(failure: Failure | undefined): void {
    super.stop(failure)
    clearTimeout(this.#timer)
  }

  #ask(): void {
    this.#held = this.#before.pull()
  }

  readonly #due = (): void => {
    this.#timer = undefined
    this.notify()
  }
}
