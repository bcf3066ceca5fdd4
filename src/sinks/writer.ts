// A byte writer as the target of a transfer. A failed source leaves it open: only its owner knows whether the child behind it may see an end.
import { SluiceError } from '../errors.ts'
import type { ByteWriter } from '../process/byte-types.ts'
import { Ends } from './ends.ts'
import { Watch, type Sink } from './sink.ts'

const ends = new Ends<ByteWriter>(writer =>
  writer.closed
    // Its end tells why it is closed.
    .then(() => writer.end())
    .then(
      () => new SluiceError('ERR_WRITER_CLOSED', 'the target was ended'),
      error => error as unknown,
    ),
)

export function writerSink(writer: ByteWriter): Sink<string | Uint8Array> {
  const watch = new Watch()
  return {
    keepsWhatItGot: false,
    taken: 0,
    put: (value, wait) => writer.write(value, wait),
    pass: (value, wait) => writer.write(value, wait),
    watch(gone) {
      watch.set(gone)
      ends.tell(writer, watch)
    },
    close() {
      ends.forget(writer, watch)
      return writer.end()
    },
    abort: () => ends.forget(writer, watch),
    detach: () => ends.forget(writer, watch),
  }
}
