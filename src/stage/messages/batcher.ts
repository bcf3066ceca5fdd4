// Batches of messages, and those who handle them: a consumer fills a channel, batches are formed of it, workers take them.
import { batch, Channel } from '../../channel/index.ts'
import { consumer } from '../consumer.ts'
import { producer } from '../producer.ts'
import type { Consumer, Producer, StageBase } from '../types.ts'
import type { MessageLedger } from './ledger.ts'
import type { Message } from './message.ts'
import type { BatcherSettings } from './options.ts'
import { slotOf } from './slot.ts'
import { spanned } from './span.ts'
import { titleOf } from './title.ts'
import type { MessageContext } from './types.ts'

interface Sorted<T> {
  readonly message: Message<T>
  readonly slot: number
  readonly size: number
}

export class Batcher<T> {
  readonly stages: readonly StageBase[]
  readonly #name: string
  readonly #pipeline: string
  readonly #settings: BatcherSettings<T>
  readonly #ledger: MessageLedger<T>
  readonly #sorted: Channel<Sorted<T>>
  readonly #collector: Consumer<Message<T>>
  readonly #workers: readonly Consumer<Sorted<T>[]>[]

  constructor(name: string, settings: BatcherSettings<T>, ledger: MessageLedger<T>, pipeline: string) {
    const title = titleOf(pipeline, name)
    this.#name = name
    this.#pipeline = pipeline
    this.#settings = settings
    this.#ledger = ledger
    const { options, concurrency, partitionBy } = settings
    this.#sorted = new Channel<Sorted<T>>(options.maxSize)
    this.#collector = consumer<Message<T>>(messages => this.#collect(messages), { name: titleOf(title, 'collect') })
    const batches = producer<Sorted<T>[]>(this.#batches(), {
      name: titleOf(title, 'batches'),
      dispatcher:
        partitionBy === undefined
          ? { type: 'demand' }
          : { type: 'partition', partitions: concurrency, hash: ([first]) => first?.slot ?? null },
    })
    this.#workers = Array.from({ length: concurrency }, (_, partition) => {
      const worker = consumer<Sorted<T>[]>(
        async (some, context) => {
          for (const one of some) await this.#handle(one, { ...context, ack: list => ledger.ack(list) })
        },
        { name: titleOf(title, String(partition)) },
      )
      void worker.subscribeTo(batches, { maxDemand: 1, ...(partitionBy === undefined ? {} : { partition }) })
      return worker
    })
    this.stages = [this.#collector, batches, ...this.#workers]
  }

  async subscribeTo(processor: Producer<Message<T>>): Promise<void> {
    const { demand } = this.#settings
    await this.#collector.subscribeTo(processor, { ...demand, partition: this.#name, cancel: 'temporary' })
  }

  /** Nothing comes any more: the rest goes out at once. */
  async finish(): Promise<void> {
    await this.#collector.stop()
    this.#sorted.close()
    await Promise.all(this.#workers.map(({ done }) => done))
  }

  #batches(): AsyncIterable<Sorted<T>[]> {
    const { maxSize, maxDelay, maxBytes = Number.MAX_VALUE } = this.#settings.options
    return batch(this.#sorted, {
      maxSize,
      maxBytes,
      // A message that is to go out at once is larger than any batch, so it gets one of its own.
      sizeOf: ({ message, size }) => (message.flush ? Infinity : size),
      key: ({ message, slot }) => `${slot} ${typeof message.batchKey} ${message.batchKey}`,
      ...(maxDelay === undefined ? undefined : { maxDelay }),
    })
  }

  /** A message that can't be told a size or a place fails here, so that no batch is torn by it. */
  async #collect(messages: readonly Message<T>[]): Promise<void> {
    const { options, concurrency, partitionBy } = this.#settings
    for (const message of messages) {
      try {
        const size = options.sizeOf?.(message) ?? 0
        if (!(typeof size === 'number' && size >= 0)) throw new TypeError('`sizeOf` gave no size')
        const slot = partitionBy === undefined ? 0 : slotOf(partitionBy(message), concurrency)
        await this.#sorted.send({ message, slot, size })
      } catch (error) {
        message.fail(error)
        await this.#ledger.settle([message])
      }
    }
  }

  async #handle(sorted: readonly Sorted<T>[], context: MessageContext<T>): Promise<void> {
    const messages = sorted.map(({ message }) => message)
    const { handle } = this.#settings.options
    const info = { batcher: this.#name, key: messages[0]?.batchKey ?? '' }
    const step = { name: this.#pipeline, step: 'batch', count: messages.length } as const
    try {
      await spanned(step, async () => await handle(messages, info, context))
    } catch (error) {
      for (const message of messages) message.fail(error)
    }
    await this.#ledger.settle(messages)
  }
}
