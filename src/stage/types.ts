// The public shapes of stages: what each kind can do, its options, and the seam for dispatchers of one's own.
import type { StageMetrics } from '../observe/metrics.ts'
import type { RateOptions } from '../rate.ts'
import type { WaitOptions } from '../wait.ts'

export type { Many } from '../many.ts'

/** What a callback of a stage learns beside its events. */
export interface StageContext {
  /** Aborts when the stage fails, or is stopped by force; for a producer's function also when no more events are wanted. */
  readonly signal: AbortSignal
  readonly name: string
}

/** What all stages have in common. */
export interface StageBase extends AsyncDisposable {
  readonly name: string
  /** Fulfils when it is over, rejects when it failed. Ignoring it raises nothing. */
  readonly done: Promise<void>
  /**
   * Takes nothing more from upstream, handles what it has, gives away what it has emitted, ends those below with `reason` (none: normally), and
   * fulfils when all that is done. `{ timeout }` bounds that: then what is left is discarded and counted, and the call rejects.
   * A handler must not await the end of its own stage.
   */
  stop(reason?: unknown, options?: WaitOptions): Promise<void>
  /**
   * Fulfils when all that it holds now is handled, and given away or discarded. What comes later is not waited for, and the end fulfils it as well.
   *
   * @example
   * rows.emit(batch)
   * await rows.flushed()
   * await checkpoint.save(position)
   */
  flushed(options?: WaitOptions): Promise<void>
  metrics(): StageMetrics
}

/** A stage that gives events to those who asked for them. */
export interface Producer<O> extends StageBase {
  /** Gives events unasked: to those who wait for some, else into the buffer. An empty array makes a function that gave too few be called again. */
  emit(events: readonly O[]): void
  /** `'accumulate'` holds back events and demand until `'forward'`, for whoever wants all subscribers to be there first. */
  demand(mode: 'forward' | 'accumulate'): void
  /** What is asked for above and given below in a time; may be changed at any time, and undefined is no bound. */
  get rate(): RateOptions | undefined
  set rate(rate: RateOptions | undefined)
  /** The events, one by one, through a subscription of its own for each loop. Leaving early cancels it; what it had been given by then is gone, `maxDemand: 1` makes that one event at most. */
  events(options?: SubscribeOptions<O>): AsyncIterable<O>
}

/** A stage that asks for events. */
export interface Consumer<I> extends StageBase {
  /** May be called at any time, and several times. Fulfils when the subscription is there. */
  subscribeTo<O extends I>(producer: Producer<O>, options?: SubscribeOptions<O>): Promise<Subscription>
}

/** Both: asks above for what is asked for below. */
export interface ProducerConsumer<I, O> extends Consumer<I>, Producer<O> {}

/** Who gets which event. */
export interface ProducerOptions<O> {
  /** Told in metrics, messages and the context. */
  name?: string
  /** Default `{ type: 'demand' }`: each event to one subscriber, the one who waits for most. */
  dispatcher?: Dispatcher<O>
  /** Events kept that nobody has asked for: 10000 by default, for a producerConsumer twice the largest maxDemand below it. */
  bufferSize?: number
  /** Which to keep when there are more, `'last'` by default. */
  bufferKeep?: 'first' | 'last'
  /** Told how many were discarded. Without it that is a process warning. */
  onDiscard?: (count: number) => void
  /** Default `'forward'`. */
  demand?: 'forward' | 'accumulate'
  /** Bounds what is asked for above and given below. */
  rate?: RateOptions
}

/**
 * How a producer shares out its events. `'demand'`: each event to the subscriber that waits for most. `'broadcast'`: each event to all, the slowest
 * sets the pace. `'partition'`: each event to the subscriber of its partition; `hash` names that, null discards the event; a partition holds
 * `room` events (its subscriber's maxDemand) before it holds up the others.
 */
export type Dispatcher<O> =
  | { type: 'demand'; shuffle?: boolean }
  | { type: 'broadcast' }
  | {
      type: 'partition'
      partitions: number | readonly PropertyKey[]
      hash: (event: O) => PropertyKey | null
      room?: number
    }
  | CustomDispatcher<O>

/** What became of the events that a dispatcher was given. */
export interface Dispatch<O> {
  /** Never more for a subscription than it has asked for. */
  readonly deliveries: readonly (readonly [subscription: number, events: readonly O[]])[]
  /** Go to the stage's buffer, and don't count as ordered any more. */
  readonly leftover: readonly O[]
  /** To order beside that, none by default. */
  readonly more?: number
}

/** Shares out events. The built-in ones have this shape too. What it throws fails its stage. */
export interface CustomDispatcher<O> {
  type: 'custom'
  /** A subscription wants so many more. Gives how many events to order: they come from the buffer first, then from upstream. */
  ask(subscription: number, count: number): number
  dispatch(events: readonly O[]): Dispatch<O>
  /** Throws to refuse it. */
  subscribe(subscription: number, options: SubscribeOptions<O>): void
  /** Gives how many events to order on account of it. */
  cancel(subscription: number): number
  /** Events it keeps itself. While there are some, `dispatch([])` follows each `ask` and `subscribe`. */
  readonly held?: number
}

/** How much a subscription asks for, and what becomes of its consumer when it ends. */
export interface SubscribeOptions<T> {
  /** Events asked for and not handled, at most: 1000 by default. */
  maxDemand?: number
  /** Asks again when no more than this is left; half of maxDemand by default. Handlers get `maxDemand - minDemand` events at most. */
  minDemand?: number
  /**
   * `'permanent'`, the default: its end stops the consumer, as a failure if it was one. `'transient'`: only an end by failure does. `'temporary'`: none does.
   * An end is normal when its reason is undefined, 'normal' or 'shutdown'.
   */
  cancel?: 'permanent' | 'transient' | 'temporary'
  /** With `'broadcast'`: events for which this is false don't come, and cost no demand. */
  selector?: (event: T) => boolean
  /** With `'partition'`: which one. */
  partition?: PropertyKey
  /** Nothing is asked for but by `subscription.ask()`. */
  manual?: boolean
}

/** A consumer's hold on a producer. */
export interface Subscription extends AsyncDisposable {
  readonly id: number
  /** Events asked for and not handled. */
  readonly outstanding: number
  /** With `manual`: asks for so many more. After the end it does nothing. */
  ask(count: number): void
  /** Ends it, in the consumer's cancel mode: what was delivered is still handled, and then it fulfils. */
  cancel(reason?: unknown): Promise<void>
}
