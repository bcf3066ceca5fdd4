// The public flow: each method adds a step behind the last one, or consumes them.
import type { BatchOptions, ChannelMetrics, ChannelOptions } from '../channel/index.ts'
import type { LineOptions } from '../process/index.ts'
import type { RateOptions } from '../rate.ts'
import type { WaitOptions } from '../wait.ts'
import { BatchStep } from './batch.ts'
import { broadcast } from './broadcast.ts'
import { BufferStep } from './buffer.ts'
import type { Callback } from './call-step.ts'
import { FilterStep } from './filter.ts'
import { FlatMapStep } from './flat-map.ts'
import { forEach, reduce, toArray, type ForEachOptions } from './for-each.ts'
import { FlowIterator } from './iterator.ts'
import { LinesStep } from './lines.ts'
import { mapStep } from './map.ts'
import { checkedCount, checkedFlag, checkedObject, checkFunction } from './options.ts'
import { partition } from './partition.ts'
import { RateStep } from './rate.ts'
import type { Step } from './step.ts'
import { TakeStep } from './take.ts'
import { TapStep } from './tap.ts'
import { ThroughStep, type AnyCommand } from './through.ts'
import { deliver, type ToOptions } from './to.ts'
import type { FlatMapOptions, Flow, MapOptions } from './types.ts'

const ONE_BY_ONE = { concurrency: 1, isOrdered: true, capacity: 1 }

export class Steps<T> implements Flow<T> {
  readonly #last: Step<T>
  // For the names of edges.
  readonly #prefix: string
  readonly #length: number

  constructor(last: Step<T>, prefix: string, length = 1) {
    this.#last = last
    this.#prefix = prefix
    this.#length = length
  }

  map<U>(fn: Callback<T>, options?: MapOptions): Flow<U> {
    return this.#then(mapStep<T, U>(this.#last, fn, options, this.#label('map')))
  }

  filter<U extends T>(fn: (value: T) => boolean | Promise<boolean>): Flow<U> {
    checkFunction('fn', fn)
    return this.#then(new FilterStep(this.#last, fn, { name: this.#label('filter'), ...ONE_BY_ONE })) as Flow<never>
  }

  flatMap<U>(fn: Callback<T>, options?: FlatMapOptions): Flow<U> {
    checkFunction('fn', fn)
    const { concurrency = 1, ordered = true } = checkedObject(options)
    checkedCount('concurrency', concurrency, 1)
    return this.#then(
      new FlatMapStep<T, U>(this.#last, fn, this.#label('flatMap'), concurrency, checkedFlag('ordered', ordered)),
    )
  }

  batch(options: BatchOptions<T>): Flow<T[]> {
    return this.#then(new BatchStep(this.#last, options, this.#label('batch')))
  }

  take(count: number): Flow<T> {
    return this.#then(new TakeStep(this.#last, checkedCount('count', count, 0), this.#label('take')))
  }

  tap(fn: (value: T) => void | Promise<void>): Flow<T> {
    checkFunction('fn', fn)
    return this.#then(new TapStep(this.#last, fn, { name: this.#label('tap'), ...ONE_BY_ONE }))
  }

  buffer(options: number | ChannelOptions<T>): Flow<T> {
    return this.#then(new BufferStep(this.#last, options, this.#label('buffer')))
  }

  rate(options: RateOptions): Flow<T> {
    return this.#then(new RateStep(this.#last, options, this.#label('rate')))
  }

  through(this: Flow<string | Uint8Array>, command: AnyCommand): Flow<Uint8Array> {
    const self = this as Steps<string | Uint8Array>
    return self.#then(new ThroughStep(self.#last, command, self.#label('through')))
  }

  lines(this: Flow<string | Uint8Array>, options?: LineOptions): Flow<string> {
    const self = this as Steps<string | Uint8Array>
    return self.#then(new LinesStep(self.#last, options, self.#label('lines')))
  }

  partition(count: number, key: (value: T) => PropertyKey): Flow<T>[] {
    return partition(this.#last, count, key, this.#label('partition')).map(branch => this.#then(branch))
  }

  broadcast(count: number): Flow<T>[] {
    return broadcast(this.#last, count, this.#label('broadcast')).map(branch => this.#then(branch))
  }

  to(target: unknown, options?: ToOptions): Promise<void> {
    return deliver(this.#last, target, options)
  }

  forEach(fn: (value: T) => void | Promise<void>, options?: ForEachOptions): Promise<void> {
    return forEach(this.#last, fn, options)
  }

  toArray(options?: WaitOptions): Promise<T[]> {
    return toArray(this.#last, options)
  }

  reduce<U>(fn: (total: U, value: T) => U | Promise<U>, initial: U, options?: WaitOptions): Promise<U> {
    return reduce(this.#last, fn, initial, options)
  }

  metrics(): readonly ChannelMetrics[] {
    return this.#last.metrics()
  }

  [Symbol.asyncIterator](): FlowIterator<T> {
    return new FlowIterator(this.#last)
  }

  #then<U>(step: Step<U>): Flow<U> {
    return new Steps(step, this.#prefix, this.#length + 1)
  }

  #label(operator: string): string {
    return `${this.#prefix}${operator} ${this.#length}`
  }
}
