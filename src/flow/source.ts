// What a flow begins with: tells sources apart, and how each is asked and let go.
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { invalidOption } from '../errors.ts'
import { Edge } from './edge.ts'
import { IteratorStep, type Pullable } from './iterator-step.ts'
import type { Step } from './step.ts'
import { ArraySource, IterableSource } from './values.ts'

export type Source<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T>

/** The first step. Throws ERR_INVALID_OPTION for what can't be asked for values. */
export function sourceStep<T>(source: Source<T>, name: string, signal?: AbortSignal): Step<T> {
  if (source instanceof Readable) return new AsyncSource<T>(() => readable(source), name, signal)
  if (has(source, 'getReader'))
    return new AsyncSource<T>(() => web(source as unknown as ReadableStream<T>), name, signal)
  if (has(source, Symbol.asyncIterator)) {
    return new AsyncSource<T>(() => iterated(source as unknown as AsyncIterable<T>), name, signal)
  }
  if (Array.isArray(source)) return new ArraySource(source as readonly T[], name, signal)
  if (typeof source === 'string' || has(source, Symbol.iterator))
    return new IterableSource(source as Iterable<T>, name, signal)
  throw invalidOption('source', 'an iterable, an async iterable or a ReadableStream', source)
}

class AsyncSource<T> extends IteratorStep<T> {
  readonly #open: () => Pullable<T>

  constructor(open: () => Pullable<T>, name: string, signal: AbortSignal | undefined) {
    super(undefined, new Edge(name, 0), signal)
    this.#open = open
  }

  protected override open(): Pullable<T> {
    return this.#open()
  }

  protected override quiet(): Promise<void> {
    return this.leaveUnopened()
  }
}

/** A channel, or anything else that has items without a promise, is asked that way first. */
function iterated<T>(source: AsyncIterable<T>): Pullable<T> {
  const iterator = source[Symbol.asyncIterator]() as Pullable<T>
  if (!has(source, 'tryReceive')) return iterator
  const receiver = source as unknown as { tryReceive(): IteratorResult<T, undefined> | undefined }
  return {
    next: () => iterator.next(),
    return: async () => await iterator.return?.(),
    tryNext: () => receiver.tryReceive(),
  }
}

/** Its iterator would wait for a piece that is due before it lets go; destroying does not. */
function readable<T>(source: Readable): Pullable<T> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<T>
  return {
    next: () => iterator.next(),
    return: async () => void source.destroy(),
  }
}

/** Unlocks the stream at each of its ends, as a loop over it would; its own iterator would wait for a piece that is due before it lets go. */
function web<T>(source: ReadableStream<T>): Pullable<T> {
  const reader = source.getReader()
  const over = (error: unknown): never => {
    reader.releaseLock()
    throw error
  }
  return {
    next: () =>
      reader.read().then(given => {
        if (given.done) reader.releaseLock()
        return given
      }, over),
    return: () => reader.cancel().then(() => reader.releaseLock(), over),
  }
}

function has(value: unknown, member: string | symbol): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Record<string | symbol, unknown>)[member] === 'function'
  )
}
