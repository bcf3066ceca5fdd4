// One run of `process` for one event. What its outputs are good for is no concern of this file.
import { AttemptContext } from '../attempt-context.ts'
import { invalidOption } from '../errors.ts'

type AnyIterator<O> = Iterator<O, unknown> | AsyncIterator<O, unknown>

/** What `process` gave, once it is clear what it is. */
export type Outcome<O> =
  | { readonly kind: 'list'; readonly values: readonly O[] }
  | { readonly kind: 'promise'; readonly promise: PromiseLike<unknown> }
  | { readonly kind: 'iterator'; readonly iterator: Iterator<O, unknown> }
  | { readonly kind: 'async-iterator'; readonly iterator: AsyncIterator<O, unknown> }

const NOTHING = { kind: 'list', values: [] } as const

export class Attempt<O> extends AttemptContext {
  /** Where the outputs come from, if not all at once. */
  iterator: Iterator<O, unknown> | undefined = undefined
  asyncIterator: AsyncIterator<O, unknown> | undefined = undefined
  /** A `next()` is under way. */
  isPulling = false
  arrived: ((result: IteratorResult<O, unknown>) => void) | undefined = undefined
  thrown: ((error: unknown) => void) | undefined = undefined

  /** Nobody wants the outputs any more. The source is told, and not waited for. */
  cancel(reason: unknown): void {
    this.abort(reason)
    const source: AnyIterator<O> | undefined = this.iterator ?? this.asyncIterator
    this.iterator = undefined
    this.asyncIterator = undefined
    try {
      const returned: unknown = source?.return?.()
      if (returned instanceof Promise) returned.catch(() => {})
    } catch {
      // A generator that is running, or fails to clean up, has nobody to tell.
    }
  }
}

/** Throws ERR_INVALID_OPTION for what can't be outputs. A string is iterable too, and never meant so. */
export function outcomeOf<O>(value: unknown): Outcome<O> {
  if (value === undefined || value === null) return NOTHING
  if (Array.isArray(value)) return { kind: 'list', values: value }
  if (typeof value === 'object') {
    const it = value as Partial<AsyncIterable<O> & Iterable<O> & Iterator<O> & PromiseLike<unknown>>
    if (typeof it[Symbol.asyncIterator] === 'function') {
      return { kind: 'async-iterator', iterator: (it as AsyncIterable<O>)[Symbol.asyncIterator]() }
    }
    if (typeof it.next === 'function' && typeof it[Symbol.iterator] === 'function') {
      return { kind: 'iterator', iterator: it as Iterator<O, unknown> }
    }
    if (typeof it.then === 'function') return { kind: 'promise', promise: it as PromiseLike<unknown> }
  }
  throw invalidOption('process', 'a function that gives an array, a generator, an async iterable or nothing', value)
}
