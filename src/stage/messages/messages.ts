// A source, processors and batchers as one pipeline, in which every message is acknowledged once, whatever becomes of it.
import type { StageMetrics } from '../../observe/metrics.ts'
import { Deferred } from '../../deferred.ts'
import { SluiceError } from '../../errors.ts'
import type { WaitOptions } from '../../wait.ts'
import { stageName } from '../options.ts'
import { outletOf } from '../outlets.ts'
import { producerConsumer } from '../producer-consumer.ts'
import { stopWithin } from '../stopping.ts'
import type { Dispatcher, Producer, ProducerConsumer, StageBase, StageContext } from '../types.ts'
import { Batcher } from './batcher.ts'
import { Intake } from './intake.ts'
import { MessageLedger } from './ledger.ts'
import type { Message } from './message.ts'
import { messagesSettings, type MessagesSettings } from './options.ts'
import { slotOf } from './slot.ts'
import { spanned } from './span.ts'
import { titleOf } from './title.ts'
import type { MessageContext, Messages, MessagesOptions } from './types.ts'

class MessagePipeline<T> implements Messages<T> {
  readonly name: string
  readonly #settings: MessagesSettings<T>
  readonly #ledger: MessageLedger<T>
  readonly #done = new Deferred<void>()
  readonly #slots = new WeakMap<Message<T>, number>()
  readonly #intake: Intake<T>
  readonly #processors: readonly ProducerConsumer<Message<T>, Message<T>>[]
  readonly #batchers: readonly Batcher<T>[]
  #isOver = false

