// One step that feeds several flows. It asks for a value when a branch wants one, and holds it until the branches it is for have taken the
// one before. A branch that was left is counted out; when all were, the steps before the hub are ended.
import { turn } from '../turn.ts'
import { Branch } from './branch.ts'
import { Run } from './run.ts'
import { END, NOTHING, type Failure, type Pulled, type Reader, type Step } from './step.ts'

/** Which branch a value is for, by its index; undefined for all. */
export type Choice<T> = (value: T) => number | undefined

export class Hub<T> implements Reader {
  readonly branches: readonly Branch<T>[]
  readonly step: Step<T>
  readonly name: string
  readonly #choice: Choice<T>
  readonly #run: Run
  #isRunning = false
  #isPumping = false
  #value: Pulled<T> = NOTHING
  #targets: readonly Branch<T>[] = []
  #closing: Promise<Failure | undefined> | undefined

  constructor(step: Step<T>, count: number, name: string, choice: Choice<T>) {
    this.step = step
    this.name = name
    this.#choice = choice
    this.branches = Array.from({ length: count }, (_, index) => new Branch<T>(this, `${name}[${index}]`))
    this.#run = new Run(step, () => this.#over())
  }

  get isOver(): boolean {
    return this.#closing !== undefined
  }

  get failure(): Failure | undefined {
    return this.#run.failure
  }

  /** Joins the steps before; for the first branch that is consumed, the others find it done. */
  begin(): void {
    if (this.#isRunning) return
    this.#run.begin(this, undefined, this.name)
    this.#isRunning = true
  }

  wake(): void {
    this.pump()
  }

  /** Gives out values as long as branches want some and have room. */
  pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (!this.isOver && this.#advance()) {
      if (turn.tick()) continue
      turn.defer(() => this.pump(), undefined)
      break
    }
    this.#isPumping = false
  }

  /** A branch is over, or wants no more. Fulfils, for the last one, when the steps before have ended. */
  async left(): Promise<void> {
    this.#targets = this.#targets.filter(branch => !branch.hasLeft)
    if (!this.isOver && this.branches.every(branch => branch.hasLeft)) this.#closing = this.#run.close()
    const failure = await this.#closing
    if (failure !== undefined) throw failure.error
    this.pump()
  }

  /** One value further; false if that can't be now. */
  #advance(): boolean {
    const value = this.#value
    if (value === NOTHING) return this.branches.some(branch => branch.isAsking) && this.#ask()
    if (this.#targets.some(branch => branch.isFull)) return false
    this.#value = NOTHING
    for (const branch of this.#targets) branch.give(value as T)
    return true
  }

  #ask(): boolean {
    const value = this.step.pull()
    if (this.isOver || value === NOTHING) return false
    if (value === END) {
      this.#over()
      return false
    }
    try {
      const index = this.#choice(value)
      const chosen = index === undefined ? this.branches : this.branches.slice(index, index + 1)
      this.#targets = chosen.filter(branch => !branch.hasLeft)
      this.#value = value
    } catch (error) {
      this.#run.fail(error)
      return false
    }
    return true
  }

  /** No value comes any more; after a failure, the one in hand is gone too. */
  #over(): void {
    this.#value = NOTHING
    this.#closing = this.#run.close()
    for (const branch of this.branches) branch.over()
  }
}
