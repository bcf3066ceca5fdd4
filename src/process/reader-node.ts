// A reader as a Node Readable. High-water mark 0: a read is made only when somebody asks the stream for data.
import { Readable } from 'node:stream'
import type { Bytes } from './byte-types.ts'
import { ANY_SIZE, type ReaderCore } from './reader-core.ts'
import { ChunkRead } from './read-operations.ts'

/** Holds the reader until the stream ends or is destroyed; what the stream did not hand out goes back in front. */
export function nodeReadable(core: ReaderCore): Readable {
  const holder = {}
  core.acquire(holder)
  let parked: ChunkRead | undefined
  // Taken from the reader, and on its way to the stream; then what the stream got last.
  let taken: Bytes | null = null
  let last: Bytes | null = null
  const take = (chunk: Bytes | null): Bytes | null => (taken = chunk)
  return new Readable({
    highWaterMark: 0,
    read() {
      parked = new ChunkRead(core, ANY_SIZE, take)
      core.run(parked, undefined).then(
        chunk => {
          if (this.destroyed) return
          parked = undefined
          taken = null
          last = chunk
          if (chunk === null) core.release(holder)
          this.push(chunk)
        },
        (error: unknown) => void this.destroy(error as Error),
      )
    },
    destroy(reason, finish) {
      parked?.dismiss(null)
      if (core.isHeldBy(holder)) {
        if (taken !== null) core.putBack(taken)
        if (last !== null) core.putBack(unread(this, last))
      }
      core.leave(holder).then(
        () => finish(reason),
        (failure: unknown) => finish(reason ?? (failure as Error)),
      )
    },
  })
}

/** With a mark of 0 the stream buffers no more than the chunk it got last. Once decoded its length says nothing about bytes. */
function unread(stream: Readable, last: Bytes): Bytes {
  const length = stream.readableEncoding === null ? Math.min(stream.readableLength, last.length) : 0
  return last.subarray(last.length - length)
}
