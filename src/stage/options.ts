// The options of stages and subscriptions: their checks, and every default, once.
import { invalidOption } from '../errors.ts'
import { checkRate, type RateOptions } from '../rate.ts'
import {
  BroadcastDispatcher,
  DemandDispatcher,
  PartitionDispatcher,
  type StageDispatcher,
} from './dispatchers/index.ts'
import { MAX_DEMAND } from './limits.ts'
import type { Dispatcher, ProducerOptions, SubscribeOptions } from './types.ts'

export interface OutletSettings<O> {
  readonly dispatcher: StageDispatcher<O>
  readonly kind: 'demand' | 'broadcast' | 'partition' | 'custom'
  /** Undefined: by the demand below. */
  readonly bufferSize: number | undefined
  readonly keepsFirst: boolean
  readonly onDiscard: ((count: number) => void) | undefined
  readonly accumulates: boolean
  readonly rate: RateOptions | undefined
}

export interface LinkSettings {
  readonly maxDemand: number
  readonly minDemand: number
  readonly mode: 'permanent' | 'transient' | 'temporary'
  readonly isManual: boolean
}

export function stageName(options: { name?: string } | undefined, fallback: string): string {
  if (options !== undefined && (options === null || typeof options !== 'object')) {
    throw invalidOption('options', 'an object', options)
  }
  const name = options?.name ?? fallback
  if (typeof name !== 'string') throw invalidOption('name', 'a string', name)
  return name
}

export function outletSettings<O>(options: ProducerOptions<O>, defaultSize: number | undefined): OutletSettings<O> {
  const { bufferSize = defaultSize, bufferKeep = 'last', onDiscard, demand = 'forward', rate } = options
  if (bufferSize !== undefined && bufferSize !== Infinity && !(Number.isSafeInteger(bufferSize) && bufferSize >= 0)) {
    throw invalidOption('bufferSize', 'a number of events from 0, or Infinity', bufferSize)
  }
  if (bufferKeep !== 'first' && bufferKeep !== 'last') {
    throw invalidOption('bufferKeep', "'first' or 'last'", bufferKeep)
  }
  if (onDiscard !== undefined && typeof onDiscard !== 'function') {
    throw invalidOption('onDiscard', 'a function', onDiscard)
  }
  if (rate !== undefined) checkRate(rate, 'rate')
  const { dispatcher = { type: 'demand' } } = options
  return {
    dispatcher: dispatcherOf(dispatcher),
    kind: dispatcher.type,
    bufferSize,
    keepsFirst: bufferKeep === 'first',
    onDiscard,
    accumulates: checkedMode(demand) === 'accumulate',
    rate,
  }
}

export function checkedMode(mode: 'forward' | 'accumulate'): 'forward' | 'accumulate' {
  if (mode !== 'forward' && mode !== 'accumulate') throw invalidOption('demand', "'forward' or 'accumulate'", mode)
  return mode
}

/** Checks and fills in what the subscription itself goes by. */
export function linkSettings<T>(options: SubscribeOptions<T>): LinkSettings {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { maxDemand = MAX_DEMAND, cancel = 'permanent', selector, manual = false } = options
  if (!(Number.isSafeInteger(maxDemand) && maxDemand >= 1)) {
    throw invalidOption('maxDemand', 'a number of events from 1', maxDemand)
  }
  const { minDemand = Math.floor(maxDemand / 2) } = options
  if (!(Number.isSafeInteger(minDemand) && minDemand >= 0 && minDemand < maxDemand)) {
    throw invalidOption('minDemand', `a number of events from 0 and below maxDemand, which is ${maxDemand},`, minDemand)
  }
  if (cancel !== 'permanent' && cancel !== 'transient' && cancel !== 'temporary') {
    throw invalidOption('cancel', "'permanent', 'transient' or 'temporary'", cancel)
  }
  if (selector !== undefined && typeof selector !== 'function') throw invalidOption('selector', 'a function', selector)
  if (typeof manual !== 'boolean') throw invalidOption('manual', 'a boolean', manual)
  return { maxDemand, minDemand, mode: cancel, isManual: manual }
}

function dispatcherOf<O>(given: Dispatcher<O>): StageDispatcher<O> {
  if (given === null || typeof given !== 'object') throw invalidOption('dispatcher', 'an object', given)
  switch (given.type) {
    case 'demand':
      if (given.shuffle !== undefined && typeof given.shuffle !== 'boolean') {
        throw invalidOption('dispatcher.shuffle', 'a boolean', given.shuffle)
      }
      return new DemandDispatcher<O>(given.shuffle ?? false)
    case 'broadcast':
      return new BroadcastDispatcher<O>()
    case 'partition':
      return partitionOf(given)
    case 'custom':
      for (const name of ['ask', 'dispatch', 'subscribe', 'cancel'] as const) {
        if (typeof given[name] !== 'function') throw invalidOption(`dispatcher.${name}`, 'a function', given[name])
      }
      return given
    default: {
      const { type } = given as { type: unknown }
      throw invalidOption('dispatcher.type', "'demand', 'broadcast', 'partition' or 'custom'", type)
    }
  }
}

function partitionOf<O>(given: Extract<Dispatcher<O>, { type: 'partition' }>): StageDispatcher<O> {
  const { partitions, hash, room } = given
  const keys: readonly PropertyKey[] =
    typeof partitions === 'number' && Number.isSafeInteger(partitions) && partitions >= 1
      ? Array.from({ length: partitions }, (_, i) => i)
      : (partitions as readonly PropertyKey[])
  if (!Array.isArray(keys) || keys.length === 0) {
    throw invalidOption('dispatcher.partitions', 'a number from 1, or an array of keys', partitions)
  }
  if (typeof hash !== 'function') throw invalidOption('dispatcher.hash', 'a function', hash)
  if (room !== undefined && !(Number.isSafeInteger(room) && room >= 1)) {
    throw invalidOption('dispatcher.room', 'a number of events from 1', room)
  }
  return new PartitionDispatcher<O>(keys, hash, room)
}
