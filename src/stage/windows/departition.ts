// The windows of several partitions as those of one: a window comes when all partitions are done with it.
import { Channel } from '../../channel/index.ts'
import { invalidOption } from '../../errors.ts'
import { HandIterator } from '../../iterator.ts'
import { leave } from './leaving.ts'
import { checkCallback, checkSource } from './options.ts'
import type { WindowState } from './types.ts'

/** How the states of partitions become one. */
export interface DepartitionOptions<A, M> {
  /** What a window begins with. */
  initial: () => M
  /** What it is with one more state, those of triggers included. */
  merge: (merged: M, state: A) => M
}

class DepartitionIterator<A, M> extends HandIterator<WindowState<M>> {
  readonly #sources: readonly AsyncIterator<WindowState<A>>[]
  readonly #options: DepartitionOptions<A, M>
  readonly #channel = new Channel<WindowState<M>>(1)
  readonly #merging = new Map<number, M>()
  // The last window that each source is done with.
  readonly #done: number[]
  #hasBegun = false

  constructor(sources: readonly AsyncIterator<WindowState<A>>[], options: DepartitionOptions<A, M>) {
    super()
    this.#sources = sources
    this.#options = options
    this.#done = sources.map(() => -Infinity)
  }

  async next(): Promise<IteratorResult<WindowState<M>, undefined>> {
    if (!this.#hasBegun) void this.#begin()
    return await this.#channel.receive()
  }

  async return(): Promise<IteratorResult<WindowState<M>, undefined>> {
    const isReading = this.#hasBegun
    this.#hasBegun = true
    this.#channel.cancel()
    await leave(this.#sources, isReading)
    return { done: true, value: undefined }
  }

  async #begin(): Promise<void> {
    this.#hasBegun = true
    try {
      await Promise.all(this.#sources.map(async (source, at) => await this.#read(source, at)))
      this.#channel.close()
    } catch (error) {
      this.#channel.close(error)
      void leave(this.#sources, true)
    }
  }

  async #read(source: AsyncIterator<WindowState<A>>, at: number): Promise<void> {
    for await (const { window, trigger, state } of { [Symbol.asyncIterator]: () => source }) {
      const merged = this.#merging.has(window) ? (this.#merging.get(window) as M) : this.#options.initial()
      this.#merging.set(window, this.#options.merge(merged, state))
      if (trigger !== 'done') continue
      this.#done[at] = window
      await this.#give()
    }
    this.#done[at] = Infinity
    await this.#give()
  }

  /** Those that all are done with, in order. */
  async #give(): Promise<void> {
    const until = Math.min(...this.#done)
    const over = [...this.#merging].filter(([window]) => window <= until).sort(([one], [other]) => one - other)
    for (const [window] of over) this.#merging.delete(window)
    for (const [window, state] of over) await this.#channel.send({ window, trigger: 'done', state })
  }
}

/**
 * The windows of several partitions as those of one: each is told once, when all partitions are done with it or have ended. All are read at once, and
 * for each window that some are not done with, one merged state is kept.
 *
 * @example
 * const totals = departition(partitions.map(stage => windowed(stage.events(), sums)), {
 *   initial: () => 0,
 *   merge: (total, sum) => total + sum,
 * })
 */
export function departition<A, M>(
  sources: readonly AsyncIterable<WindowState<A>>[],
  options: DepartitionOptions<A, M>,
): AsyncIterable<WindowState<M>> {
  if (!Array.isArray(sources) || sources.length === 0)
    throw invalidOption('sources', 'an array of async iterables', sources)
  for (const source of sources) checkSource('sources', source)
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  checkCallback('initial', options.initial)
  checkCallback('merge', options.merge)
  return {
    [Symbol.asyncIterator]: () =>
      new DepartitionIterator(
        sources.map(source => source[Symbol.asyncIterator]()),
        options,
      ),
  }
}
