// What is left while it waits for a source: some sources answer a `return()` only after the read that is pending, which may never end.
import { HandIterator } from '../../iterator.ts'

/** Leaves sources; waits for those that are not being read. */
export async function leave(sources: readonly AsyncIterator<unknown>[], isReading: boolean): Promise<void> {
  const left = Promise.all(sources.map(async source => await source.return?.()))
  if (isReading) left.catch(() => {})
  else await left
}

/** A generator over sources that answers at once when it is left. */
export class Leaving<R> extends HandIterator<R> {
  readonly #generator: AsyncGenerator<R, undefined>
  readonly #sources: readonly AsyncIterator<unknown>[]
  readonly #parked = new Set<(result: IteratorResult<R, undefined>) => void>()

  constructor(generator: AsyncGenerator<R, undefined>, sources: readonly AsyncIterator<unknown>[]) {
    super()
    this.#generator = generator
    this.#sources = sources
  }

  next(): Promise<IteratorResult<R, undefined>> {
    return new Promise((resolve, reject) => {
      this.#parked.add(resolve)
      const settled = (): boolean => this.#parked.delete(resolve)
      this.#generator.next().then(
        result => settled() && resolve(result),
        (error: unknown) => settled() && reject(error as Error),
      )
    })
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    const isReading = this.#parked.size > 0
    for (const resolve of this.#parked) resolve({ done: true, value: undefined })
    this.#parked.clear()
    const ended = this.#generator.return(undefined)
    await leave(this.#sources, isReading)
    if (isReading) ended.catch(() => {})
    else await ended
    return { done: true, value: undefined }
  }
}
