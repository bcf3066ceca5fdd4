// The options of a channel: their checks, and every default, once.
import { capacityOption, checkOverflow, itemTooLarge, maxBytesOption, oneOf } from '../bounds.ts'
import { invalidOption } from '../errors.ts'
import { block, dropNewest, dropOldest, error, type OverflowPolicy } from './overflow/index.ts'
import type { ChannelOptions, DropReason, Overflow } from './types.ts'

export interface ChannelSettings<T> {
  readonly capacity: number
  readonly overflow: Overflow
  readonly name: string
  readonly maxBytes: number
  /** Undefined when nobody asked for bytes. */
  readonly sizeOf: ((value: T) => number) | undefined
  readonly rejectsOversize: boolean
  readonly onDrop: ((value: T, reason: DropReason) => void) | undefined
}

export const policies: Readonly<Record<Overflow, OverflowPolicy>> = {
  block,
  'drop-newest': dropNewest,
  'drop-oldest': dropOldest,
  error,
}

export function channelSettings<T>(given: number | ChannelOptions<T>): ChannelSettings<T> {
  const options = typeof given === 'number' ? { capacity: given } : given
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'a capacity or an object', given)
  const { overflow = 'block', name = '', oversize = 'alone', maxBytes, sizeOf, onDrop } = options
  if (typeof name !== 'string') throw invalidOption('name', 'a string', name)
  checkOverflow(overflow)
  if (oversize !== 'alone' && oversize !== 'reject')
    throw invalidOption('oversize', oneOf(['alone', 'reject']), oversize)
  checkFunction('sizeOf', sizeOf)
  checkFunction('onDrop', onDrop)
  return {
    capacity: capacityOption(options.capacity, overflow),
    overflow,
    name,
    maxBytes: maxBytesOption(maxBytes),
    sizeOf: sizeOf ?? (maxBytes === undefined ? undefined : bytesOf),
    rejectsOversize: oversize === 'reject',
    onDrop,
  }
}

/** Bytes of a value. Throws for what `sizeOf` can't tell, and for what is refused for its size. */
export function sizeIn<T>(settings: ChannelSettings<T>, value: T): number {
  const { sizeOf, maxBytes, rejectsOversize, name } = settings
  const size: unknown = sizeOf?.(value)
  if (typeof size !== 'number' || !(size >= 0 && size < Infinity)) {
    throw invalidOption('sizeOf', 'a function that gives a number of bytes', size)
  }
  if (rejectsOversize && size > maxBytes) throw itemTooLarge(name, size, maxBytes, value)
  return size
}

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (ArrayBuffer.isView(value)) return value.byteLength
  throw invalidOption('sizeOf', 'given with maxBytes, for values that are neither strings nor bytes', undefined)
}

/** A flag of options that may be left out: false by default. */
export function checkedFlag<O extends string>(
  option: O,
  options: { readonly [K in O]?: boolean } | undefined,
): boolean {
  if (options === undefined) return false
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const flag: unknown = options[option] ?? false
  if (typeof flag !== 'boolean') throw invalidOption(option, 'a boolean', flag)
  return flag
}

function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalidOption(option, 'a function', value)
}
