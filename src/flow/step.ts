// One step of a flow, as its neighbours see it: values are pulled out of it without a promise; who got none is woken later. Errors don't
// travel along the steps, they go to the run of all of them.
import { SluiceError } from '../errors.ts'
import type { ChannelMetrics } from '../channel/index.ts'
import type { Edge } from './edge.ts'

/** No value now: whoever got this is woken when it is worth asking again. */
export const NOTHING: unique symbol = Symbol('nothing')
/** No value any more. */
export const END: unique symbol = Symbol('end')

export type Pulled<T> = T | typeof NOTHING | typeof END

/** Who pulls. May be woken without need. */
export interface Reader {
  wake(): void
}

/** What fails when a step does. */
export interface Failing {
  fail(error: unknown): void
}

export interface Failure {
  readonly error: unknown
}

const NOBODY: Reader & Failing = { wake() {}, fail() {} }

export abstract class Step<T> implements Reader {
  readonly edge: Edge
  /** Who reads the last step. */
  consumer = 'end'
  readonly before: Step<unknown> | undefined
  /** Of the whole flow; empty if it has none. */
  flowName: string
  /** The one that was given with the source. */
  readonly signal: AbortSignal | undefined
  protected run: Failing = NOBODY
  protected isStopped = false
  /** The reader got NOTHING and waits. */
  protected isAwaited = false
  /** The reader was told the end. */
  protected hasEnded = false
  #reader: Reader = NOBODY
  #isClaimed = false
  #closing: Promise<void> | undefined

  /** `before` is undefined for a source. */
  constructor(before: Step<unknown> | undefined, edge: Edge, signal?: AbortSignal) {
    this.before = before
    this.edge = edge
    this.signal = signal ?? before?.signal
    this.flowName = before?.flowName ?? ''
  }

  /** Never throws. Once the step is stopped it gives what it has ready, then END. */
  abstract pull(): Pulled<T>

  /** The reader is busy: what can be done ahead of it, within the bounds, may be done now. */
  ahead(): void {}

  /** The step before has something. */
  wake(): void {
    this.notify()
  }

  /** Takes the whole flow up to here for one consumer; a second one is refused. */
  claim(): void {
    if (this.before !== undefined) return this.before.claim()
    if (this.#isClaimed) throw new SluiceError('ERR_STREAM_CONSUMED', 'The flow is consumed already')
    this.#isClaimed = true
  }

  /** Joins the steps. Nothing runs before the first pull. */
  start(run: Failing, reader: Reader): void {
    this.run = run
    this.#reader = reader
    this.before?.start(run, this.inlet)
  }

  /** Nothing new is begun from here on: because of a failure, or since nobody wants more. */
  stop(_failure: Failure | undefined): void {
    this.isStopped = true
  }

  /** Stops this step and all before it. */
  stopAll(failure: Failure | undefined): void {
    this.stop(failure)
    this.before?.stopAll(failure)
  }

  /** Ends this step and all before it. Fulfils when no callback of theirs runs, children are gone and the source is closed, in this order. */
  shutdown(): Promise<void> {
    this.stopAll(undefined)
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** What is ready will not be asked for any more. */
  discardAll(): void {
    this.discard()
    this.before?.discardAll()
  }

  /** One for each edge, first to last, by the name of whoever reads it. */
  metrics(reader: string = this.consumer): ChannelMetrics[] {
    return [...(this.before?.metrics(this.edge.name) ?? []), { ...this.measure(), name: reader }]
  }

  /** Who pulls the step before. */
  protected get inlet(): Reader {
    return this
  }

  /** Fulfils when nothing of this step is under way. */
  protected async quiet(): Promise<void> {}

  protected discard(): void {}

  /** An edge that holds nothing is full while its reader does not wait for it. */
  protected measure(): ChannelMetrics {
    const isBusy = this.run !== NOBODY && !this.isStopped && !this.hasEnded && !this.isAwaited
    return this.edge.metrics(this.isAwaited, isBusy && this.edge.capacity === 0)
  }

  protected notify(): void {
    if (!this.isAwaited) return
    this.isAwaited = false
    this.#reader.wake()
  }

  protected nothing(): typeof NOTHING {
    this.isAwaited = true
    return NOTHING
  }

  protected end(): typeof END {
    this.hasEnded = true
    return END
  }

  async #close(): Promise<void> {
    try {
      await this.quiet()
    } finally {
      await this.before?.shutdown()
    }
  }
}
