// The options of a batch, checked, with every default filled in.
import { invalidOption } from '../errors.ts'

/** When a batch is whole. It never is while it is empty. */
export interface BatchOptions<T> {
  /** So many items at most. */
  maxSize: number
  /**
   * In ms, counted from the first item of a batch: it waits for more no longer than this. None by default: a batch is what waits by the
   * time it is asked for, nothing is ever held back, and batches grow by themselves while their consumer is busy.
   */
  maxDelay?: number
  /** So many bytes at most; a single item that is larger makes a batch of its own. */
  maxBytes?: number
  /** Bytes of an item, asked once for each; needed with `maxBytes` unless items are strings or bytes. */
  sizeOf?: (value: T) => number
  /** Items of one key come in batches of their own. */
  key?: (value: T) => PropertyKey
  /** So many batches may be open at once, 1000 by default; one more key sends the oldest of them. */
  maxKeys?: number
  /** In ms, experimental: the size adapts, up to `maxSize`, so that the consumer takes about so long for a batch. */
  targetLatency?: number
}

export interface BatchSettings<T> {
  readonly maxSize: number
  /** 0 for natural batches. */
  readonly maxDelay: number
  readonly maxBytes: number
  readonly sizeOf: ((value: T) => number) | undefined
  readonly key: ((value: T) => PropertyKey) | undefined
  readonly maxKeys: number
  readonly targetLatency: number | undefined
}

export function batchSettings<T>(options: BatchOptions<T>): BatchSettings<T> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { maxSize, maxDelay = 0, maxBytes = Infinity, sizeOf, key, maxKeys = 1000, targetLatency } = options
  checkCount('maxSize', maxSize)
  if (!(typeof maxDelay === 'number' && maxDelay >= 0)) {
    throw invalidOption('maxDelay', 'a number of ms that is not negative', maxDelay)
  }
  if (!(typeof maxBytes === 'number' && maxBytes > 0)) {
    throw invalidOption('maxBytes', 'a positive number of bytes', maxBytes)
  }
  if (sizeOf !== undefined && typeof sizeOf !== 'function') throw invalidOption('sizeOf', 'a function', sizeOf)
  if (key !== undefined && typeof key !== 'function') throw invalidOption('key', 'a function', key)
  checkCount('maxKeys', maxKeys)
  if (targetLatency !== undefined && !(typeof targetLatency === 'number' && targetLatency > 0)) {
    throw invalidOption('targetLatency', 'a positive number of ms', targetLatency)
  }
  const isMeasured = maxBytes !== Infinity
  return {
    maxSize,
    maxDelay,
    maxBytes,
    sizeOf: isMeasured ? (sizeOf ?? plainSize) : undefined,
    key,
    maxKeys,
    targetLatency,
  }
}

function checkCount(option: string, value: number): void {
  if (value !== Infinity && !(Number.isSafeInteger(value) && value >= 1)) {
    throw invalidOption(option, 'a positive integer', value)
  }
}

function plainSize(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (value instanceof Uint8Array) return value.byteLength
  throw invalidOption('sizeOf', 'given with `maxBytes` for items that are neither strings nor bytes', undefined)
}
