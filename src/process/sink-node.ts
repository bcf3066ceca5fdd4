// A Node Writable as the target of a transfer: a chunk is taken when its callback came and the stream wants more.
import { finished, type Writable } from 'node:stream'
import { SluiceError } from '../errors.ts'
import type { Sink } from './sinks.ts'

export function nodeSink(stream: Writable): Sink {
  let failure: Error | undefined
  let wake: (() => unknown) | undefined
  const stopWatching = finished(stream, { readable: false }, error => {
    failure = error ?? new SluiceError('ERR_WRITER_CLOSED', 'the target ended during the transfer')
    wake?.()
  })
  // Without a listener of its own an error that comes after the transfer's would end the process.
  stream.on('error', nothing)
  // Taken is taken: a failure meanwhile is the next chunk's.
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
    async put(chunk) {
      if (failure !== undefined) throw failure
      await new Promise<void>((resolve, reject) => {
        wake = () => failure !== undefined && reject(failure)
        stream.write(chunk, error => (error ? reject(error) : resolve()))
      })
      if (stream.writableNeedDrain && failure === undefined) await untilDrain()
    },
    async close() {
      // Node keeps these two open for as long as the process lives.
      if (stream === process.stdout || stream === process.stderr) return
      stopWatching()
      await new Promise<void>((resolve, reject) => {
        finished(stream, { readable: false }, error => (error ? reject(error) : resolve()))
        stream.end()
      })
    },
    abort: error => void stream.destroy(error instanceof Error ? error : undefined),
    detach() {
      stopWatching()
      // An error that is already on its way is emitted after this turn.
      setImmediate(() => stream.off('error', nothing))
    },
  }
}

function nothing(): void {}
