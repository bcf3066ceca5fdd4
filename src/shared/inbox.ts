// Fetching messages out of the native channel: short ones many at a time into memory of this thread, each long one into memory of its own.
import { TOO_LARGE } from '../native/index.ts'
import type { Bytes } from '../process/byte-types.ts'
import { incoming, type Codec } from './codec.ts'
import type { Port } from './port.ts'

export type Received<T> = IteratorResult<T, undefined>
export const END: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true })

/** Lengths of the messages that were fetched last. */
export const lengths: Uint32Array = new Uint32Array(256)
/** The largest count that the native side takes. */
export const MOST: number = 2 ** 32 - 1

/** A native call that puts up to `max` messages into `into`, with their lengths beside them. */
export type Fetch = (max: number, into: Bytes) => number

export function takes<T>(port: Port<T>, wait: number, min: number, isTimed: boolean): Fetch {
  return (max, into) => port.native.take(wait, Math.min(min, MOST), max, isTimed, into, lengths)
}

/** Takes one message, or gives what the native call said. */
export function takeOne<T>(port: Port<T>, wait: number): Received<T> | number {
  const outcome = port.native.receive(wait, incoming, lengths)
  if (outcome === 1) return { value: port.codec.decode(0, lengths[0] as number), done: false }
  return outcome === TOO_LARGE ? fetchLong(port.codec, takes(port, wait, 1, false)) : outcome
}

/** The same of a wait that was given one. */
export function collectOne<T>(port: Port<T>, wait: number): Received<T> | number {
  const outcome = port.native.collect(wait, incoming, lengths)
  if (outcome === 1) return { value: port.codec.decode(0, lengths[0] as number), done: false }
  return outcome === TOO_LARGE ? fetchLong(port.codec, collects(port, wait)) : outcome
}

export function collects<T>(port: Port<T>, wait: number): Fetch {
  return (_max, into) => port.native.collect(wait, into, lengths)
}

/** Fetches until there are `max` values, or no more messages; what the last native call said. */
export function fetchMany<T>(codec: Codec<T>, max: number, fetch: Fetch, values: T[]): number {
  while (values.length < max) {
    const outcome = fetch(Math.min(max - values.length, MOST), incoming)
    if (outcome === TOO_LARGE) {
      const step = fetchLong(codec, fetch)
      if (typeof step === 'number') return step
      values.push(step.value as T)
    } else if (outcome <= 0) return outcome
    for (let at = 0, start = 0; at < outcome; at++) {
      const end = start + (lengths[at] as number)
      values.push(codec.decode(start, end))
      start = end
    }
  }
  return values.length
}

/** Between two calls others may take the message: what comes then may be another one, or nothing. */
function fetchLong<T>(codec: Codec<T>, fetch: Fetch): Received<T> | number {
  for (;;) {
    const own = new Uint8Array(Buffer.allocUnsafeSlow(lengths[0] as number).buffer)
    const outcome = fetch(1, own)
    if (outcome === 1) {
      return { value: codec.adopt(lengths[0] === own.length ? own : own.slice(0, lengths[0])), done: false }
    }
    if (outcome !== TOO_LARGE) return outcome
  }
}
