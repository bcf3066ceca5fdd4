// The errors that only channels raise.
import { invalidOption, RefusedError, SluiceError } from '../errors.ts'

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
