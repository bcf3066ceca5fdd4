// A writer as a web WritableStream: a chunk's write settles when the kernel took all of it.
import { WritableStream } from 'node:stream/web'
import type { Bytes } from './byte-types.ts'
import type { WriterCore } from './writer-core.ts'

/** Closing the stream ends the writer; aborting it closes our end at once. */
export function webWritable(core: WriterCore): WritableStream<string | Bytes> {
  return new WritableStream<string | Bytes>({
    write: chunk => core.write(chunk, undefined),
    close: () => core.end(),
    abort: () => core.abandon(),
  })
}
