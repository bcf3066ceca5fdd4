// A Node Writable as the target of a transfer: a value is taken when its callback came and the stream wants more.
import { finished, type Writable } from 'node:stream'
import { SluiceError } from '../errors.ts'
import { Watch, type Sink } from './sink.ts'

export function nodeSink<T>(stream: Writable): Sink<T> {
  let failure: Error | undefined
  let wake: (() => unknown) | undefined
  const watch = new Watch()
  const stopWatching = finished(stream, { readable: false }, error => {
    failure = error ?? new SluiceError('ERR_WRITER_CLOSED', 'the target ended during the transfer')
    wake?.()
    watch.tell(failure)
  })
  // Without a listener of its own an error that comes after the transfer's would end the process.
  stream.on('error', nothing)
  // Taken is taken: a failure meanwhile is the next value's.
  const untilDrain = (): Promise<void> =>
    new Promise(resolve => {
      const settle = (): void => {
        stream.off('drain', settle)
        resolve()
      }
      wake = settle
      stream.once('drain', settle)
    })
  return {
    keepsWhatItGot: true,
    taken: 0,
    async put(value) {
      if (failure !== undefined) throw failure
      await new Promise<void>((resolve, reject) => {
        wake = () => failure !== undefined && reject(failure)
        stream.write(value, error => (error ? reject(error) : resolve()))
      })
      if (stream.writableNeedDrain && failure === undefined) await untilDrain()
    },
    pass(value) {
      if (failure !== undefined) throw failure
      return stream.write(value) ? undefined : untilDrain()
    },
    watch: gone => watch.set(gone),
    async close() {
      watch.clear()
      // Node keeps these two open for as long as the process lives.
      if (stream === process.stdout || stream === process.stderr) return
      stopWatching()
      await new Promise<void>((resolve, reject) => {
        finished(stream, { readable: false }, error => (error ? reject(error) : resolve()))
        stream.end()
      })
    },
    abort(error) {
      watch.clear()
      stream.destroy(error instanceof Error ? error : undefined)
    },
    detach() {
      watch.clear()
      stopWatching()
      // An error that is already on its way is emitted after this turn.
      setImmediate(() => stream.off('error', nothing))
    },
  }
}

function nothing(): void {}
