// Where a flow begins: one source, or several.
import { invalidOption } from '../errors.ts'
import { MergeStep } from './merge.ts'
import { checkedName, checkedObject } from './options.ts'
import { sourceStep, type Source } from './source.ts'
import { Steps } from './steps.ts'
import type { Flow, FlowOptions } from './types.ts'

/**
 * One source through steps, lazily and bounded on every edge. Values that are ready go through without a promise for each.
 * Bad arguments of it and of its methods throw ERR_INVALID_OPTION; those of the methods that consume it reject with it.
 *
 * @example
 * await flow(stream('zcat', ['access.log.gz']))
 *   .lines()
 *   .map(line => JSON.parse(line))
 *   .filter(event => event.status >= 500)
 *   .batch({ maxSize: 500, maxDelay: 1000 })
 *   .forEach(insert, { concurrency: 2 })
 */
export function flow<T>(source: Source<T>, options?: FlowOptions): Flow<T> {
  const { signal, name = '' } = checkedObject(options)
  if (signal !== undefined && !(typeof signal === 'object' && signal !== null && typeof signal.aborted === 'boolean')) {
    throw invalidOption('signal', 'an AbortSignal', signal)
  }
  const prefix = checkedName('name', name) === '' ? '' : `${name}: `
  const first = sourceStep(source, `${prefix}source`, signal)
  first.flowName = name
  return new Steps(first, prefix)
}

/**
 * The values of several sources, each as it comes. A source is asked for one value at a time, and only when one is wanted. The failure of
 * one ends all of them.
 *
 * @example
 * for await (const event of merge(clicks, keys)) handle(event)
 */
export function merge<S extends readonly AsyncIterable<unknown>[]>(
  ...sources: S
): Flow<S[number] extends AsyncIterable<infer T> ? T : never> {
  type T = S[number] extends AsyncIterable<infer V> ? V : never
  const steps = sources.map((source, index) => sourceStep<T>(source as AsyncIterable<T>, `source ${index}`))
  return new Steps(new MergeStep(steps), '')
}
