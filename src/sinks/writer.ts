// A byte writer as the target of a transfer. A failed source leaves it open: only its owner knows whether the child behind it may see an end.
import { SluiceError } from '../errors.ts'
import type { ByteWriter } from '../process/byte-types.ts'
import { Watch, type Sink } from './sink.ts'

export function writerSink(writer: ByteWriter): Sink<string | Uint8Array> {
  const watch = new Watch()
  return {
    keepsWhatItGot: false,
    taken: 0,
    put: (value, wait) => writer.write(value, wait),
    pass: (value, wait) => writer.write(value, wait),
    watch(gone) {
      watch.set(gone)
      // Its end tells why it is closed.
      const ended = writer.closed.then(() => writer.end())
      ended.then(
        () => watch.tell(new SluiceError('ERR_WRITER_CLOSED', 'the target was ended')),
        error => watch.tell(error),
      )
    },
    close() {
      watch.clear()
      return writer.end()
    },
    abort: () => watch.clear(),
    detach: () => watch.clear(),
  }
}
