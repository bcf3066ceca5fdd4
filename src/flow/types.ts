// The public shapes of flows.
import type { Writable } from 'node:stream'
import type { WritableStream } from 'node:stream/web'
import type { BatchOptions, ChannelMetrics, ChannelOptions, Sender } from '../channel/index.ts'
import type { ByteWriter, Bytes, LineOptions } from '../process/index.ts'
import type { Many } from '../many.ts'
import type { RateOptions } from '../rate.ts'
import type { RetryOptions } from '../retry.ts'
import type { WaitOptions } from '../wait.ts'
import type { FlowContext } from './context.ts'
import type { ForEachOptions } from './for-each.ts'
import type { AnyCommand } from './through.ts'
import type { ToOptions } from './to.ts'

export type { FlowContext, ForEachOptions, Many, ToOptions }

/** What can be said about a flow when it is described. */
export interface FlowOptions {
  /** Gives the whole flow up, whoever consumes it. */
  signal?: AbortSignal
  /** Told in the names of its edges. */
  name?: string
}

/** How the callbacks of `map` run. */
export interface MapOptions {
  /** Callbacks that run at once, 1 by default. */
  concurrency?: number
  /** True by default: values go on in the order in which they came, else as they are ready. */
  ordered?: boolean
  /** Values that are ready and wait, `concurrency` by default. With those that run there are never more than `concurrency + capacity`. */
  capacity?: number
  /** Tries of each callback; the value keeps its place meanwhile. */
  retry?: RetryOptions
  /** Of its edge, in metrics. */
  name?: string
}

/** How the callbacks of `flatMap` run. */
export interface FlatMapOptions {
  /** Values that are being worked on at once, 1 by default. */
  concurrency?: number
  /** True by default: all that came of one value goes on before what came of the next. */
  ordered?: boolean
}

/**
 * Steps in a row, bounded on every edge. A description until it is consumed, by a loop or by `to`, `forEach`, `toArray`, `reduce`; that can
 * be done once, of it and of all that was derived from the same source (else ERR_STREAM_CONSUMED), and nothing runs before.
 *
 * The first error aborts every `context.signal`, waits for running callbacks, ends the source and children in the middle, and rejects once;
 * an abort and a timeout do the same. Ending early, by leaving the loop or by `take`, calls the source's `return()`: a child ends, a Readable is
 * destroyed, a channel stays open.
 */
export interface Flow<T> extends AsyncIterable<T> {
  /** What the callback gives goes on. */
  map<U>(fn: (value: T, context: FlowContext) => U | Promise<U>, options?: MapOptions): Flow<U>
  /** Values go on for which the callback gives true. */
  filter<U extends T>(fn: (value: T) => value is U): Flow<U>
  filter(fn: (value: T) => boolean | Promise<boolean>): Flow<T>
  /** For each value, all of what the callback gives goes on. It is asked for no more than one value ahead. */
  flatMap<U>(fn: (value: T, context: FlowContext) => Many<U> | Promise<readonly U[]>, options?: FlatMapOptions): Flow<U>
  /** Values in arrays, as `batch` forms them: one batch is formed while the last one is handled. */
  batch(options: BatchOptions<T>): Flow<T[]>
  /** The first values. What is before is ended as soon as the last of them is there. */
  take(count: number): Flow<T>
  /** Calls back for each value, which goes on after that. */
  tap(fn: (value: T) => void | Promise<void>): Flow<T>
  /** A channel in between, which the steps before may fill. */
  buffer(options: number | ChannelOptions<T>): Flow<T>
  /** No faster than this. */
  rate(options: RateOptions): Flow<T>
  /** Through a child: values go to its stdin at its pace, its stdout goes on. Its failure is the flow's; it is ended with the flow. */
  through(this: Flow<string | Bytes>, command: AnyCommand): Flow<Bytes>
  /** Text and bytes as lines. */
  lines(this: Flow<string | Bytes>, options?: LineOptions): Flow<string>
  /**
   * Several flows, each with the values of some keys; those of one key stay together and in order. Whole numbers are taken modulo `count`.
   * All branches must be consumed, at the same time: one that does not take its values holds up the others. One that is left early is
   * counted out, and its values are discarded from then on.
   */
  partition(count: number, key: (value: T) => PropertyKey): Flow<T>[]
  /** Several flows with all values each. The slowest sets the pace; consume all of them at the same time, as with `partition`. */
  broadcast(count: number): Flow<T>[]
  /** Gives all values to a target, at its pace, and closes it. A target that fails ends the flow, and the other way round. */
  to(target: Sender<T> | Writable | WritableStream<T>, options?: ToOptions): Promise<void>
  to(this: Flow<string | Bytes>, target: ByteWriter, options?: ToOptions): Promise<void>
  /** Calls back for each value, and waits for it. */
  forEach(fn: (value: T) => void | Promise<void>, options?: ForEachOptions): Promise<void>
  /** All values. */
  toArray(options?: WaitOptions): Promise<T[]>
  /** One value out of all. */
  reduce<U>(fn: (total: U, value: T) => U | Promise<U>, initial: U, options?: WaitOptions): Promise<U>
  /**
   * One for each edge, first to last: what is ready for the step, or the consumer, whose name it bears. The last one with `fillRatio` 1 names
   * the step that all others wait for. An edge that holds nothing counts as full while its reader is busy.
   */
  metrics(): readonly ChannelMetrics[]
}
