// `map` of a queue: a job for each value of a source, and their results one by one. Hand-written, so that leaving answers at once.
import { Deque } from '../deque.ts'
import { invalidOption } from '../errors.ts'
import { HandIterator } from '../iterator.ts'
import type { WaitOptions } from '../wait.ts'
import type { JobMapOptions } from './work-queue-types.ts'

/** What it needs of the queue. */
interface Jobs<T, R> {
  submit(job: T, options: WaitOptions): Promise<R>
  onCapacity(options: WaitOptions): Promise<void>
  readonly concurrency: number
  readonly capacity: number
}

type Step<R> = IteratorResult<R, undefined>

interface Parked<R> {
  readonly resolve: (step: Step<R>) => void
  readonly reject: (error: unknown) => void
}

/** A result that is there, or is to come. */
interface Entry<R> {
  result?: { readonly value: R }
}

export class JobMap<T, R> extends HandIterator<R> {
  readonly #jobs: Jobs<T, R>
  readonly #isOrdered: boolean
  readonly #open: () => Iterator<T> | AsyncIterator<T>
  readonly #controller = new AbortController()
  // In order of the source those that run too, else only those that are done.
  readonly #entries = new Deque<Entry<R>>()
  readonly #parked = new Deque<Parked<R>>()
  #iterator: Iterator<T> | AsyncIterator<T> | undefined
  #isReading = false
  #running = 0
  #isSourceOver = false
  #failure: { readonly error: unknown } | undefined
  #isOver = false
  #wake: (() => void) | undefined

  constructor(jobs: Jobs<T, R>, source: Iterable<T> | AsyncIterable<T>, options: JobMapOptions | undefined) {
    super()
    this.#jobs = jobs
    this.#open = opener(source)
    const ordered: unknown = options?.ordered ?? true
    if (typeof ordered !== 'boolean') throw invalidOption('ordered', 'a boolean', ordered)
    this.#isOrdered = ordered
  }

  override next(): Promise<Step<R>> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#parked.push({ resolve, reject })
      if (this.#iterator === undefined) void this.#read()
      this.#settle()
    })
  }

  override async return(): Promise<Step<R>> {
    if (!this.#isOver) {
      this.#end()
      await this.#leaveSource()
    }
    return { done: true, value: undefined }
  }

  async #read(): Promise<void> {
    const { signal } = this.#controller
    try {
      this.#iterator = this.#open()
      while (!signal.aborted) {
        await this.#room()
        await this.#jobs.onCapacity({ signal })
        this.#isReading = true
        const step = await this.#iterator.next()
        this.#isReading = false
        if (signal.aborted) return
        if (step.done === true) break
        void this.#run(step.value)
      }
      this.#isSourceOver = true
      this.#settle()
    } catch (error) {
      // What the source throws is its end; a queue that takes no more jobs leaves the source to be ended.
      if (this.#isReading) this.#isSourceOver = true
      this.#isReading = false
      this.#fail(error)
    }
  }

  async #run(job: T): Promise<void> {
    const entry: Entry<R> = {}
    if (this.#isOrdered) this.#entries.push(entry)
    this.#running += 1
    try {
      entry.result = { value: await this.#jobs.submit(job, { signal: this.#controller.signal }) }
      if (!this.#isOrdered) this.#entries.push(entry)
    } catch (error) {
      this.#fail(error)
    }
    this.#running -= 1
    this.#settle()
  }

  /** As many are under way or wait to be taken as the queue has places, and no more. */
  async #room(): Promise<void> {
    while (this.#underWay >= this.#jobs.concurrency + this.#jobs.capacity && !this.#controller.signal.aborted) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  get #underWay(): number {
    return this.#isOrdered ? this.#entries.length : this.#entries.length + this.#running
  }

  /** The first failure counts. What was ready before it is still given out. */
  #fail(error: unknown): void {
    if (this.#isOver || this.#failure !== undefined) return
    this.#failure = { error }
    this.#controller.abort(error)
    this.#leaveSource().catch(() => {})
    this.#settle()
  }

  #settle(): void {
    while (this.#parked.length > 0) {
      const result = this.#entries.peek()?.result
      if (result === undefined) break
      this.#entries.shift()
      this.#parked.shift()?.resolve({ done: false, value: result.value })
    }
    this.#wake?.()
    this.#wake = undefined
    if (this.#parked.length === 0) return
    if (this.#failure !== undefined) {
      this.#parked.shift()?.reject(this.#failure.error)
      this.#end()
    } else if (this.#isSourceOver && this.#underWay === 0) this.#end()
  }

  #end(): void {
    this.#isOver = true
    this.#controller.abort()
    this.#entries.drain()
    for (const { resolve } of this.#parked.drain()) resolve({ done: true, value: undefined })
    this.#wake?.()
  }

  /** Some sources answer only after a read that is pending, which may never end. */
  async #leaveSource(): Promise<void> {
    if (this.#isSourceOver) return
    this.#isSourceOver = true
    const returned = Promise.resolve(this.#iterator?.return?.())
    if (this.#isReading) returned.catch(() => {})
    else await returned
  }
}

function opener<T>(source: Iterable<T> | AsyncIterable<T>): () => Iterator<T> | AsyncIterator<T> {
  const given = source as Partial<Iterable<T> & AsyncIterable<T>> | null | undefined
  if (typeof given?.[Symbol.asyncIterator] === 'function') {
    return () => (source as AsyncIterable<T>)[Symbol.asyncIterator]()
  }
  if (typeof given?.[Symbol.iterator] === 'function') return () => (source as Iterable<T>)[Symbol.iterator]()
  throw invalidOption('source', 'an iterable or an async iterable', source)
}
