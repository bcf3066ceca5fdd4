// `batch`: values in arrays, as the batches of channels are formed. It reads on while the reader is busy, until one batch is whole.
import { batch, type BatchOptions, type ChannelMetrics } from '../channel/index.ts'
import { Edge } from './edge.ts'
import { InnerOutlet } from './inner-outlet.ts'
import { IteratorStep, type Pullable } from './iterator-step.ts'
import type { Failure, Reader, Step } from './step.ts'

export class BatchStep<T> extends IteratorStep<T[]> {
  readonly #outlet: InnerOutlet<T>
  readonly #batches: AsyncIterable<T[]>
  #hasFailed = false
  #given = 0

  constructor(before: Step<T>, options: BatchOptions<T>, name: string) {
    super(before, new Edge(name, options?.maxSize))
    this.#outlet = new InnerOutlet(before, async () => {})
    this.#batches = batch(this.#outlet, options)
  }

  override stop(failure: Failure | undefined): void {
    super.stop(failure)
    if (failure === undefined) return
    this.#hasFailed = true
    this.#outlet.fail(failure)
  }

  protected override get inlet(): Reader {
    return this.#outlet
  }

  protected override open(): Pullable<T[]> {
    return this.#batches[Symbol.asyncIterator]() as AsyncIterableIterator<T[], undefined>
  }

  protected override handOn(items: T[]): T[] {
    this.edge.peak = Math.max(this.edge.peak, this.#outlet.given - this.#given)
    this.#given += items.length
    return items
  }

  /** After a failure the rest comes, and then the failure. */
  protected override get isOutOfReach(): boolean {
    return this.isStopped && !this.#hasFailed
  }

  protected override async quiet(): Promise<void> {
    if (!this.#hasFailed) await this.leave(true)
  }

  protected override discard(): void {
    void this.leave(false)
  }

  /** In items, not in batches. */
  protected override measure(): ChannelMetrics {
    this.edge.total = this.#outlet.given
    this.edge.held = this.#outlet.given - this.#given
    return super.measure()
  }
}
