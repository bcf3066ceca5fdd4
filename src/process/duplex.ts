// A child's stdin and stdout as one Node stream. Nothing is read before the stream is asked.
import { Duplex } from 'node:stream'
import type { ByteReader, ByteWriter } from './byte-types.ts'
import { PipeWriter } from './writer.ts'

/** Without stdin there is nothing to write to, without stdout it ends at once. */
export function duplexOf(stdin: ByteWriter | undefined, stdout: ByteReader | undefined): Duplex {
  const duplex = new Duplex({
    readableHighWaterMark: 0,
    writableHighWaterMark: 1,
    read() {
      stdout?.read().then(
        chunk => void this.push(chunk),
        (error: unknown) => void this.destroy(error as Error),
      )
    },
    write(chunk: Uint8Array, _encoding, report) {
      settle(stdin?.write(chunk), report)
    },
    final(report) {
      settle(stdin?.end(), report)
    },
    destroy(error, report) {
      // What a child doesn't take would never be written: our end is closed all the same.
      if (stdin) PipeWriter.coreOf(stdin)?.abandon()
      settle(stdout?.cancel(), () => report(error))
    },
  })
  if (stdin === undefined) duplex.end()
  if (stdout === undefined) duplex.push(null)
  return duplex
}

function settle(promise: Promise<void> | undefined, report: (error?: Error | null) => void): void {
  if (promise === undefined) return report()
  promise.then(
    () => report(),
    (error: unknown) => report(error as Error),
  )
}
