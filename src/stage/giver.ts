// What every stage that gives has alike: what is said to its outlet and asked of its life. When it begins, stops and fails is its own matter.
import type { StageMetrics } from '../observe/metrics.ts'
import type { RateOptions } from '../rate.ts'
import type { WaitOptions } from '../wait.ts'
import { EventsOf } from './events.ts'
import type { Life } from './life.ts'
import { checkedMode } from './options.ts'
import type { Outlet } from './outlet.ts'
import type { Producer, SubscribeOptions } from './types.ts'

export abstract class Giver<O> implements Producer<O> {
  protected abstract readonly life: Life
  protected abstract readonly outlet: Outlet<O>

  abstract emit(events: readonly O[]): void
  abstract stop(reason?: unknown, options?: WaitOptions): Promise<void>
  abstract flushed(options?: WaitOptions): Promise<void>
  abstract metrics(): StageMetrics

  get name(): string {
    return this.life.name
  }

  get done(): Promise<void> {
    return this.life.done
  }

  get rate(): RateOptions | undefined {
    return this.outlet.rate
  }

  set rate(rate: RateOptions | undefined) {
    this.outlet.rate = rate
  }

  demand(mode: 'forward' | 'accumulate'): void {
    if (checkedMode(mode) === 'forward') this.outlet.forward()
    else this.outlet.accumulate()
  }

  events(options: SubscribeOptions<O> = {}): AsyncIterable<O> {
    return new EventsOf(this.outlet, options)
  }

  /** `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
