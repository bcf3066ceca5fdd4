// A channel as a Node Writable and as a web WritableStream: a value is written when the channel has it.
import { Writable } from 'node:stream'
import { WritableStream } from 'node:stream/web'
import { channelClosed } from '../bounds.ts'
import { SluiceError } from '../errors.ts'
import type { Channel } from './channel.ts'
import type { ChannelCore } from './channel-core.ts'
import { checkedFlag } from './channel-options.ts'

/** What becomes of a channel when a stream into it ends. */
export interface WritableOptions {
  /** False by default: the channel is closed with the stream, and with an error if the stream was given up. */
  preventClose?: boolean
}

type Finish = (error?: Error | null) => void

/** A value that waits for room is taken back when the stream is given up. */
class Writes<T> {
  readonly #channel: Channel<T>
  readonly #core: ChannelCore<T>
  readonly #preventClose: boolean
  readonly #controller = new AbortController()

  constructor(channel: Channel<T>, core: ChannelCore<T>, options: WritableOptions | undefined) {
    this.#preventClose = checkedFlag('preventClose', options)
    this.#channel = channel
    this.#core = core
  }

  send(value: T): Promise<void> | undefined {
    return this.#core.acceptReady(value) ? undefined : this.#channel.send(value, { signal: this.#controller.signal })
  }

  close(): void {
    if (!this.#preventClose) this.#channel.close()
  }

  giveUp(reason: unknown): void {
    this.#controller.abort(reason)
    if (this.#preventClose) return
    this.#channel.close(reason ?? new SluiceError('ERR_CHANNEL_CLOSED', 'the stream into the channel was given up'))
  }

  /** Calls back when nobody receives any more. */
  whenCanceled(callback: (error: SluiceError) => void): void {
    void this.#channel.closed.then(() => {
      if (this.#core.isCanceled) callback(channelClosed(this.#core.name, undefined, this.#core.cause))
    })
  }
}

export function nodeWritable<T>(
  channel: Channel<T>,
  core: ChannelCore<T>,
  options: WritableOptions | undefined,
): Writable {
  const writes = new Writes(channel, core, options)
  let isFinal = false
  const stream = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write(value: T, _encoding, finish: Finish) {
      const sent = writes.send(value)
      if (sent === undefined) return finish()
      sent.then(
        () => finish(),
        (error: unknown) => finish(error as Error),
      )
    },
    final(finish: Finish) {
      isFinal = true
      writes.close()
      finish()
    },
    destroy(error, finish) {
      if (!isFinal) writes.giveUp(error ?? undefined)
      finish(error)
    },
  })
  writes.whenCanceled(error => {
    if (!isFinal) stream.destroy(error)
  })
  return stream
}

export function webWritable<T>(
  channel: Channel<T>,
  core: ChannelCore<T>,
  options: WritableOptions | undefined,
): WritableStream<T> {
  const writes = new Writes(channel, core, options)
  return new WritableStream<T>(
    {
      start: controller => writes.whenCanceled(error => controller.error(error)),
      write: value => writes.send(value),
      close: () => writes.close(),
      abort: reason => writes.giveUp(reason),
    },
    { highWaterMark: 1 },
  )
}
