// Events as bytes: what the codec of a pipeline gives and takes, looked at before anything else is done with it.
import { invalidOption, RefusedError } from '../errors.ts'
import { FIXED_BYTES, LARGEST_RECORD } from '../record-limits.ts'
import { unreadable } from './pipeline-errors.ts'
import type { Codec, PipelineEvent } from './types.ts'

export function encodedEvent<I>(codec: Codec<I>, data: I): Uint8Array {
  const payload: unknown = codec.encode(data)
  if (payload instanceof Uint8Array) return payload
  throw invalidOption('codec.encode', 'a function that gives a Uint8Array', payload)
}

/** Throws ERR_ITEM_TOO_LARGE for what no journal takes. */
export function checkSize(payload: Uint8Array, data: unknown): void {
  const size = FIXED_BYTES + payload.byteLength
  if (size <= LARGEST_RECORD) return
  throw new RefusedError('ERR_ITEM_TOO_LARGE', `an event of ${size} bytes, more than ${LARGEST_RECORD}`, data)
}

/** Throws ERR_NACK for what the codec can't read. */
export function decodedEvent<I>(codec: Codec<I>, sequence: number, payload: Uint8Array): PipelineEvent<I> {
  try {
    return { sequence, data: codec.decode(payload) }
  } catch (error) {
    throw unreadable(sequence, error)
  }
}
