// The targets of `pipeTo`: those of any transfer, and our own writers, which say how much of a chunk they took.
import { sinkFor as anySink, type Sink } from '../sinks/index.ts'
import { isByteWriter, type Bytes } from './byte-types.ts'
import { SingleWrite } from './write-operations.ts'
import type { WriterCore } from './writer-core.ts'
import { PipeWriter } from './writer.ts'

export function sinkFor(target: unknown): Sink<Bytes> {
  const sink = anySink<Bytes>(target)
  const core = isByteWriter(target) ? PipeWriter.coreOf(target) : undefined
  return core === undefined ? sink : pipeSink(core, sink)
}

function pipeSink(core: WriterCore, sink: Sink<Bytes>): Sink<Bytes> {
  let taken = 0
  return {
    ...sink,
    get taken() {
      return taken
    },
    async put(chunk, wait) {
      taken = 0
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
  }
}
