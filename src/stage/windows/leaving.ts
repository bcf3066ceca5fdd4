// What is left while it waits for a source: some sources answer a `return()` only after the read that is pending, which may never end.
import { HandIterator } from '../../iterator.ts'
import { Waiting, WaitingList } from '../../waiting.ts'

/** Leaves sources; waits for those that are not being read. */
export async function leave(sources: readonly AsyncIterator<unknown>[], isReading: boolean): Promise<void> {
  const left = Promise.all(sources.map(async source => await source.return?.()))
  if (isReading) left.catch(() => {})
  else await left
}

/** A `next()` that the generator has not answered. */
class Parked<R> extends Waiting<Parked<R>> {
  readonly resolve: (result: IteratorResult<R, undefined>) => void

  constructor(resolve: (result: IteratorResult<R, undefined>) => void) {
    super()
    this.resolve = resolve
  }
}

/** A generator over sources that answers at once when it is left. */
export class Leaving<R> extends HandIterator<R> {
  readonly #generator: AsyncGenerator<R, undefined>
  readonly #sources: readonly AsyncIterator<unknown>[]
  readonly #parked = new WaitingList<Parked<R>>()

  constructor(generator: AsyncGenerator<R, undefined>, sources: readonly AsyncIterator<unknown>[]) {
    super()
    this.#generator = generator
    this.#sources = sources
  }

  next(): Promise<IteratorResult<R, undefined>> {
    return new Promise((resolve, reject) => {
      const parked = new Parked<R>(resolve)
      this.#parked.append(parked)
      const settle = (act: () => void): void => {
        if (!parked.isQueued) return
        this.#parked.remove(parked)
        act()
      }
      this.#generator.next().then(
        result => settle(() => resolve(result)),
        (error: unknown) => settle(() => reject(error)),
      )
    })
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    const isReading = this.#parked.length > 0
    for (let parked = this.#parked.shift(); parked !== undefined; parked = this.#parked.shift()) {
      parked.resolve({ done: true, value: undefined })
    }
    const ended = this.#generator.return(undefined)
    await leave(this.#sources, isReading)
    if (isReading) ended.catch(() => {})
    else await ended
    return { done: true, value: undefined }
  }
}
