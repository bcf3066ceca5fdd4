// How outputs become the bytes that a file or a child gets.
import { checkCount, checkFunction, checkName } from './options.ts'
import type { WriteBatch, WriteItem } from './types.ts'

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
}

export function byteWriterSettings<O>(options: ByteWriterOptions<O>, defaultName: string): ByteWriterSettings<O> {
  const { name = defaultName, capacity = 1024, maxBatch = capacity, encode = line } = options
  checkName('name', name)
  checkCount('capacity', capacity)
  checkCount('maxBatch', maxBatch)
  checkFunction('encode', encode)
  return { name, capacity, maxBatch, encode }
}

export function encoded<O>(batch: WriteBatch<O>, encode: ByteWriterSettings<O>['encode']): Uint8Array {
  return Buffer.concat(
    batch.items.map(item => {
      const piece = encode(item, batch.processor)
      return typeof piece === 'string' ? Buffer.from(piece) : piece
    }),
  )
}

function line(item: WriteItem<unknown>): string {
  return `${JSON.stringify(item.value) ?? 'null'}\n`
}
