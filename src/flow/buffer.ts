// `buffer`: a channel in the middle of a flow. It is filled as far as it goes while the reader is busy; its overflow policy decides what is kept.
import { Channel, type ChannelMetrics, type ChannelOptions } from '../channel/index.ts'
import { turn } from '../turn.ts'
import { Edge } from './edge.ts'
import { END, NOTHING, Step, type Pulled } from './step.ts'

export class BufferStep<T> extends Step<T> {
  readonly #before: Step<T>
  readonly #channel: Channel<T>
  // A full channel makes the steps before wait, and nothing is taken out of them that has no place yet.
  readonly #blocks: boolean
  #isSending = false
  #isDry = false
  // Of a rendezvous, which holds nothing: what it handed over.
  #handed: T | typeof NOTHING = NOTHING
  #isReceiving = false

  constructor(before: Step<T>, given: number | ChannelOptions<T>, label: string) {
    const options = typeof given === 'number' ? { capacity: given } : given
    const name = options?.name ?? label
    super(before, new Edge(name, 0))
    this.#before = before
    // What is no object of options is told by the channel.
    this.#channel = new Channel<T>(typeof options === 'object' && options !== null ? { ...options, name } : options)
    this.#blocks = (options.overflow ?? 'block') === 'block'
  }

  override pull(): Pulled<T> {
    if (this.#blocks && this.#channel.capacity === 0) return this.isStopped ? this.end() : this.#passOn()
    const ready = this.#take()
    if (ready !== NOTHING) return ready
    if (this.#channel.capacity === 0) this.#receive()
    this.#fill()
    const value = this.#take()
    return value === NOTHING && (this.isStopped || this.#isDry) && !this.#isSending ? this.end() : value
  }

  override ahead(): void {
    this.#fill()
  }

  override wake(): void {
    if (!this.#blocks || this.#channel.capacity > 0) this.#fill()
    this.notify()
  }

  protected override discard(): void {
    this.#channel.cancel()
  }

  protected override measure(): ChannelMetrics {
    return { ...this.#channel.metrics(), waitingReceivers: this.isAwaited ? 1 : 0 }
  }

  #passOn(): Pulled<T> {
    const value = this.#before.pull()
    if (value === NOTHING) return this.nothing()
    return value === END ? this.end() : value
  }

  #take(): T | typeof NOTHING {
    const handed = this.#handed
    this.#handed = NOTHING
    if (handed !== NOTHING) return handed
    const step = this.#isReceiving ? undefined : this.#channel.tryReceive()
    return step === undefined || step.done === true ? this.nothing() : step.value
  }

  #fill(): void {
    while (!this.isStopped && !this.#isDry && !this.#isSending) {
      if (this.#blocks && this.#channel.availableCapacity === 0) return this.#before.ahead()
      const value = this.#before.pull()
      if (value === NOTHING) return
      if (value === END) {
        this.#isDry = true
        return this.#channel.close()
      }
      this.#put(value)
      if (!turn.tick()) return turn.defer(() => this.wake(), undefined)
    }
  }

  #put(value: T): void {
    try {
      if (this.#channel.trySend(value) !== 'full') return
    } catch (error) {
      return this.run.fail(error)
    }
    // Its bytes have to wait for room; or it is refused.
    this.#isSending = true
    const settled = (): void => {
      this.#isSending = false
      this.wake()
    }
    this.#channel.send(value).then(settled, error => {
      this.run.fail(error)
      settled()
    })
  }

  #receive(): void {
    if (this.#isReceiving || this.isStopped) return
    this.#isReceiving = true
    void this.#channel.receive().then(step => {
      this.#isReceiving = false
      if (step.done !== true) this.#handed = step.value
      this.notify()
    })
  }
}
