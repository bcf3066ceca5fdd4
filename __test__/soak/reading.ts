// Reads the known stream of a child to its end, every read in another way, and checks each byte.

import type { ByteReader } from '../../index.ts'
import { KnownStream } from '../helpers/known-stream.ts'
import { turns } from '../helpers/wait-for.ts'
import type { Draw } from './draw.ts'

const LARGEST = 200_000

/** True at the end. */
type Step = (reader: ByteReader, known: KnownStream, draw: Draw) => Promise<boolean>

function take(known: KnownStream, chunk: Uint8Array | null | undefined): boolean {
  if (chunk) known.push(chunk)
  return chunk === null
}

/** A read that was given up, or that wanted more than there is left, took nothing. */
async function unlessGivenUp<T>(promise: Promise<T>): Promise<T | undefined> {
  return await promise.catch((error: { code?: string; name?: string }) => {
    if (['ERR_TIMEOUT', 'ABORT_ERR', 'ERR_READER_CLOSED'].includes(error.code ?? '')) return undefined
    throw error
  })
}

const steps: readonly Step[] = [
  async (reader, known) => take(known, await reader.read()),
  async (reader, known, draw) => take(known, await reader.read({ maxBytes: 1 + draw.size(LARGEST) })),
  async (reader, known, draw) => take(known, reader.tryRead({ maxBytes: 1 + draw.size(LARGEST) })),
  async (reader, known, draw) => {
    const buffer = new Uint8Array(1 + draw.size(LARGEST))
    const count = await reader.readInto(buffer)
    return take(known, count === 0 ? null : buffer.subarray(0, count))
  },
  async (reader, known, draw) => take(known, await unlessGivenUp(reader.readExactly(1 + draw.size(LARGEST)))),
  async (reader, known, draw) => take(known, await unlessGivenUp(reader.read({ timeout: draw.between(0, 3) }))),
  async (reader, known, draw) => {
    const controller = new AbortController()
    const abort = async (): Promise<void> => {
      await turns(draw.between(0, 3))
      controller.abort()
    }
    const reading = unlessGivenUp(reader.readExactly(1 + draw.size(LARGEST), { signal: controller.signal }))
    const [chunk] = await Promise.all([reading, abort()])
    return take(known, chunk)
  },
  async (reader, known, draw) => {
    let left = draw.between(1, 3)
    for await (const chunk of reader) {
      known.push(chunk)
      if (--left === 0) return false
    }
    return true
  },
  async (reader, known, draw) => {
    let left = draw.between(1, 3)
    for await (const chunk of reader.readable()) {
      known.push(chunk as Uint8Array)
      if (--left === 0) return false
    }
    return true
  },
  async (reader, known, draw) => {
    const sizes = Array.from({ length: draw.between(2, 5) }, () => 1 + draw.size(LARGEST))
    const chunks = await Promise.all(sizes.map(async maxBytes => await reader.read({ maxBytes })))
    return chunks.map(chunk => take(known, chunk)).at(-1) ?? false
  },
]

/** How many bytes there were. Rejects with what the end of the reader rejects with. */
export async function readKnown(draw: Draw, reader: ByteReader): Promise<number> {
  const known = new KnownStream()
  await readOn(draw, reader, known)
  return known.offset
}

/** Goes on where the stream is. */
export async function readOn(draw: Draw, reader: ByteReader, known: KnownStream): Promise<void> {
  let isOver = false
  // Reads of more than there is left end nothing, so the rest is read plainly after a while.
  for (let step = 0; step < 40 && !isOver; step++) isOver = await draw.one(steps)(reader, known, draw)
  for await (const chunk of reader) known.push(chunk)
}
