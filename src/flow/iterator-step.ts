// A step whose values come out of an async iterator: a source, batches, a child's output. It is opened by the first pull, and asked for
// one value at a time, when that is wanted.
import { NOTHING, Step, type Pulled } from './step.ts'

/** `tryNext` gives what is there without a promise; undefined means that `next` has to be asked. */
export interface Pullable<T> {
  next(): Promise<IteratorResult<T, unknown>>
  return?(): Promise<unknown>
  tryNext?(): IteratorResult<T, unknown> | undefined
}

export abstract class IteratorStep<T> extends Step<T> {
  protected isReading = false
  #iterator: Pullable<T> | undefined
  #value: T | typeof NOTHING = NOTHING
  // The iterator gave its end, or failed: it must not be told to return.
  #isOver = false

  protected abstract open(): Pullable<T>

  /** What came, and what becomes of it on its way out. */
  protected handOn(value: T): T {
    this.edge.total += 1
    return value
  }

  /** Whether it can be asked for more although the step is stopped. */
  protected get isOutOfReach(): boolean {
    return this.isStopped
  }

  override pull(): Pulled<T> {
    if (this.#value !== NOTHING) {
      const value = this.#value
      this.#value = NOTHING
      return this.handOn(value)
    }
    if (this.#isOver || this.isOutOfReach) return this.end()
    if (this.isReading) return this.nothing()
    try {
      this.#iterator ??= this.open()
      const step = this.#iterator.tryNext?.()
      if (step === undefined) this.#ask(this.#iterator)
      else if (step.done !== true) return this.handOn(step.value)
      else this.#isOver = true
    } catch (error) {
      this.#fail(error)
    }
    return this.#isOver ? this.end() : this.nothing()
  }

  /** Gives up what may not have been opened yet, and has to be closed nevertheless. */
  protected async leaveUnopened(): Promise<void> {
    if (!this.#isOver) this.#iterator ??= this.open()
    await this.leave(false)
  }

  /** Gives the iterator up. What it answers while a value is due is waited for only if `waits`: some answer only after that. */
  protected async leave(waits: boolean): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    const iterator = this.#iterator
    if (iterator === undefined) return
    const returned = Promise.resolve(iterator.return?.())
    if (waits || !this.isReading) await returned
    else returned.catch(() => {})
  }

  #ask(iterator: Pullable<T>): void {
    this.isReading = true
    iterator.next().then(this.#came, this.#failed)
  }

  readonly #came = (step: IteratorResult<T, unknown>): void => {
    this.isReading = false
    if (step.done === true) this.#isOver = true
    else this.#value = step.value
    this.notify()
  }

  readonly #failed = (error: unknown): void => {
    this.isReading = false
    this.#fail(error)
    this.notify()
  }

  #fail(error: unknown): void {
    const isNews = !this.#isOver
    this.#isOver = true
    if (isNews) this.run.fail(error)
  }
}
