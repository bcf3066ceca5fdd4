// `for await` over lines, or over batches of lines. Hand-written: lines that are there already cost one fulfilled promise each.
import { Deque } from '../deque.ts'
import { HandIterator } from '../iterator.ts'
import { LineRead, type LineSource } from './line-source.ts'

type Take<T> = (source: LineSource) => T | null | undefined

export class LineIterator<T> extends HandIterator<T> {
  readonly #source: LineSource
  readonly #take: Take<T>
  readonly #buffered: ((source: LineSource) => T | undefined) | undefined
  // In the order they settle in.
  readonly #pending = new Deque<LineRead<IteratorResult<T, undefined>>>()
  #isDone = false

  /** `take` gives the next value, null at the end, undefined when it must wait; `buffered` gives one that costs nothing. */
  constructor(source: LineSource, take: Take<T>, buffered?: (source: LineSource) => T | undefined) {
    super()
    this.#source = source
    this.#take = take
    this.#buffered = buffered
  }

  override next(): Promise<IteratorResult<T, undefined>> {
    if (this.#isDone) return Promise.resolve(end())
    const buffered = this.#buffered?.(this.#source)
    if (buffered !== undefined) {
      return this.#source.fulfilled<IteratorResult<T, undefined>>({ done: false, value: buffered })
    }
    const operation = new LineRead<IteratorResult<T, undefined>>(this.#source, this.#step)
    this.#pending.push(operation)
    return this.#watch(this.#source.core.run(operation, undefined))
  }

  /** Undelivered lines go back in front of the reader, as the bytes they came as. */
  override return(): Promise<IteratorResult<T, undefined>> {
    if (this.#isDone) return Promise.resolve(end())
    this.#isDone = true
    for (const operation of this.#pending.drain()) operation.dismiss(end())
    return this.#source.leave().then(end)
  }

  readonly #step = (source: LineSource): IteratorResult<T, undefined> | undefined => {
    const value = this.#take(source)
    if (value === undefined) return undefined
    if (value !== null) return { done: false, value }
    this.#isDone = true
    return end()
  }

  async #watch(result: Promise<IteratorResult<T, undefined>>): Promise<IteratorResult<T, undefined>> {
    try {
      return await result
    } catch (error) {
      this.#isDone = true
      throw error
    } finally {
      this.#pending.shift()
    }
  }
}

function end(): { done: true; value: undefined } {
  return { done: true, value: undefined }
}
