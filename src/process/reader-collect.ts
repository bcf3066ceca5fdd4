// Reading to the end into memory: bytes, text, JSON. Bounded, and given up without loss.
import { invalidOption, SluiceError } from '../errors.ts'
import type { Bytes, WaitOptions } from './byte-types.ts'
import { ANY_SIZE, type ReaderCore } from './reader-core.ts'
import { ChunkRead, join } from './read-operations.ts'
import { Span } from '../wait.ts'

export const MAX_BUFFER: number = 100 * 1024 * 1024

export type CollectOptions = WaitOptions & { maxBuffer?: number }

/** Everything up to the end, in one piece. Whatever stops it early puts all of it back in front. */
export async function collectBytes(
  core: ReaderCore,
  options: CollectOptions | undefined,
  what: string,
): Promise<Bytes> {
  const maxBuffer = maxBufferOf(options)
  const span = new Span(options, what)
  const holder = {}
  const chunks: Bytes[] = []
  let length = 0
  try {
    core.acquire(holder)
    for (;;) {
      const chunk = await core.run(new ChunkRead(core, ANY_SIZE, whole), span.part)
      if (chunk === null) return join(chunks)
      chunks.push(chunk)
      length += chunk.length
      if (length > maxBuffer) throw tooMuch(what, maxBuffer)
    }
  } catch (error) {
    for (let i = chunks.length - 1; i >= 0; i--) core.putBack(chunks[i] as Bytes)
    throw span.explain(error)
  } finally {
    span.end()
    core.release(holder)
  }
}

/** UTF-8 of all of it; no byte is dropped silently, so a byte order mark stays. */
export async function collectText(
  core: ReaderCore,
  options: CollectOptions | undefined,
  what: string,
): Promise<string> {
  const bytes = await collectBytes(core, options, what)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function maxBufferOf(options: CollectOptions | undefined): number {
  const maxBuffer = options?.maxBuffer ?? MAX_BUFFER
  if (typeof maxBuffer !== 'number' || !(maxBuffer >= 0))
    throw invalidOption('maxBuffer', 'a number of bytes that is not negative', maxBuffer)
  return maxBuffer
}

function tooMuch(what: string, maxBuffer: number): SluiceError {
  return new SluiceError(
    'ERR_MAX_BUFFER',
    `${what}() would hold more than maxBuffer (${maxBuffer} bytes); what came is still there to read`,
  )
}

function whole(chunk: Bytes | null): Bytes | null {
  return chunk
}
