// A channel as a Node Readable and as a web ReadableStream. High-water mark 0: an item is taken when somebody asks the stream for it.
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { invalidOption } from '../errors.ts'
import type { ChannelCore } from './channel-core.ts'
import { LeavingReads, type ReadableOptions } from './leaving-reads.ts'

export function nodeReadable<T>(core: ChannelCore<T>, options: ReadableOptions | undefined): Readable {
  const reads = new LeavingReads(core, options)
  let last: T | undefined
  const stream = new Readable({
    objectMode: true,
    highWaterMark: 0,
    read() {
      reads.next().then(
        step => {
          if (step === undefined) return
          last = step.value
          if (step.done === true) stream.push(null)
          // To a stream this is the end.
          else if (last === null) stream.destroy(invalidOption('value', 'a value that a stream can have', last))
          else stream.push(last)
        },
        (error: unknown) => void stream.destroy(error as Error),
      )
    },
    destroy(error, finish) {
      reads.leave(error ?? undefined, stream.readableLength > 0 ? [last as T] : [])
      finish(error)
    },
  })
  return stream
}

export function webReadable<T>(core: ChannelCore<T>, options: ReadableOptions | undefined): ReadableStream<T> {
  const reads = new LeavingReads(core, options)
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const step = await reads.next()
        if (step === undefined) return
        if (step.done === true) controller.close()
        else controller.enqueue(step.value)
      },
      cancel: reason => reads.leave(reason, []),
    },
    { highWaterMark: 0 },
  )
}
