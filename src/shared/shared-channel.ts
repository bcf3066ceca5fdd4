// The public channel between threads. The rules and the messages are native; every instance is one thread's part.
import { capacityOption, checkOverflow, maxBytesOption, oneOf } from '../bounds.ts'
import type { ChannelMetrics, Receiver, ReceiveManyOptions, Sender, SendPermit } from '../channel/index.ts'
import { invalidOption, SluiceError } from '../errors.ts'
import { environment } from '../native/index.ts'
import type { WaitOptions } from '../wait.ts'
import { CODECS } from './codec.ts'
import { checkedHandle, newHandle } from './handle.ts'
import type { Received } from './inbox.ts'
import { SharedIterator } from './iterator.ts'
import { measured } from './metrics.ts'
import { OverWait } from './over.ts'
import { OVERFLOWS, Port } from './port.ts'
import { receive, receiveMany, tryReceive } from './receiving.ts'
import { reserve, send, trySend } from './sending.ts'
import type {
  SharedChannel as Shared,
  SharedChannelConstructor,
  SharedCodec,
  SharedHandle,
  SharedOptions,
} from './types.ts'

class Instance<T> implements Sender<T>, Receiver<T>, AsyncDisposable {
  readonly handle: SharedHandle<'channel', T>
  readonly #port: Port<T>
  #closed: Promise<void> | undefined

  /** With a handle: joins. */
  constructor(options: (SharedOptions & { codec?: SharedCodec }) | undefined, handle?: SharedHandle<'channel', T>) {
    this.handle = handle ?? newHandle('channel')
    this.#port = handle === undefined ? opened<T>(this.handle.id, options) : joined<T>(handle.id)
  }

  static from<V>(handle: SharedHandle<'channel', V>): Shared<V> {
    return new Instance<V>(undefined, checkedHandle('channel', handle))
  }

  send(value: T, options?: WaitOptions): Promise<void> {
    return send(this.#port, value, options)
  }

  trySend(value: T): 'sent' | 'full' | 'closed' | 'dropped' {
    return trySend(this.#port, value)
  }

  reserve(options?: WaitOptions & { count?: number }): Promise<SendPermit<T>> {
    return reserve(this.#port, options)
  }

  close(error?: unknown): void {
    this.#port.close(error)
  }

  cancel(reason?: unknown): void {
    this.#port.cancel(reason)
  }

  receive(options?: WaitOptions): Promise<Received<T>> {
    return receive(this.#port, options)
  }

  tryReceive(): Received<T> | undefined {
    return tryReceive(this.#port)
  }

  receiveMany(max: number, options?: ReceiveManyOptions): Promise<T[]> {
    return receiveMany(this.#port, max, options)
  }

  get availableCapacity(): number {
    return this.#port.available
  }

  get isClosed(): boolean {
    return this.#port.hasLeft || this.#port.native.isClosed()
  }

  get closed(): Promise<void> {
    this.#closed ??= OverWait.of(this.#port)
    this.#port.over?.ready()
    return this.#closed
  }

  metrics(): ChannelMetrics {
    return measured(this.#port)
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new SharedIterator(this.#port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#port.room.leave()
  }
}
Object.defineProperty(Instance, 'name', { value: 'SharedChannel' })

/**
 * A bounded channel between threads: what one thread sends, one of the others receives, first in, first out. A full one makes senders
 * wait, in whichever thread they are. It lives while an instance does; disposal, or the end of a thread, detaches only that thread's: its
 * waits end, and what it was given and has not taken goes to others.
 *
 * @example
 * const jobs = new SharedChannel<{ id: number }>({ capacity: 64, codec: 'structured' })
 * new Worker('./worker.js', { workerData: jobs.handle }) // there: for await (const job of SharedChannel.from(workerData)) …
 * await jobs.send({ id: 1 })
 */
export const SharedChannel: SharedChannelConstructor = Instance
export type SharedChannel<T> = Shared<T>

function opened<T>(id: string, options: (SharedOptions & { codec?: SharedCodec }) | undefined): Port<T> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { overflow = 'block', codec = 'bytes' } = options
  checkOverflow(overflow)
  if (!CODECS.includes(codec)) throw invalidOption('codec', oneOf(CODECS), codec)
  const capacity = capacityOption(options.capacity, overflow)
  const maxBytes = maxBytesOption(options.maxBytes)
  const host = environment()
  const [how, what] = [OVERFLOWS.indexOf(overflow), CODECS.indexOf(codec)]
  return new Port<T>(host, host.native.openChannel(id, capacity, maxBytes, how, what))
}

function joined<T>(id: string): Port<T> {
  const host = environment()
  const native = host.native.joinChannel(id)
  if (native === null) throw new SluiceError('ERR_CHANNEL_CLOSED', 'no instance of that channel is left')
  return new Port<T>(host, native)
}
