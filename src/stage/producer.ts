// The stage that only gives: an origin, an outlet, and its end.
import { list } from '../observe/index.ts'
import type { StageMetrics } from '../observe/metrics.ts'
import type { WaitOptions } from '../wait.ts'
import { emitInto } from './emission.ts'
import { Giver } from './giver.ts'
import { Pump } from './pump.ts'
import { Life } from './life.ts'
import { BUFFER_SIZE } from './limits.ts'
import { outletSettings, stageName } from './options.ts'
import { sourceOrigin, type Source } from './origins/index.ts'
import { Outlet } from './outlet.ts'
import { registerOutlet } from './outlets.ts'
import { endingOf, failureOf, NORMAL, type Ending } from './stage-errors.ts'
import type { Producer, ProducerOptions } from './types.ts'

class ProducerStage<O> extends Giver<O> {
  protected override readonly life: Life
  protected override readonly outlet: Outlet<O>
  readonly #pump: Pump<O>
  #ending: Ending = NORMAL
  #isStopping = false

  constructor(source: Source<O>, options: ProducerOptions<O>) {
    super()
    this.life = new Life(stageName(options, ''))
    this.outlet = new Outlet(this.life.name, outletSettings(options, BUFFER_SIZE), {
      onDemand: () => this.#pump.run(),
      onEnded: () => void this.#close(),
      onFailure: error => this.#fail(error),
    })
    this.#pump = new Pump(sourceOrigin(source, this.life.context), this.outlet, failure => {
      if (failure !== undefined) this.life.fail(failure.error)
      this.outlet.end(failure === undefined ? this.#ending : failureOf(failure.error))
    })
    registerOutlet(this, this.outlet)
    list('stages', this.name, this, stage => stage.metrics())
  }

  override emit(events: readonly O[]): void {
    emitInto(this.outlet, events)
    this.#pump.poke()
  }

  override stop(reason?: unknown, options?: WaitOptions): Promise<void> {
    const begin = (): void => {
      if (!this.#isStopping) this.#ending = endingOf(reason, `The stage '${this.name}'`)
      this.#isStopping = true
      this.life.abort(reason)
      void this.#pump.stop()
      this.outlet.stopWaiting()
    }
    const force = (error: unknown): void => {
      this.outlet.abandon(failureOf(error))
      // What it is fed from may take its time to close.
      this.life.end()
    }
    return this.life.stop(options, begin, force)
  }

  override flushed(options?: WaitOptions): Promise<void> {
    return this.life.reach(options, reached => this.outlet.flush(reached))
  }

  override metrics(): StageMetrics {
    const { unmet, buffered, discarded, given, subscribers } = this.outlet
    return { kind: 'stage', name: this.name, demand: unmet, buffered, discarded, handled: given, subscribers }
  }

  #fail(error: unknown): void {
    this.life.fail(error)
    this.life.abort(error)
    this.outlet.abandon(failureOf(error))
  }

  /** What it is fed from is closed before it is over. */
  async #close(): Promise<void> {
    await this.#pump.stop()
    this.life.end()
  }
}

/**
 * A stage that gives events to those who ask. A function gets all unmet demand, is never called twice at once, and after giving fewer than
 * asked is called again only on new demand or after `emit()`; null is the end. From an iterable, a channel, a reader or a stream no more is
 * taken than is asked for; stopping early calls its `return()`: a child ends, a stream is destroyed, a channel stays open.
 *
 * @example
 * const numbers = producer([1, 2, 3])
 * const jobs = producer(async demand => await database.take(demand), { dispatcher: { type: 'broadcast' } })
 */
export function producer<O>(source: Source<O>, options: ProducerOptions<O> = {}): Producer<O> {
  return new ProducerStage(source, options)
}
