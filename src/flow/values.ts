// Sources that have their values without a promise: arrays, and any other iterable.
import { Edge } from './edge.ts'
import { Step, type Pulled } from './step.ts'

export class ArraySource<T> extends Step<T> {
  readonly #values: readonly T[]
  #next = 0

  constructor(values: readonly T[], name: string, signal: AbortSignal | undefined) {
    super(undefined, new Edge(name, 0), signal)
    this.#values = values
  }

  override pull(): Pulled<T> {
    if (this.#next >= this.#values.length || this.isStopped) return this.end()
    this.edge.total += 1
    return this.#values[this.#next++] as T
  }
}

export class IterableSource<T> extends Step<T> {
  readonly #source: Iterable<T>
  #iterator: Iterator<T> | undefined
  #isOver = false

  constructor(source: Iterable<T>, name: string, signal: AbortSignal | undefined) {
    super(undefined, new Edge(name, 0), signal)
    this.#source = source
  }

  override pull(): Pulled<T> {
    if (this.#isOver || this.isStopped) return this.end()
    try {
      const step = (this.#iterator ??= this.#source[Symbol.iterator]()).next()
      if (step.done !== true) {
        this.edge.total += 1
        return step.value
      }
      this.#isOver = true
    } catch (error) {
      this.#isOver = true
      this.run.fail(error)
    }
    return this.end()
  }

  protected override async quiet(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    const iterator = this.#iterator ?? this.#source[Symbol.iterator]()
    iterator.return?.()
  }
}
