// The stage between: asks above for what is asked for below. It handles a batch only when its output has somewhere to go, so what it holds is
// bounded by its buffer and what one call of its handler gives at once.
import { list } from '../observe/index.ts'
import type { StageMetrics } from '../observe/metrics.ts'
import type { WaitOptions } from '../wait.ts'
import { BatchWork, type BatchUser } from './batch-work.ts'
import { emitInto } from './emission.ts'
import { Giver } from './giver.ts'
import { Pump } from './pump.ts'
import { checkHandler, Inlet } from './inlet.ts'
import { invalidOption } from '../errors.ts'
import { Life } from './life.ts'
import type { Link } from './link.ts'
import { outletSettings, stageName } from './options.ts'
import { manyOrigin } from './origins/index.ts'
import { Outlet } from './outlet.ts'
import { outletOf, registerOutlet } from './outlets.ts'
import { endingOf, failureOf, NORMAL, type Ending } from './stage-errors.ts'
import type {
  Many,
  Producer,
  ProducerConsumer,
  ProducerOptions,
  StageContext,
  SubscribeOptions,
  Subscription,
} from './types.ts'

type Handle<I, O> = (events: readonly I[], context: StageContext) => Many<O> | Promise<readonly O[]>

class ProducerConsumerStage<I, O> extends Giver<O> implements ProducerConsumer<I, O>, BatchUser<I> {
  /** What is asked for below is answered as far as it goes before anybody asks for more. */
  readonly isGreedy = true
  readonly #handle: Handle<I, O>
  protected override readonly life: Life
  readonly #inlet: Inlet<I>
  readonly #work: BatchWork<I>
  protected override readonly outlet: Outlet<O>
  // What the last handler gives bit by bit.
  #pump: Pump<O> | undefined
  #ending: Ending = NORMAL
  #isStopping = false
  #discarded = 0

  constructor(handle: Handle<I, O>, options: ProducerOptions<O>) {
    super()
    this.#handle = handle
    this.life = new Life(stageName(options, ''))
    this.#work = new BatchWork<I>(this)
    this.#inlet = new Inlet<I>(this.life, this.#work, () => this.#finished())
    this.outlet = new Outlet<O>(this.life.name, outletSettings(options, undefined), {
      onDemand: () => this.#wake(),
      onEnded: () => void this.#close(),
      onFailure: error => {
        this.failed(error)
        // Who shares out events no longer can, so nothing of what is here can be given away.
        this.outlet.abandon(failureOf(error))
      },
    })
    registerOutlet(this, this.outlet)
    list('stages', this.name, this, stage => stage.metrics())
  }

  async subscribeTo<P extends I>(producer: Producer<P>, options: SubscribeOptions<P> = {}): Promise<Subscription> {
    // Whoever takes all of I takes all of P; the selector is asked about events of the producer only.
    const outlet = outletOf(producer as Producer<unknown>)
    if (outlet === (this.outlet as unknown)) throw invalidOption('producer', 'another stage', producer)
    return this.#inlet.subscribe(outlet as never, options as never)
  }

  override emit(events: readonly O[]): void {
    emitInto(this.outlet, events)
  }

  override stop(reason?: unknown, options?: WaitOptions): Promise<void> {
    const begin = (): void => {
      if (!this.#isStopping) this.#ending = endingOf(reason, `The stage '${this.name}'`)
      this.#isStopping = true
      this.#inlet.close(this.#ending)
      this.outlet.forward()
      this.outlet.stopWaiting()
      this.#wake()
    }
    const force = (error: unknown): void => {
      this.life.abort(error)
      this.#discarded += this.#work.drop()
      this.outlet.abandon(failureOf(error))
      // What its handler gave bit by bit may take its time to close.
      this.life.end()
    }
    return this.life.stop(options, begin, force)
  }

  override flushed(options?: WaitOptions): Promise<void> {
    return this.life.reach(options, reached => this.#work.add({ reached: () => this.outlet.flush(reached) }))
  }

  override metrics(): StageMetrics {
    const { unmet: demand, buffered, discarded, given: handled, subscribers } = this.outlet
    const held = buffered + this.#work.events
    return {
      kind: 'stage',
      name: this.name,
      demand,
      buffered: held,
      discarded: discarded + this.#discarded,
      handled,
      subscribers,
    }
  }

  /** A new delivery needs demand, as the next of its batches only needs room: so what was asked for above sets their sizes. */
  mayHandle(isNewDelivery: boolean): boolean {
    return this.#isDeserted || (this.outlet.hasRoom && (!isNewDelivery || this.outlet.unmet > 0))
  }

  handle(events: readonly I[]): unknown {
    return this.#handle(events, this.life.context)
  }

  accept(outcome: unknown): void {
    if (Array.isArray(outcome)) {
      this.outlet.emit(outcome.slice() as readonly O[], true)
      return this.#work.done()
    }
    const origin = manyOrigin<O>(outcome)
    if (origin === undefined)
      throw invalidOption('handle', 'a function that gives an array, a generator or an async iterable', outcome)
    const pump = new Pump<O>(origin, this.outlet, failure => {
      if (this.#pump === pump) this.#pump = undefined
      if (failure !== undefined) this.failed(failure.error)
      this.#work.done()
    })
    this.#pump = pump
    this.#wake()
  }

  failed(error: unknown): void {
    const { error: cause } = failureOf(error)
    this.#discarded += this.#inlet.fail(cause)
    void this.#pump?.stop()
    this.outlet.stopWaiting()
  }

  over(link: Link<I>, ending: Ending): void {
    this.#inlet.over(link, ending)
  }

  idle(): void {
    this.#inlet.settle()
  }

  /** It stops, and nobody is there to ask for the rest. */
  get #isDeserted(): boolean {
    return this.#isStopping && this.outlet.subscribers === 0
  }

  #wake(): void {
    if (this.#pump === undefined) this.#work.wake()
    else if (this.#isDeserted) void this.#pump.stop()
    else this.#pump.run()
  }

  /** All that came is handled: those below get the rest, and then the end. */
  #finished(): void {
    const failure = this.life.failure
    this.outlet.end(failure === undefined ? this.#ending : failureOf(failure.error))
  }

  async #close(): Promise<void> {
    await this.#pump?.stop()
    this.life.end()
  }
}

/**
 * A stage that turns events into others: any number for each batch. What a generator gives is taken as it is asked for, so one event may
 * become a million. A handler that throws fails the stage: what it gave before still goes down, and then the error.
 *
 * @example
 * const lines = producerConsumer<string, string>(async function* (files) {
 *   for (const file of files) yield* stream('zcat', [file]).lines()
 * })
 */
export function producerConsumer<I, O>(handle: Handle<I, O>, options: ProducerOptions<O> = {}): ProducerConsumer<I, O> {
  checkHandler('handle', handle)
  return new ProducerConsumerStage(handle, options)
}
