// How outputs become the bytes that a file or a child gets.
import { invalidOption } from '../errors.ts'
import { checkCount, checkFunction, checkName, checkObject } from './options.ts'
import type { Nack, WriteBatch, WriteItem } from './types.ts'

/** A writer of bytes: how outputs are encoded, and how many are under way. */
export interface ByteWriterOptions<O> {
  name?: string
  /** Outputs under way: 1024 by default. */
  capacity?: number
  maxBatch?: number
  /** By default the value's JSON and a line feed. */
  encode?: (item: WriteItem<O>, processor: string) => string | Uint8Array
}

export interface ByteWriterSettings<O> {
  readonly name: string
  readonly capacity: number
  readonly maxBatch: number
  readonly encode: (item: WriteItem<O>, processor: string) => string | Uint8Array
  /** It is the default encoding. */
  readonly isLines: boolean
}

/** What a batch is in bytes, up to the output that has none. */
export interface Encoded {
  readonly bytes: Uint8Array
  readonly nack: Nack | undefined
}

export function byteWriterSettings<O>(options: ByteWriterOptions<O>, defaultName: string): ByteWriterSettings<O> {
  checkObject('options', options)
  const { name = defaultName, capacity = 1024, maxBatch = capacity, encode = line } = options
  checkName('name', name)
  checkCount('capacity', capacity)
  checkCount('maxBatch', maxBatch)
  checkFunction('encode', encode)
  return { name, capacity, maxBatch, encode, isLines: encode === line }
}

/** One that can't be encoded is refused by its name, so it takes none of its batch with it. */
export function encoded<O>(batch: WriteBatch<O>, encode: ByteWriterSettings<O>['encode']): Encoded {
  const pieces: Uint8Array[] = []
  let nack: Nack | undefined
  for (const item of batch.items) {
    try {
      pieces.push(bytesOf(encode(item, batch.processor)))
    } catch (reason) {
      nack = { sequence: item.sequence, index: item.index, reason }
      break
    }
  }
  return { bytes: Buffer.concat(pieces), nack }
}

function bytesOf(piece: unknown): Uint8Array {
  if (typeof piece === 'string') return Buffer.from(piece)
  if (piece instanceof Uint8Array) return piece
  throw invalidOption('encode', 'a function that gives text or bytes', piece)
}

function line(item: WriteItem<unknown>): string {
  return `${JSON.stringify(item.value) ?? 'null'}\n`
}
