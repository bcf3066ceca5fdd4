// The public shapes of message pipelines.
import type { StageMetrics } from '../../observe/metrics.ts'
import type { BatchOptions } from '../../channel/index.ts'
import type { RetryOptions } from '../../retry.ts'
import type { WaitOptions } from '../../wait.ts'
import type { StageContext } from '../types.ts'
import type { Message } from './message.ts'

/** What a handler learns beside its messages. */
export interface MessageContext<T> extends StageContext {
  /** Acknowledges now, as they stand; later acknowledgements of these do nothing. */
  readonly ack: (messages: readonly Message<T>[]) => Promise<void>
}

/** The stages that handle messages one by one. */
export interface ProcessorsOptions<T> {
  /** So many at once, 1 by default. */
  concurrency?: number
  /** Messages a processor has at most, 10 by default. */
  maxDemand?: number
  minDemand?: number
  /** Messages of one key go through one processor, in order; `partitionBy` of the whole by default. */
  partitionBy?: (message: Message<T>) => string | number
}

/** One kind of batches, and who handles them. */
export interface BatcherOptions<T> extends Pick<
  BatchOptions<Message<T>>,
  'maxSize' | 'maxDelay' | 'maxBytes' | 'sizeOf'
> {
  /** Batches handled at once, 1 by default. */
  concurrency?: number
  /** Messages asked for and not in a batch yet, at most; `maxSize` by default. */
  maxDemand?: number
  /** Messages of one key stay in order: their batches are handled one after the other. `partitionBy` of the whole by default. */
  partitionBy?: (message: Message<T>) => string | number
  /** Throws, or rejects: all messages of the batch that have not failed yet fail. */
  handle: (
    messages: readonly Message<T>[],
    info: { readonly batcher: string; readonly key: string | number },
    context: MessageContext<T>,
  ) => void | Promise<void>
}

/** How messages are handled, and who is told what became of them. */
export interface MessagesOptions<T> {
  name?: string
  /**
   * Told of every message once: what was handled together is told together, in two lists. Awaited before more is asked for. What it throws
   * becomes a warning.
   */
  ack: (successful: readonly Message<T>[], failed: readonly Message<T>[]) => void | Promise<void>
  /** Messages of different references are acknowledged by calls of their own. */
  ackBy?: (message: Message<T>) => unknown
  /** Called with all messages a processor has got together, before they are handled one by one. Throws: all of them fail. */
  prepare?: (messages: readonly Message<T>[], context: MessageContext<T>) => void | Promise<void>
  /** Throws, or rejects, or calls `message.fail()`: this message fails, and no other. */
  handle?: (message: Message<T>, context: MessageContext<T>) => void | Promise<void>
  processors?: ProcessorsOptions<T>
  /** By name. Without any, a message is acknowledged when it was handled. */
  batchers?: Readonly<Record<string, BatcherOptions<T>>>
  /** Called with those that failed, before they are acknowledged. What it throws becomes a warning. */
  onFailed?: (messages: readonly Message<T>[]) => void | Promise<void>
  partitionBy?: (message: Message<T>) => string | number
  /**
   * With a function for a source: how often in a row to open another one when it has failed before it gave anything, and after how long. What
   * the failed one had given goes on meanwhile. Without it a failed source ends the pipeline.
   */
  restart?: RetryOptions
}

/** A running pipeline. */
export interface Messages<T = unknown> extends AsyncDisposable {
  readonly name: string
  /** Fulfils when the source has ended and every message is acknowledged; rejects then if the source failed. */
  readonly done: Promise<void>
  /** Messages that came and are not acknowledged. */
  readonly pending: number
  /**
   * Handles one more beside those of the source, as soon as there is demand; signal and time limit bound the wait for that. Fulfils with the message
   * when it is acknowledged, as failed too.
   *
   * @example
   * const { isFailed } = await orders.push({ id: 1 })
   */
  push(data: T, options?: WaitOptions): Promise<Message<T>>
  /**
   * Asks for no more, and fulfils when all that came is acknowledged. What `timeout` cuts off is acknowledged as failed; such an
   * acknowledgement is begun, and waited for by `done` only.
   */
  stop(options?: WaitOptions): Promise<void>
  /** Of each stage, first to last. */
  metrics(): readonly StageMetrics[]
}
