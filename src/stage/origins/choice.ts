// Which kind of origin a value of the user is.
import { invalidOption } from '../../errors.ts'
import type { Receiver } from '../../channel/index.ts'
import type { StageContext } from '../types.ts'
import { AsyncIterableOrigin } from './async-iterable.ts'
import { FunctionOrigin, type ProduceFunction } from './function.ts'
import { IterableOrigin } from './iterable.ts'
import type { Origin } from './origin.ts'
import { ReceiverOrigin } from './receiver.ts'

export type Source<O> = Iterable<O> | AsyncIterable<O> | ProduceFunction<O>

export function sourceOrigin<O>(source: Source<O>, context: StageContext): Origin<O> {
  if (typeof source === 'function') return new FunctionOrigin(source, context)
  const origin = source !== null && typeof source === 'object' ? iterated<O>(source) : undefined
  if (origin === undefined) throw invalidOption('source', 'an iterable, an async iterable or a function', source)
  return origin
}

/** What a handler gave that is no array. */
export function manyOrigin<O>(many: unknown): Origin<O> | undefined {
  return many !== null && typeof many === 'object' ? iterated<O>(many) : undefined
}

function iterated<O>(source: object): Origin<O> | undefined {
  if (has(source, 'receiveMany')) return new ReceiverOrigin<O>(source as Receiver<O>)
  if (has(source, Symbol.asyncIterator)) return new AsyncIterableOrigin<O>(source as AsyncIterable<O>)
  if (has(source, Symbol.iterator)) return new IterableOrigin<O>(source as Iterable<O>)
  return undefined
}

function has(source: object, method: PropertyKey): boolean {
  return typeof (source as Record<PropertyKey, unknown>)[method] === 'function'
}
