// A processor over all its epochs: what it published, whether it runs, and how it starts anew. What one epoch does is the course's matter.
import { warn } from '../callback.ts'
import { invalidOption } from '../errors.ts'
import { checkWait, rejected, type WaitOptions } from '../wait.ts'
import type { Bell } from './bell.ts'
import { CaughtUp } from './caught-up.ts'
import { Course, type CourseOwner } from './course.ts'
import { Feed } from './feed.ts'
import type { Gate } from './gate.ts'
import type { ProcessorSettings } from './options.ts'
import { stopped } from './pipeline-errors.ts'
import type { Committed, Start, Store } from './store.ts'
import type { Turns } from './turns.ts'
import type { PipelineEvent, ProcessorMetrics } from './types.ts'

export interface Surroundings<I> {
  readonly store: Store<I>
  readonly bell: Bell
  readonly gate: Gate
}

export class ProcessorCore<I, O> implements CourseOwner<I, O>, Committed {
  readonly settings: ProcessorSettings<I, O>
  readonly turns: Turns
  readonly totals = { retries: 0, deadLetters: 0, writerIdleMs: 0 }
  readonly #around: Surroundings<I>
  readonly #feed: Feed<I>
  readonly #waits = new CaughtUp()
  #published = 0
  #epoch = 0
  #course: Course<I, O> | undefined
  #failure: { readonly error: unknown } | undefined
  #isPaused = false
  #isRemoved = false
  // One rewind after the other.
  #moving: Promise<unknown> = Promise.resolve()

  constructor(settings: ProcessorSettings<I, O>, turns: Turns, around: Surroundings<I>) {
    this.settings = settings
    this.turns = turns
    this.#around = around
    this.#feed = new Feed(
      around.store,
      around.bell,
      () => this.#course?.pump(),
      error => this.failed(error),
    )
  }

  get published(): number {
    return this.#published
  }

  get isActive(): boolean {
    return !this.#isPaused && this.#failure === undefined
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Joins the pipeline; from now on its events are waited for. */
  async start({ published, epoch }: Start): Promise<void> {
    this.#published = published
    this.#around.gate.add(this)
    try {
      await this.#begin(epoch, published + 1)
    } catch (error) {
      this.#around.gate.remove(this)
      throw error
    }
  }

  next(sequence: number): PipelineEvent<I> | undefined {
    return this.#feed.next(sequence)
  }

  done(sequence: number): void {
    this.#around.store.commit(this.settings.name, sequence, this.#epoch, this)
  }

  /** What `commit` answers. */
  publishedThrough(sequence: number): void {
    const before = this.#published
    this.#published = sequence
    this.#around.gate.moved(this, before)
    this.#waits.reached(sequence)
  }

  /** Outputs or events that failed for the last time; `resume` tries again. */
  halt(error: unknown): void {
    if (this.#failure !== undefined || this.#isRemoved) return
    this.#failure = { error }
    warn(error)
    this.#waits.fail(error)
  }

  /** Progress can't be kept, or events can't be had: nothing may be sent any more. */
  failed(error: unknown): void {
    if (this.#isRemoved) return
    this.#stop(error)
    this.halt(error)
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    if (this.#course === undefined) return
    const hasFailed = this.#failure !== undefined
    this.#failure = undefined
    if (hasFailed) this.#course.retry()
    else this.#course.pump()
  }

  rewind(to: number): Promise<void> {
    const rewound = this.#moving.then(() => this.#rewind(to))
    this.#moving = rewound.catch(() => {})
    return rewound
  }

  /** Stops for good. */
  end(): void {
    this.#isRemoved = true
    const error = stopped(this.settings.name)
    this.#stop(error)
    this.#around.gate.remove(this)
    this.#waits.fail(error)
  }

  async remove(): Promise<void> {
    if (this.#isRemoved) return
    this.end()
    await this.#around.store.forget(this.settings.name, this.#epoch)
  }

  caughtUp(options?: WaitOptions): Promise<void> {
    try {
      checkWait(options)
      if (this.#isRemoved) throw stopped(this.settings.name)
      if (this.#failure !== undefined) throw this.#failure.error
      return this.#waits.until(this.#around.store.last, this.#published, options)
    } catch (error) {
      return rejected(error)
    }
  }

  metrics(): ProcessorMetrics {
    const course = this.#course
    const published = this.#published
    return {
      lag: Math.max(0, this.#around.store.last - published),
      claimed: course?.line.claimed ?? published,
      computed: course?.computedThrough ?? published,
      sent: course?.line.sentThrough ?? published,
      acked: course?.line.doneThrough ?? published,
      published,
      credit: course === undefined ? 0 : this.turns.creditOf(course),
      headOfLineMs: course?.headAge(performance.now()) ?? 0,
      ...this.totals,
    }
  }

  async #rewind(to: number): Promise<void> {
    const { store } = this.#around
    if (this.#isRemoved) throw stopped(this.settings.name)
    if (!(Number.isSafeInteger(to) && to >= 1 && to <= this.#published + 1)) {
      throw invalidOption('to', `an event from 1 to ${this.#published + 1}, the next one to be published`, to)
    }
    const checked = store.check(to)
    if (checked !== undefined) await checked
    this.#stop(new Error('The processor was rewound'))
    // At once, so that the events it needs are kept.
    this.publishedThrough(to - 1)
    try {
      const epoch = await store.rewind(this.settings.name, to, this.#epoch)
      this.#failure = undefined
      await this.#begin(epoch, to)
    } catch (error) {
      this.failed(error)
      throw error
    }
  }

  async #begin(epoch: number, from: number): Promise<void> {
    this.#epoch = epoch
    if (epoch > 1) await this.settings.writer.reset?.(epoch, from)
    if (this.#isRemoved) throw stopped(this.settings.name)
    this.#course = new Course<I, O>(this, epoch, from)
    this.#course.pump()
  }

  #stop(reason: unknown): void {
    this.#course?.end(reason)
    this.#course = undefined
    this.#feed.seek()
  }
}
