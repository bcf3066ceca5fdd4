// A web WritableStream as the target of a transfer. It is locked until the transfer is over.
import type { WritableStream } from 'node:stream/web'
import { SluiceError } from '../errors.ts'
import { Watch, type Sink } from './sink.ts'

export function webSink<T>(stream: WritableStream<T>): Sink<T> {
  const writer = stream.getWriter()
  const watch = new Watch()
  writer.closed.then(
    () => watch.tell(new SluiceError('ERR_WRITER_CLOSED', 'the target ended during the transfer')),
    error => watch.tell(error),
  )
  return {
    keepsWhatItGot: true,
    taken: 0,
    async put(value) {
      await writer.ready
      await writer.write(value)
    },
    pass(value) {
      // Its rejection says nothing that `closed` does not say.
      writer.write(value).catch(nothing)
      return (writer.desiredSize ?? 0) > 0 ? undefined : writer.ready
    },
    watch: gone => watch.set(gone),
    close() {
      watch.clear()
      return writer.close()
    },
    abort(reason) {
      watch.clear()
      void writer.abort(reason).catch(nothing)
    },
    detach() {
      watch.clear()
      writer.releaseLock()
    },
  }
}

function nothing(): void {}
