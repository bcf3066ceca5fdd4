// Feeds a child from a source, at the child's pace. A child that closes its stdin wants no more: that is no error, and the source
// is let go at once, even while it is asked for its next piece.
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { ByteSource, Bytes } from './byte-types.ts'
import type { Endpoint } from './endpoint.ts'
import type { Life } from './life.ts'
import { PipeWriter } from './writer.ts'

type Piece = IteratorResult<string | Bytes, unknown>

/** A source that is asked piece by piece. `stop` may come while an answer is due. */
interface Pull {
  next(): Promise<Piece> | Piece
  stop(): void
}

/** Feeds the child of `life` in the background. A source that fails ends the child's tree. */
export function feed(life: Life, source: ByteSource): void {
  const writer = life.ends?.stdin
  const endpoint = writer && PipeWriter.coreOf(writer)?.endpoint
  if (writer === undefined || endpoint === undefined) return
  pump(life, writer, endpoint, source).catch((cause: unknown) => {
    life.fail({ code: 'ERR_PROCESS_FAILED', what: "Command's input failed", cause })
  })
}

async function pump(life: Life, writer: PipeWriter, endpoint: Endpoint, source: ByteSource): Promise<void> {
  if (typeof source === 'string' || source instanceof Uint8Array) {
    await taken(writer.end(source))
    return
  }
  const pull = pullOf(source)
  const end = new End()
  endpoint.watchHangUp(() => end.reached())
  void life.whenClosed.then(() => end.reached())
  try {
    for (;;) {
      const piece = await end.or(pull.next())
      if (piece === ENDED) break
      if (piece.done) {
        await taken(writer.end())
        return
      }
      if ((await end.or(taken(writer.write(piece.value)))) !== true) break
    }
    pull.stop()
    void taken(writer.end())
  } catch (error) {
    pull.stop()
    throw error
  } finally {
    endpoint.watchHangUp(undefined)
  }
}

const ENDED = Symbol('ended')

/** The moment from which the child takes no more. A plain race with a promise would keep every piece's reaction until then. */
class End {
  #isReached = false
  #wake: (() => void) | undefined

  reached(): void {
    this.#isReached = true
    this.#wake?.()
  }

  async or<T>(work: Promise<T> | T): Promise<T | typeof ENDED> {
    if (this.#isReached) return ENDED
    if (!(work instanceof Promise)) return await work
    return await new Promise<T | typeof ENDED>((resolve, reject) => {
      this.#wake = () => resolve(ENDED)
      work.then(resolve, reject)
    })
  }
}

/** False when the child takes no more. Anything else that a write rejects with is the source's fault. */
async function taken(write: Promise<void>): Promise<boolean> {
  try {
    await write
    return true
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'EPIPE' || code === 'ERR_WRITER_CLOSED' || code === 'EBADF') return false
    throw error
  }
}

function pullOf(source: Exclude<ByteSource, string | Bytes>): Pull {
  if (source instanceof Readable) return pullReadable(source)
  if ('getReader' in source && typeof source.getReader === 'function') return pullWeb(source)
  return pullIterator(source as Iterable<string | Bytes> | AsyncIterable<string | Bytes>)
}

function pullIterator(source: Iterable<string | Bytes> | AsyncIterable<string | Bytes>): Pull {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  return {
    next: () => iterator.next(),
    stop: () => forget(async () => await iterator.return?.()),
  }
}

/** Its iterator would wait for a piece that is due before it lets go; destroying does not. */
function pullReadable(source: Readable): Pull {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<string | Bytes>
  return {
    next: () => iterator.next(),
    stop: () => source.destroy(),
  }
}

function pullWeb(source: ReadableStream): Pull {
  const reader = source.getReader()
  return {
    next: async () => (await reader.read()) as Piece,
    stop: () => forget(async () => await reader.cancel()),
  }
}

/** What a source says to being let go is nobody's concern. */
function forget(work: () => Promise<unknown>): void {
  work().catch(() => {})
}
