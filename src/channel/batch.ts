// Batches of a source: chooses the intake, and sees to it that a source is consumed once.
import { invalidOption, SluiceError } from '../errors.ts'
import type { BatchIterator } from './batch-iterator.ts'
import { batchSettings, type BatchOptions, type BatchSettings } from './batch-options.ts'
import { PulledBatches } from './batch-pull.ts'
import { ReceivedBatches, type ReceiveSource } from './batch-receive.ts'
import { Channel } from './channel.ts'
import { restore } from './restore.ts'

class Batched<T> implements AsyncIterable<T[]> {
  readonly #source: AsyncIterable<T>
  readonly #settings: BatchSettings<T>
  #isConsumed = false

  constructor(source: AsyncIterable<T>, settings: BatchSettings<T>) {
    this.#source = source
    this.#settings = settings
  }

  [Symbol.asyncIterator](): BatchIterator<T> {
    if (this.#isConsumed) throw new SluiceError('ERR_STREAM_CONSUMED', 'The batches are consumed already')
    this.#isConsumed = true
    const source = this.#source
    if (Channel.is(source)) {
      const core = Channel.coreOf(source as Channel<T>)
      return new ReceivedBatches(source as Channel<T>, this.#settings, items => restore(core, items))
    }
    return isReceiver(source) ? new ReceivedBatches(source, this.#settings) : new PulledBatches(source, this.#settings)
  }
}

/**
 * Items of a source in arrays. By default a batch is what waits by the time it is asked for, `maxSize` at most, and nothing is held back;
 * with `maxDelay` a batch waits for more, counted from its first item. The rest goes out at the end of the source, and before its error.
 * Single use, and nothing runs before it is consumed. Leaving early calls the source's `return()`; a channel stays open, and keeps what was not handed out.
 *
 * @example
 * for await (const rows of batch(channel, { maxSize: 500, maxDelay: 50 })) await insert(rows)
 */
export function batch<T>(source: AsyncIterable<T>, options: BatchOptions<T>): AsyncIterable<T[]> {
  if (source === null || typeof source !== 'object' || typeof source[Symbol.asyncIterator] !== 'function') {
    throw invalidOption('source', 'an async iterable', source)
  }
  return new Batched(source, batchSettings(options))
}

function isReceiver<T>(source: AsyncIterable<T>): source is ReceiveSource<T> {
  return 'tryReceive' in source && typeof source.tryReceive === 'function'
}
