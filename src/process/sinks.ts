// What `pipeTo` can deliver to, behind one shape: a writer, a Node Writable, a web WritableStream, a channel's sender.
import type { Writable } from 'node:stream'
import type { WritableStream } from 'node:stream/web'
import type { Sender } from '../channel/types.ts'
import { invalidOption } from '../errors.ts'
import { isByteWriter, type Bytes, type ByteWriter, type WaitOptions } from './byte-types.ts'
import { nodeSink } from './sink-node.ts'
import { SingleWrite } from './write-operations.ts'
import { PipeWriter } from './writer.ts'

/** One target of a transfer. */
export interface Sink {
  /** Fulfils when the target took the chunk and wants more. Rejected, `taken` says how many of the chunk's bytes it took all the same. */
  put(chunk: Bytes, wait: WaitOptions): Promise<void>
  readonly taken: number
  /** A chunk whose `put` was given up stays with the target; otherwise `put` heeds the wait itself and withdraws it. */
  readonly keepsWhatItGot: boolean
  /** The source is at its end. */
  close(): Promise<void>
  /** The source failed: the target must not look complete. */
  abort(error: unknown): void
  /** The transfer is over, whatever its end: listeners and locks go. */
  detach(): void
}

export function sinkFor(target: unknown): Sink {
  if (typeof target === 'object' && target !== null) {
    if (isByteWriter(target)) return writerSink(target)
    const { getWriter, trySend, write, on } = target as Record<string, unknown>
    if (typeof getWriter === 'function') return webSink(target as WritableStream<Bytes>)
    if (typeof trySend === 'function') return senderSink(target as Sender<Bytes>)
    if (typeof write === 'function' && typeof on === 'function') return nodeSink(target as Writable)
  }
  throw invalidOption('target', 'a ByteWriter, a Writable, a WritableStream or a Sender', target)
}

/** A failed source leaves the writer open: only its owner knows whether the child behind it may see an end. */
function writerSink(writer: ByteWriter): Sink {
  const core = PipeWriter.coreOf(writer)
  let taken = 0
  return {
    keepsWhatItGot: false,
    get taken() {
      return taken
    },
    async put(chunk, wait) {
      taken = 0
      if (core === undefined) return writer.write(chunk, wait)
      core.check()
      const write = new SingleWrite(core, chunk, 0, chunk.length)
      // What is not taken goes back to its reader, byte by byte if need be.
      write.isDivisible = true
      try {
        await core.submit(write, wait)
      } finally {
        taken = write.taken
      }
    },
    close: () => writer.end(),
    abort: nothing,
    detach: nothing,
  }
}

function webSink(stream: WritableStream<Bytes>): Sink {
  const writer = stream.getWriter()
  // Its rejection says nothing that a rejected write does not say.
  writer.closed.catch(nothing)
  return {
    keepsWhatItGot: true,
    taken: 0,
    async put(chunk) {
      await writer.ready
      await writer.write(chunk)
    },
    close: () => writer.close(),
    abort: reason => void writer.abort(reason).catch(nothing),
    detach: () => writer.releaseLock(),
  }
}

function senderSink(sender: Sender<Bytes>): Sink {
  return {
    keepsWhatItGot: false,
    taken: 0,
    put: (chunk, wait) => sender.send(chunk, wait),
    close: async () => sender.close(),
    abort: error => sender.close(error),
    detach: nothing,
  }
}

function nothing(): void {}
