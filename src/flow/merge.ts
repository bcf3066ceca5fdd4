// `merge`: the values of several sources, each as it comes. Every source is asked for one value at a time, when one is wanted.
import type { ChannelMetrics } from '../channel/index.ts'
import { Edge } from './edge.ts'
import { allOf } from './outcome.ts'
import { END, NOTHING, Step, type Failing, type Failure, type Pulled, type Reader } from './step.ts'

export class MergeStep<T> extends Step<T> {
  readonly #sources: readonly Step<T>[]
  readonly #live: Step<T>[]
  // Where the next look begins, so that no source is served before all others for ever.
  #turn = 0

  constructor(sources: readonly Step<T>[]) {
    super(undefined, new Edge('merge', 0))
    this.#sources = sources
    this.#live = [...sources]
  }

  override pull(): Pulled<T> {
    if (this.isStopped) return this.end()
    const live = this.#live
    for (let looked = 0; looked < live.length;) {
      const index = (this.#turn + looked) % live.length
      const value = (live[index] as Step<T>).pull()
      if (value === END) {
        live.splice(index, 1)
        continue
      }
      if (value !== NOTHING) {
        this.#turn = index + 1
        this.edge.total += 1
        return value
      }
      looked += 1
    }
    return live.length === 0 || this.isStopped ? this.end() : this.nothing()
  }

  override claim(): void {
    super.claim()
    for (const source of this.#sources) source.claim()
  }

  override start(run: Failing, reader: Reader): void {
    super.start(run, reader)
    for (const source of this.#sources) source.start(run, this)
  }

  override stop(failure: Failure | undefined): void {
    super.stop(failure)
    for (const source of this.#sources) source.stopAll(failure)
  }

  override metrics(reader: string = this.consumer): ChannelMetrics[] {
    const inputs = this.#sources.flatMap((source, index) => source.metrics(`merge[${index}]`))
    return [...inputs, ...super.metrics(reader)]
  }

  protected override async quiet(): Promise<void> {
    await allOf(this.#sources.map(source => source.shutdown()))
  }
}
