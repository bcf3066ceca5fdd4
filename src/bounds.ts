// What channels inside one thread and across threads have in common: the checks of their bounds, and the errors of their refusals.
import type { Overflow, ReceiveManyOptions } from './channel/types.ts'
import { invalidOption, RefusedError, SluiceError } from './errors.ts'

const OVERFLOWS: readonly unknown[] = ['block', 'drop-newest', 'drop-oldest', 'error'] satisfies Overflow[]

export function checkOverflow(overflow: unknown): void {
  if (!OVERFLOWS.includes(overflow)) throw invalidOption('overflow', oneOf(OVERFLOWS), overflow)
}

export function capacityOption(capacity: unknown, overflow: Overflow): number {
  if (typeof capacity !== 'number' || !(capacity === Infinity || (Number.isInteger(capacity) && capacity >= 0))) {
    throw invalidOption('capacity', 'a whole number of items, 0 for a rendezvous, or Infinity', capacity)
  }
  if (capacity === 0 && overflow === 'drop-oldest') {
    throw invalidOption(
      'capacity',
      "above 0 with overflow 'drop-oldest', for a rendezvous holds nothing to drop",
      capacity,
    )
  }
  return capacity
}

export function maxBytesOption(maxBytes: unknown): number {
  if (maxBytes === undefined) return Infinity
  if (!(typeof maxBytes === 'number' && maxBytes > 0)) {
    throw invalidOption('maxBytes', 'a number of bytes above 0', maxBytes)
  }
  return maxBytes
}

/** How many a `receiveMany` waits for, and how long after the first. */
export function manyOptions(
  max: number,
  options: ReceiveManyOptions | undefined,
): { target: number; maxDelay: number } {
  if (!(max === Infinity || Number.isInteger(max)) || max < 1) {
    throw invalidOption('max', 'a whole number of items above 0, or Infinity', max)
  }
  const { maxDelay, min = maxDelay === undefined ? 1 : max } = options ?? {}
  if (!(min === Infinity || Number.isInteger(min)) || min < 1 || min > max) {
    throw invalidOption('min', `a whole number of items from 1 to max, which is ${max}`, min)
  }
  if (maxDelay !== undefined && !(typeof maxDelay === 'number' && maxDelay >= 0)) {
    throw invalidOption('maxDelay', 'a number of ms that is not negative', maxDelay)
  }
  return { target: min, maxDelay: maxDelay ?? Infinity }
}

export function oneOf(names: readonly unknown[]): string {
  return `one of ${names.map(name => `'${String(name)}'`).join(', ')}`
}

/** The channel takes nothing any more; `cause` is what it was closed or canceled with. */
export function channelClosed(name: string, value: unknown, cause: unknown): RefusedError {
  return new RefusedError('ERR_CHANNEL_CLOSED', `${label(name)} is closed`, value, cause === undefined ? {} : { cause })
}

export function channelFull(name: string, capacity: number, value: unknown): RefusedError {
  return new RefusedError('ERR_CHANNEL_FULL', `${label(name)} is full (capacity ${capacity})`, value)
}

export function itemTooLarge(name: string, size: number, maxBytes: number, value: unknown): RefusedError {
  return new RefusedError('ERR_ITEM_TOO_LARGE', `${label(name)} takes ${maxBytes} bytes, the item has ${size}`, value)
}

export function permitUsed(): SluiceError {
  return new SluiceError(
    'ERR_PERMIT_USED',
    'the permit has no place left: each is good for one send, until its release',
  )
}

/** More places than there are: nobody could ever give so many. */
export function tooManyPlaces(count: number, capacity: number): SluiceError {
  return invalidOption('count', `a whole number from 1 to the capacity, which is ${capacity}`, count)
}

function label(name: string): string {
  return name === '' ? 'the channel' : `the channel ${JSON.stringify(name)}`
}
