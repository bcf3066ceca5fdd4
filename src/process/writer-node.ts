// A writer as a Node Writable: a chunk is written when the kernel took all of it.
import { Writable } from 'node:stream'
import type { WriterCore } from './writer-core.ts'

type Finish = (error?: Error | null) => void

/** Ending the stream ends the writer; destroying it before that closes our end at once. */
export function nodeWritable(core: WriterCore): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, finish) {
      settle(core.write(chunk, undefined), finish)
    },
    // What gathered while the pipe was full goes on in one write.
    writev(chunks, finish) {
      settle(core.write(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), undefined), finish)
    },
    final(finish) {
      settle(core.end(), finish)
    },
    destroy(error, finish) {
      core.abandon()
      finish(error)
    },
  })
}

function settle(promise: Promise<void>, finish: Finish): void {
  promise.then(
    () => finish(),
    (error: unknown) => finish(error as Error),
  )
}
