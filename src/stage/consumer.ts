// The stages that only ask: one handles batches, the other starts a task for each event.
import { list } from '../observe/index.ts'
import type { StageMetrics } from '../observe/metrics.ts'
import { notify, warn } from '../callback.ts'
import { invalidOption } from '../errors.ts'
import { checkRetry, type RetryOptions } from '../retry.ts'
import type { WaitOptions } from '../wait.ts'
import { BatchWork } from './batch-work.ts'
import { checkHandler, Inlet } from './inlet.ts'
import { Life } from './life.ts'
import { stageName } from './options.ts'
import { outletOf } from './outlets.ts'
import { endingOf, failureOf } from './stage-errors.ts'
import { TaskWork } from './task-work.ts'
import type { Consumer, Producer, StageContext, SubscribeOptions, Subscription } from './types.ts'
import type { Work } from './work.ts'

/** Makes the work of a stage, which calls back on what it has come to. */
type MakeWork<I, W> = (life: Life, stage: { failed(error: unknown): void; inlet(): Inlet<I> }) => W

class ConsumerStage<
  I,
  W extends Work<I> & { readonly handled: number; readonly events: number },
> implements Consumer<I> {
  readonly #life: Life
  readonly #work: W
  readonly #inlet: Inlet<I>
  #discarded = 0

  constructor(name: string, makeWork: MakeWork<I, W>) {
    this.#life = new Life(name)
    this.#work = makeWork(this.#life, { failed: error => this.#fail(error), inlet: () => this.#inlet })
    this.#inlet = new Inlet(this.#life, this.#work, () => this.#life.end())
    list('stages', name, this, stage => stage.metrics())
  }

  get name(): string {
    return this.#life.name
  }

  get done(): Promise<void> {
    return this.#life.done
  }

  async subscribeTo<O extends I>(producer: Producer<O>, options: SubscribeOptions<O> = {}): Promise<Subscription> {
    // Whoever takes all of I takes all of O; the selector is asked about events of the producer only.
    return this.#inlet.subscribe(outletOf(producer as Producer<unknown>) as never, options as never)
  }

  stop(reason?: unknown, options?: WaitOptions): Promise<void> {
    const force = (error: unknown): void => {
      this.#life.abort(error)
      this.#discarded += this.#work.drop()
      this.#life.end()
    }
    return this.#life.stop(options, () => this.#inlet.close(endingOf(reason, `The stage '${this.name}'`)), force)
  }

  flushed(options?: WaitOptions): Promise<void> {
    return this.#life.reach(options, reached => this.#work.add({ reached }))
  }

  metrics(): StageMetrics {
    const { handled, events: buffered } = this.#work
    const demand = this.#inlet.outstanding
    return { kind: 'stage', name: this.name, demand, buffered, discarded: this.#discarded, handled, subscribers: 0 }
  }

  /** `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #fail(error: unknown): void {
    this.#discarded += this.#inlet.fail(failureOf(error).error)
  }
}

/**
 * A stage that handles events in batches, never two at once, in the order of each producer. A handler that throws fails the stage: its
 * subscriptions end, and `done` rejects.
 *
 * @example
 * const save = consumer<Row>(async rows => await insert(rows))
 * await save.subscribeTo(source, { maxDemand: 100 })
 * await save.done
 */
export function consumer<I>(
  handle: (events: readonly I[], context: StageContext) => void | Promise<void>,
  options?: { name?: string },
): Consumer<I> {
  checkHandler('handle', handle)
  let hasWarned = false
  return new ConsumerStage<I, BatchWork<I>>(stageName(options, ''), (life, stage) => {
    const work: BatchWork<I> = new BatchWork<I>({
      isGreedy: false,
      mayHandle: () => true,
      handle: events => handle(events, life.context),
      accept: outcome => {
        if (Array.isArray(outcome) && outcome.length > 0 && !hasWarned) {
          hasWarned = true
          notify(warn, `The consumer '${life.name}' gave events, which nobody gets: only a producerConsumer gives some`)
        }
        work.done()
      },
      failed: error => stage.failed(error),
      over: (link, ending) => stage.inlet().over(link, ending),
      idle: () => stage.inlet().settle(),
    })
    return work
  })
}

/**
 * A stage that starts one task, or one child process, for each event. No more than `maxDemand` are alive, those that wait for another try
 * included. A task that fails for good fails the stage: its signal aborts, and `done` rejects when all tasks have ended.
 *
 * @example
 * const hash = taskConsumer<string>(file => run('sha256sum', [file]))
 * await hash.subscribeTo(files, { maxDemand: 4 })
 */
export function taskConsumer<I>(
  start: (event: I, context: StageContext) => Promise<unknown>,
  options?: { name?: string; retry?: RetryOptions },
): Consumer<I> {
  checkHandler('start', start)
  const name = stageName(options, '')
  if (options?.retry === null) throw invalidOption('retry', 'an object', options.retry)
  if (options?.retry !== undefined) checkRetry(options.retry, 'retry')
  return new ConsumerStage<I, TaskWork<I>>(
    name,
    (life, stage) =>
      new TaskWork<I>(
        {
          start: event => start(event, life.context),
          failed: error => stage.failed(error),
          over: (link, ending) => stage.inlet().over(link, ending),
          idle: () => stage.inlet().settle(),
        },
        options?.retry,
      ),
  )
}
