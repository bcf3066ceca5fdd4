// How values become the bytes of a message, and back. Memory that is used again is only ever read and written within one call.
import { isUint8Array } from 'node:util/types'
import { deserialize, serialize } from 'node:v8'
import { itemTooLarge } from '../bounds.ts'
import { invalidOption, SluiceError, textOf } from '../errors.ts'
import type { Bytes } from '../process/byte-types.ts'
import type { SharedCodec } from './types.ts'

const LONGEST = 2 ** 32 - 1
/** V8 keeps the content of arrays up to this size in its own heap; lending it out natively would move it out first. */
const IN_HEAP = 64

const outgoing: Bytes = new Uint8Array(16 * 1024)
/** What short messages are received into, one behind the other. */
export const incoming: Bytes = new Uint8Array(8 * 1024)
const incomingText = Buffer.from(incoming.buffer)
const outgoingText = Buffer.from(outgoing.buffer)

/** The bytes of the value that was encoded last, until they are forgotten. */
export const encoded: { bytes: Bytes; length: number } = { bytes: outgoing, length: 0 }

/** They have been copied: a long message must not live on until the next one. */
export function forgetEncoded(): void {
  encoded.bytes = outgoing
}

export interface Codec<T> {
  /** Writes `encoded`. */
  encode(value: T): void
  /** From part of `incoming`. */
  decode(start: number, end: number): T
  /** From memory that is the value's own. */
  adopt(bytes: Bytes): T
}

const bytes: Codec<Bytes> = {
  encode(value) {
    if (!isUint8Array(value)) throw invalidOption('value', 'a Uint8Array', value)
    const { byteLength } = value
    if (byteLength <= IN_HEAP) {
      outgoing.set(value)
      encode(outgoing, byteLength)
    } else {
      // Another thread may write to shared memory at any time.
      encode(value.buffer instanceof SharedArrayBuffer ? new Uint8Array(value) : value, byteLength)
    }
  },
  decode: (start, end) => incoming.slice(start, end),
  adopt: own => own,
}

const utf8: Codec<string> = {
  encode(value) {
    if (typeof value !== 'string') throw invalidOption('value', 'a string', value)
    if (value.length * 3 <= outgoing.length) return encode(outgoing, outgoingText.write(value, 'utf8'))
    const long = Buffer.from(value)
    encode(long, long.length)
  },
  decode: (start, end) => incomingText.toString('utf8', start, end),
  adopt: own => Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString('utf8'),
}

const structured: Codec<unknown> = {
  encode(value) {
    const clone = cloned(value)
    encode(clone, clone.length)
  },
  // Views inside a value lie in the bytes they were read from.
  decode: (start, end) => deserialize(incoming.slice(start, end)) as unknown,
  adopt: own => deserialize(own) as unknown,
}

const codecs: Readonly<Record<SharedCodec, Codec<unknown>>> = { bytes, utf8, structured }
/** In the order of the numbers that stand for them natively. */
export const CODECS: readonly SharedCodec[] = ['bytes', 'utf8', 'structured']

export function codecOf<T>(name: SharedCodec): Codec<T> {
  return codecs[name] as Codec<T>
}

function encode(from: Bytes, length: number): void {
  if (length > LONGEST) throw itemTooLarge('', length, LONGEST, from)
  encoded.bytes = from
  encoded.length = length
}

function cloned(value: unknown): Buffer {
  try {
    return serialize(value)
  } catch (cause) {
    throw new SluiceError('ERR_INVALID_OPTION', `\`value\` must be something that can be cloned: ${textOf(cause)}`, {
      cause,
    })
  }
}
