// Where the events of a pipeline come from: its source, opened anew when it fails, and what is pushed in. Everything becomes a message here.
import { Channel } from '../../channel/index.ts'
import { Deferred } from '../../deferred.ts'
import { backoffDelay, triesAgain, type RetryOptions } from '../../retry.ts'
import type { WaitOptions } from '../../wait.ts'
import { producer } from '../producer.ts'
import { producerConsumer } from '../producer-consumer.ts'
import { stageStopped } from '../stage-errors.ts'
import type { Producer, ProducerConsumer, ProducerOptions, SubscribeOptions } from '../types.ts'
import { Message } from './message.ts'

/** Pushed, and not taken yet. */
const PUSHES = 16

class Pushed<T> {
  readonly message: Message<T>
  readonly acknowledged: Deferred<Message<T>> = new Deferred<Message<T>>()

  constructor(data: T) {
    this.message = new Message(data)
  }
}

export interface IntakeSettings<T> {
  readonly open: () => Producer<T>
  /** By the pipeline, which stops it too. */
  readonly isOpened: boolean
  readonly restart: RetryOptions | undefined
  /** Gives those that have a place. */
  readonly admit: (messages: readonly Message<T>[]) => Promise<readonly Message<T>[]>
}

export class Intake<T> {
  readonly stage: ProducerConsumer<T | Pushed<T>, Message<T>>
  readonly #settings: IntakeSettings<T>
  readonly #pushes = new Map<Message<T>, Pushed<T>>()
  readonly #channel = new Channel<Pushed<T>>(PUSHES)
  #source: Producer<T> | undefined
  // Events of sources.
  #taken = 0
  #isStopping = false
  #endPause: (() => void) | undefined

  constructor(settings: IntakeSettings<T>, options: ProducerOptions<Message<T>>) {
    this.#settings = settings
    this.stage = producerConsumer<T | Pushed<T>, Message<T>>(events => this.#take(events), options)
  }

  /** Takes from the source until that has ended, or has failed for good: so does its stage then. */
  async run(demand: SubscribeOptions<unknown>): Promise<void> {
    // Its end is not that of the whole.
    const options: SubscribeOptions<unknown> = { ...demand, cancel: 'temporary' }
    void this.stage.subscribeTo(producer<Pushed<T>>(this.#channel), options)
    for (let attempt = 1; !this.#isStopping; attempt++) {
      const before = this.#taken
      try {
        await this.#connect(options)
        return this.#end()
      } catch (error) {
        if (this.#taken > before) attempt = 1
        if (!this.#isStopping && !(await this.#isOpenedAgain(error, attempt))) return this.#end(error)
      }
    }
  }

  /** Asks for nothing more. */
  stop(): void {
    this.#isStopping = true
    this.#endPause?.()
    void this.stage.stop()
    // Nobody else has one that was opened here.
    if (this.#settings.isOpened) void this.#source?.stop()
  }

  /** Everything that came is acknowledged. */
  end(): void {
    this.#channel.cancel()
    for (const { acknowledged } of this.#pushes.values()) acknowledged.reject(stageStopped(this.stage.name))
    this.#pushes.clear()
  }

  async push(data: T, options: WaitOptions | undefined): Promise<Message<T>> {
    if (this.#isStopping) throw stageStopped(this.stage.name)
    const pushed = new Pushed(data)
    this.#pushes.set(pushed.message, pushed)
    try {
      await this.#channel.send(pushed, options)
    } catch (error) {
      this.#pushes.delete(pushed.message)
      throw this.#channel.isClosed ? stageStopped(this.stage.name) : error
    }
    return await pushed.acknowledged.promise
  }

  acknowledged(message: Message<T>): void {
    const pushed = this.#pushes.get(message)
    if (pushed === undefined) return
    this.#pushes.delete(message)
    pushed.acknowledged.resolve(message)
  }

  /** Sees one source through. */
  async #connect(options: SubscribeOptions<unknown>): Promise<void> {
    this.#source = this.#settings.open()
    await this.stage.subscribeTo(this.#source, options)
    await this.#source.done
  }

  #end(error?: unknown): void {
    if (this.#isStopping) return
    this.#isStopping = true
    void this.stage.stop(error)
  }

  async #isOpenedAgain(error: unknown, attempt: number): Promise<boolean> {
    const { restart } = this.#settings
    if (restart === undefined || !triesAgain(restart, error, attempt)) return false
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, backoffDelay(restart, attempt))
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    return true
  }

  async #take(events: readonly (T | Pushed<T>)[]): Promise<readonly Message<T>[]> {
    const messages = events.map(event => {
      if (event instanceof Pushed) return event.message
      this.#taken += 1
      return new Message(event)
    })
    return await this.#settings.admit(messages)
  }
}
