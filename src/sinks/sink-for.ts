// Tells targets apart, by shape: a byte writer, a channel's sender, a Node Writable, a web WritableStream.
import type { Writable } from 'node:stream'
import type { WritableStream } from 'node:stream/web'
import type { Sender } from '../channel/types.ts'
import { invalidOption } from '../errors.ts'
import type { ByteWriter } from '../process/byte-types.ts'
import { nodeSink } from './node.ts'
import { senderSink } from './sender.ts'
import type { Sink } from './sink.ts'
import { webSink } from './web.ts'
import { writerSink } from './writer.ts'

/** Throws ERR_INVALID_OPTION for what is no target. A web stream is locked from here on. */
export function sinkFor<T>(target: unknown): Sink<T> {
  if (typeof target === 'object' && target !== null) {
    const { getWriter, trySend, tryWrite, write, on } = target as Record<string, unknown>
    if (typeof tryWrite === 'function') return writerSink(target as ByteWriter) as Sink<unknown>
    if (typeof getWriter === 'function') return webSink(target as WritableStream<T>)
    if (typeof trySend === 'function') return senderSink(target as Sender<T>)
    if (typeof write === 'function' && typeof on === 'function') return nodeSink(target as Writable)
  }
  throw invalidOption('target', 'a ByteWriter, a Writable, a WritableStream or a Sender', target)
}
