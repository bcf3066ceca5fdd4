// The options of message pipelines: their checks, and every default, once.
import { batch, Channel } from '../../channel/index.ts'
import { invalidOption } from '../../errors.ts'
import { checkRetry } from '../../retry.ts'
import { linkSettings } from '../options.ts'
import type { Message } from './message.ts'
import type { BatcherOptions, MessagesOptions, ProcessorsOptions } from './types.ts'

const PROCESSOR_DEMAND = 10

export interface ProcessorSettings<T> {
  readonly concurrency: number
  readonly demand: { readonly maxDemand: number; readonly minDemand: number }
  readonly partitionBy: ((message: Message<T>) => string | number) | undefined
}

export interface BatcherSettings<T> extends ProcessorSettings<T> {
  readonly options: BatcherOptions<T>
}

export interface MessagesSettings<T> {
  readonly options: MessagesOptions<T>
  readonly processors: ProcessorSettings<T>
  readonly batchers: ReadonlyMap<string, BatcherSettings<T>>
}

export function messagesSettings<T>(options: MessagesOptions<T>): MessagesSettings<T> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  if (typeof options.ack !== 'function') throw invalidOption('ack', 'a function', options.ack)
  for (const name of ['ackBy', 'prepare', 'handle', 'onFailed', 'partitionBy'] as const)
    checkFunction(name, options[name])
  if (options.restart !== undefined) checkRetry(options.restart, 'restart')
  const { batchers = {}, processors = {}, partitionBy } = options
  const made = new Map<string, BatcherSettings<T>>()
  for (const [name, batcher] of Object.entries(batchers)) {
    const at = `batchers.${name}`
    if (batcher === null || typeof batcher !== 'object') throw invalidOption(at, 'an object', batcher)
    if (typeof batcher.handle !== 'function') throw invalidOption(`${at}.handle`, 'a function', batcher.handle)
    checkBatch(batcher)
    const settings = workers(batcher, batcher.maxDemand ?? batcher.maxSize, partitionBy, at)
    made.set(name, { ...settings, options: batcher })
  }
  return { options, processors: workers(processors, PROCESSOR_DEMAND, partitionBy, 'processors'), batchers: made }
}

function workers<T>(
  { concurrency = 1, maxDemand, minDemand, partitionBy }: ProcessorsOptions<T>,
  defaultDemand: number,
  common: ((message: Message<T>) => string | number) | undefined,
  at: string,
): ProcessorSettings<T> {
  if (!(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    throw invalidOption(`${at}.concurrency`, 'a positive integer', concurrency)
  }
  checkFunction(`${at}.partitionBy`, partitionBy)
  const demand = linkSettings({
    maxDemand: maxDemand ?? defaultDemand,
    ...(minDemand === undefined ? undefined : { minDemand }),
  })
  const { maxDemand: max, minDemand: min } = demand
  return { concurrency, demand: { maxDemand: max, minDemand: min }, partitionBy: partitionBy ?? common }
}

/** Throws what `batch` throws; it runs nothing before it is consumed. */
function checkBatch<T>({ maxSize, maxDelay, maxBytes, sizeOf }: BatcherOptions<T>): void {
  if (!Number.isSafeInteger(maxSize)) throw invalidOption('maxSize', 'a positive integer', maxSize)
  batch(new Channel<Message<T>>(1), {
    maxSize,
    ...(maxDelay === undefined ? undefined : { maxDelay }),
    ...(maxBytes === undefined ? undefined : { maxBytes }),
    ...(sizeOf === undefined ? undefined : { sizeOf }),
  })
}

function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalidOption(name, 'a function', value)
}