  constructor(source: Producer<T> | (() => Producer<T>), options: MessagesOptions<T>) {
    if (typeof source !== 'function') outletOf(source)
    this.name = stageName(options, '')
    this.#settings = messagesSettings(options)
    this.#ledger = new MessageLedger(this.name, options, message => this.#intake.acknowledged(message))
    const { processors, batchers } = this.#settings
    const dispatcher: Dispatcher<Message<T>> =
      processors.partitionBy === undefined
        ? { type: 'demand' }
        : { type: 'partition', partitions: processors.concurrency, hash: message => this.#slots.get(message) ?? null }
    this.#intake = new Intake<T>(
      {
        open: typeof source === 'function' ? source : () => source,
        isOpened: typeof source === 'function',
        restart: typeof source === 'function' ? options.restart : undefined,
        admit: some => this.#admit(some),
      },
      { name: titleOf(this.name, 'intake'), dispatcher },
    )
    this.#batchers = [...batchers].map(([name, settings]) => new Batcher(name, settings, this.#ledger, this.name))
    this.#processors = Array.from({ length: processors.concurrency }, (_, at) => this.#processor(at))
    void this.#run()
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  get pending(): number {
    return this.#ledger.pending
  }

  push(data: T, options?: WaitOptions): Promise<Message<T>> {
    return this.#intake.push(data, options)
  }

  stop(options?: WaitOptions): Promise<void> {
    const begin = (): boolean => {
      this.#intake.stop()
      return this.#isOver
    }
    return stopWithin(options, { done: this.done, begin, force: error => this.#abandon(error) })
  }

  metrics(): readonly StageMetrics[] {
    return this.#stages().map(stage => stage.metrics())
  }

  /** `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #stages(): StageBase[] {
    return [this.#intake.stage, ...this.#processors, ...this.#batchers.flatMap(({ stages }) => stages)]
  }

  /** Connects all, from the end, and sees it through. */
  async #run(): Promise<void> {
    const { demand, concurrency, partitionBy } = this.#settings.processors
    // All at once: whoever stops it right away stops something whole.
    for (const [partition, processor] of this.#processors.entries()) {
      for (const batcher of this.#batchers) void batcher.subscribeTo(processor)
      const options = { ...demand, ...(partitionBy === undefined ? {} : { partition }) }
      void processor.subscribeTo(this.#intake.stage, options)
    }
    void this.#intake.run({ maxDemand: demand.maxDemand * concurrency, minDemand: demand.minDemand * concurrency })
    const ends = await Promise.allSettled(this.#processors.map(({ done }) => done))
    for (const batcher of this.#batchers) await batcher.finish().catch(() => {})
    await this.#ledger.abandon(new SluiceError('ERR_STAGE_STOPPED', 'The pipeline has ended'))
    this.#intake.end()
    this.#isOver = true
    const failure = ends.find(end => end.status === 'rejected')
    if (failure === undefined) this.#done.resolve()
    else this.#done.reject(failure.reason)
  }

  /** The time is over: nobody waits for handlers any more, and neither for acknowledgements, which `done` waits for. */
  async #abandon(error: unknown): Promise<void> {
    void this.#ledger.abandon(error)
    for (const stage of this.#stages()) await stage.stop(undefined, { timeout: 0 }).catch(() => {})
  }

  /** From here on each is acknowledged. One without a place fails here. */
  async #admit(messages: readonly Message<T>[]): Promise<readonly Message<T>[]> {
    const { partitionBy, concurrency } = this.#settings.processors
    const taken: Message<T>[] = []
    for (const message of messages) {
      this.#ledger.add(message)
      try {
        this.#slots.set(message, partitionBy === undefined ? 0 : slotOf(partitionBy(message), concurrency))
        taken.push(message)
      } catch (error) {
        message.fail(error)
        await this.#ledger.settle([message])
      }
    }
    return taken
  }

  #processor(at: number): ProducerConsumer<Message<T>, Message<T>> {
    const [first] = this.#settings.batchers.keys()
    const dispatcher: Dispatcher<Message<T>> =
      first === undefined
        ? { type: 'demand' }
        : {
            type: 'partition',
            partitions: [...this.#settings.batchers.keys()],
            hash: ({ batcher }) => batcher ?? first,
          }
    const stage = producerConsumer<Message<T>, Message<T>>(
      async (messages, context) =>
        await spanned({ name: this.name, step: 'processor', count: messages.length }, () =>
          this.#process(messages, context),
        ),
      { name: titleOf(this.name, `processor ${at}`), dispatcher },
    )
    // Nothing comes out of it then, so it has to be asked by nobody.
    if (first === undefined) void drain(stage)
    return stage
  }

  async #process(messages: readonly Message<T>[], { signal, name }: StageContext): Promise<Message<T>[]> {
    const context: MessageContext<T> = { signal, name, ack: list => this.#ledger.ack(list) }
    const { prepare, handle } = this.#settings.options
    try {
      await prepare?.(messages, context)
    } catch (error) {
      for (const message of messages) message.fail(error)
    }
    for (const message of messages) {
      if (!message.isFailed) await this.#handle(message, handle, context)
    }
    const hasBatchers = this.#batchers.length > 0
    await this.#ledger.settle(hasBatchers ? messages.filter(message => message.isFailed) : messages)
    return hasBatchers ? messages.filter(message => !message.isFailed) : []
  }

  async #handle(message: Message<T>, handle: MessagesOptions<T>['handle'], context: MessageContext<T>): Promise<void> {
    const { batchers } = this.#settings
    try {
      if (handle !== undefined) {
        await spanned({ name: this.name, step: 'message', count: 1 }, async () => await handle(message, context))
      }
      const { batcher } = message
      if (batcher !== undefined && !batchers.has(batcher)) {
        message.fail(new SluiceError('ERR_INVALID_OPTION', `There is no batcher '${batcher}'`))
      }
    } catch (error) {
      message.fail(error)
    }
  }
}

async function drain(stage: Producer<unknown>): Promise<void> {
  const events = stage.events({ cancel: 'temporary' })[Symbol.asyncIterator]()
  await events.next()
}

/**
 * Handles the events of a producer as messages, each of which is acknowledged exactly once, as successful or as failed: processors take them
 * one by one, batchers by key, size and time. What a handler throws fails its messages and nothing else. With `partitionBy` the messages of a key
 * stay in order all the way. A function opens the source, and with `restart` opens another one when that has failed.
 *
 * @example
 * await using orders = messages(producer(queue), {
 *   handle: async message => { message.data = await price(message.data) },
 *   batchers: { save: { maxSize: 100, maxDelay: 50, handle: async batch => await insert(batch.map(({ data }) => data)) } },
 *   ack: async (successful, failed) => await queue.settle(successful, failed),
 * })
 */
export function messages<T>(source: Producer<T> | (() => Producer<T>), options: MessagesOptions<T>): Messages<T> {
  return new MessagePipeline(source, options)
}
