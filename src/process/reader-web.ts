// A reader as a web byte stream. High-water mark 0: each pull is one read, and nothing is read before it.
import { ReadableStream, type ReadableByteStreamController } from 'node:stream/web'
import type { Bytes } from './byte-types.ts'
import { ANY_SIZE, type ReaderCore } from './reader-core.ts'
import { ChunkRead } from './read-operations.ts'

/** Holds the reader until the stream ends or is canceled. */
export function webReadable(core: ReaderCore): ReadableStream<Bytes> {
  const holder = {}
  core.acquire(holder)
  let parked: ChunkRead | undefined
  let taken: Bytes | null = null
  let isCanceled = false
  const take = (chunk: Bytes | null): Bytes | null => (taken = chunk)
  return new ReadableStream<Bytes>({
    type: 'bytes',
    async pull(anyController) {
      const controller = anyController as ReadableByteStreamController
      parked = new ChunkRead(core, controller.byobRequest?.view?.byteLength ?? ANY_SIZE, take)
      try {
        const chunk = await core.run(parked, undefined)
        if (isCanceled) return
        taken = null
        if (chunk === null) core.release(holder)
        deliver(controller, chunk)
      } catch (error) {
        core.release(holder)
        throw error
      }
    },
    cancel() {
      isCanceled = true
      parked?.dismiss(null)
      if (taken !== null && core.isHeldBy(holder)) core.putBack(taken)
      return core.leave(holder)
    },
  })
}

function deliver(controller: ReadableByteStreamController, chunk: Bytes | null): void {
  const request = controller.byobRequest
  if (chunk === null) {
    controller.close()
    request?.respond(0)
  } else if (request?.view) {
    const { buffer, byteOffset, byteLength } = request.view
    new Uint8Array(buffer, byteOffset, byteLength).set(chunk)
    request.respond(chunk.length)
  } else {
    controller.enqueue(transferable(chunk))
  }
}

/** The stream transfers what it gets, and a slab must not go away under its other chunks. */
function transferable(chunk: Bytes): Uint8Array<ArrayBuffer> {
  return chunk.byteLength === chunk.buffer.byteLength ? (chunk as Uint8Array<ArrayBuffer>) : chunk.slice()
}
