// A processor over all its epochs: what it published, whether it runs, and how it starts anew. What one epoch does is the course's matter.
import { LevelWaits } from '../level-waits.ts'
import { warn } from '../callback.ts'
import { invalidOption, SluiceError } from '../errors.ts'
import { Span, type WaitOptions } from '../wait.ts'
import type { Bell } from './bell.ts'
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
  readonly #waits = new LevelWaits('caughtUp', () => this.#published)
  #published = 0
  #epoch = 0
  #course: Course<I, O> | undefined
  #failure: { readonly error: unknown } | undefined
  #isPaused = false
  #isRemoved = false
  #removing: Promise<void> | undefined
  // One new epoch after the other, and what the store has to do with the latest.
  #moving: Promise<unknown> = Promise.resolve()
  #turning: Promise<unknown> = Promise.resolve()

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

  get isRemoved(): boolean {
    return this.#isRemoved
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
    this.#waits.check()
  }

  /** Outputs or events that failed for the last time; `resume` tries again. */
  halt(error: unknown): void {
    if (this.#failure !== undefined || this.#isRemoved) return
    this.#failure = { error }
    warn(error)
    this.#waits.fail(() => error)
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
    if (this.#failure === undefined) return this.#course?.pump()
    // Whoever has taken it over goes on with it.
    if (this.#isRemoved || SluiceError.is(this.#failure.error, 'ERR_SEQUENCE_FENCED')) return
    this.#failure = undefined
    if (this.#course === undefined) this.#goOn()
    else this.#course.retry()
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
    this.#waits.fail(() => error)
  }

  remove(): Promise<void> {
    return (this.#removing ??= this.#remove())
  }

  async caughtUp(options?: WaitOptions): Promise<void> {
    const span = new Span(options, 'caughtUp')
    try {
      this.#check()
      const tail = this.#around.store.tail()
      const target = typeof tail === 'number' ? tail : await span.bound(tail)
      await this.through(target, span.part)
    } catch (error) {
      throw span.explain(error)
    } finally {
      span.end()
    }
  }

  /** Fulfils when everything up to this event is published. */
  async through(target: number, options?: WaitOptions): Promise<void> {
    this.#check()
    await this.#waits.until(target, options)
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

  #check(): void {
    if (this.#isRemoved) throw stopped(this.settings.name)
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #remove(): Promise<void> {
    if (this.#isRemoved) return
    this.end()
    // An epoch that begins after it is forgotten would be known for ever.
    await this.#turning
    await this.#around.store.forget(this.settings.name)
  }

  async #rewind(to: number): Promise<void> {
    if (this.#isRemoved) throw stopped(this.settings.name)
    if (!(Number.isSafeInteger(to) && to >= 1 && to <= this.#published + 1)) {
      throw invalidOption('to', `an event from 1 to ${this.#published + 1}, the next one to be published`, to)
    }
    const checked = this.#around.store.check(to)
    if (checked !== undefined) await checked
    await this.#anew(to)
  }

  /** After a failure that ended the course: what it had sent counts no more, so this takes a new epoch. */
  #goOn(): void {
    this.#moving = this.#moving.then(async () => {
      const isNeeded = this.#course === undefined && this.#failure === undefined && !this.#isRemoved
      // What fails halts it again, and that is told there.
      if (isNeeded) await this.#anew(this.#published + 1).catch(() => {})
    })
  }

  async #anew(from: number): Promise<void> {
    if (this.#isRemoved) throw stopped(this.settings.name)
    this.#stop(new Error('The processor was rewound'))
    // At once, so that the events it needs are kept.
    this.publishedThrough(from - 1)
    try {
      const turning = this.#around.store.rewind(this.settings.name, from, this.#epoch)
      this.#turning = turning.catch(() => {})
      const epoch = await turning
      this.#failure = undefined
      await this.#begin(epoch, from)
    } catch (error) {
      this.failed(error)
      throw error
    }
  }

  async #begin(epoch: number, from: number): Promise<void> {
    this.#epoch = epoch
    const { name, writer } = this.settings
    if (epoch > 1 && !this.#isRemoved) await writer.reset?.(epoch, from, name)
    if (this.#isRemoved) throw stopped(name)
    this.#course = new Course<I, O>(this, epoch, from)
    this.#course.pump()
  }

  #stop(reason: unknown): void {
    this.#course?.end(reason)
    this.#course = undefined
    this.#feed.seek()
  }
}
