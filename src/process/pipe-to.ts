// The transfer of a reader to a target, at the target's pace: no chunk is read before the last one was taken.
import { invalidOption } from '../errors.ts'
import type { Bytes, WaitOptions } from './byte-types.ts'
import { ANY_SIZE, type ReaderCore } from './reader-core.ts'
import { ChunkRead } from './read-operations.ts'
import type { Sink } from '../sinks/index.ts'
import { sinkFor } from './sinks.ts'
import { Span } from '../wait.ts'

export type PipeToOptions = WaitOptions & { preventClose?: boolean }

/** Fulfils with the count of bytes delivered. Rejected, all that the target did not take is in front of the reader again. */
export async function pipeTo(core: ReaderCore, target: unknown, options: PipeToOptions = {}): Promise<number> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { preventClose = false } = options
  if (typeof preventClose !== 'boolean') throw invalidOption('preventClose', 'a boolean', preventClose)
  const span = new Span(options, 'pipeTo')
  const holder = {}
  let sink: Sink<Bytes> | undefined
  try {
    core.acquire(holder)
    sink = sinkFor(target)
    const delivered = await transfer(core, sink, span, preventClose)
    core.release(holder)
    if (!preventClose) await span.bound(sink.close())
    return delivered
  } catch (error) {
    throw span.explain(error)
  } finally {
    sink?.detach()
    span.end()
    core.release(holder)
  }
}

async function transfer(core: ReaderCore, sink: Sink<Bytes>, span: Span, preventClose: boolean): Promise<number> {
  let delivered = 0
  for (;;) {
    const chunk = await next(core, sink, span, preventClose)
    if (chunk === null) return delivered
    try {
      const put = sink.put(chunk, span.part)
      await (sink.keepsWhatItGot ? span.bound(put) : put)
    } catch (error) {
      if (!sink.keepsWhatItGot || span.stopped === undefined) core.putBack(chunk.subarray(sink.taken))
      throw error
    }
    delivered += chunk.length
  }
}

async function next(core: ReaderCore, sink: Sink<Bytes>, span: Span, preventClose: boolean): Promise<Bytes | null> {
  try {
    return await core.run(new ChunkRead(core, ANY_SIZE, asIs), span.part)
  } catch (error) {
    if (!preventClose && (core.hasFailed || core.isCanceled)) sink.abort(error)
    throw error
  }
}

function asIs(chunk: Bytes | null): Bytes | null {
  return chunk
}
