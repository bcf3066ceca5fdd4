// The pipeline as users see it. Admission, storage, processors and writers are parts of their own.
import { invalidOption } from '../errors.ts'
import { list } from '../observe/index.ts'
import type { WaitOptions } from '../wait.ts'
import { Admission, type AdmissionOwner } from './admission.ts'
import { Bell } from './bell.ts'
import { Gate } from './gate.ts'
import { JournalStore } from './journal-store.ts'
import { LogStore } from './log-store.ts'
import { MemoryStore } from './memory-store.ts'
import { checkProcessor, pipelineSettings, processorSettings, type PipelineSettings } from './options.ts'
import { ProcessorCore } from './processor-core.ts'
import { ProcessorHandle } from './processor-handle.ts'
import type { Store } from './store.ts'
import type { EventPipelineOptions, PipelineMetrics, Processor, ProcessorOptions, Writer } from './types.ts'
import { Writers, type Destination } from './writers.ts'

/**
 * Takes events in order and brings what any number of processors make of them to their writers, each processor at its own pace and in order.
 * A processor resumes, by its name, after what it published; one that is new starts at the oldest event that is kept.
 *
 * @example
 * await using pipeline = await EventPipeline.open<Change>({ journal: await fileJournal('./journal') })
 * await pipeline.addProcessor({ name: 'index', process: event => [toDocument(event.data)], writer: searchIndex })
 * await pipeline.publish({ id: 1 })
 */
export class EventPipeline<I> implements AsyncDisposable {
  readonly #settings: PipelineSettings<I>
  readonly #store: Store<I>
  readonly #bell: Bell
  readonly #gate: Gate
  readonly #admission: Admission<I>
  readonly #writers = new Writers()
  // Undefined while one is being added.
  readonly #processors = new Map<string, ProcessorCore<I, never> | undefined>()
  #closing: Promise<void> | undefined

  private constructor(settings: PipelineSettings<I>, store: Store<I>, bell: Bell) {
    this.#settings = settings
    this.#store = store
    this.#bell = bell
    this.#gate = new Gate(() => this.#admission.admit())
    this.#admission = new Admission(this.#admissionOwner())
    list('pipelines', settings.name, this, pipeline => pipeline.metrics())
  }

  /** Reads the journal, if there is one. It, or the log, belongs to the pipeline from then on; a journal that can't be read is closed. */
  static async open<I>(options?: EventPipelineOptions<I>): Promise<EventPipeline<I>> {
    const settings = pipelineSettings(options)
    const bell = new Bell()
    const opened: { pipeline?: EventPipeline<I> } = {}
    const store = await openStore(settings, () => {
      bell.ring()
      if (opened.pipeline !== undefined) opened.pipeline.#admission.admit()
    })
    opened.pipeline = new EventPipeline(settings, store, bell)
    return opened.pipeline
  }

  /**
   * Fulfils with the event's sequence after the journal's append, and without a journal after admission. Waits, in order, while the slowest
   * processor is a ring behind. A signal or a timeout ends that wait; afterwards they have no effect.
   */
  publish(data: I, options?: WaitOptions): Promise<number> {
    return this.#admission.publish(data, options)
  }

  /** Starts at once. Rejects with ERR_INVALID_OPTION if there is one of that name. */
  async addProcessor<O>(options: ProcessorOptions<I, O>): Promise<Processor> {
    checkProcessor(options)
    const { name } = options
    if (this.#closing !== undefined) throw invalidOption('pipeline', 'open', 'closed')
    if (this.#processors.has(name)) throw invalidOption('name', 'a name that no other processor has', name)
    const destination = this.#writers.use(options.writer)
    const settings = processorSettings(options, destination.writer as unknown as Writer<O>)
    const around = { store: this.#store, bell: this.#bell, gate: this.#gate }
    const core = new ProcessorCore<I, O>(settings, destination.turns, around)
    const remove = (): Promise<void> => this.#remove(core as unknown as ProcessorCore<I, never>, destination)
    this.#processors.set(name, undefined)
    try {
      const start = this.#store.adopt(name)
      await core.start(start instanceof Promise ? await start : start)
      if (this.#closing !== undefined) {
        core.end()
        throw invalidOption('pipeline', 'open', 'closed')
      }
    } catch (error) {
      this.#processors.delete(name)
      this.#writers.leave(destination)
      throw error
    }
    this.#processors.set(name, core as unknown as ProcessorCore<I, never>)
    return new ProcessorHandle(core as unknown as ProcessorCore<never, never>, remove)
  }

  /** For processors that name it. */
  addWriter<O>(writer: Writer<O>): void {
    this.#writers.add(writer)
  }

  /**
   * Takes no more events, ends pauses, and fulfils when all processors have published everything. One that has halted is not waited for; if its
   * events are gone with that, because there is neither journal nor log, this rejects with its error after everything else is done.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Watermarks and counters at this moment. */
  metrics(): PipelineMetrics {
    const processors = this.#running().map(core => [core.settings.name, core.metrics()] as const)
    return {
      kind: 'pipeline',
      name: this.#settings.name,
      last: this.#store.last,
      processors: Object.fromEntries(processors),
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #admissionOwner(): AdmissionOwner<I> {
    const isClosed = (): boolean => this.#closing !== undefined
    const gate = this.#gate
    return {
      name: this.#settings.name,
      store: this.#store,
      ring: this.#settings.ring,
      get lowest() {
        return gate.lowest
      },
      get isClosed() {
        return isClosed()
      },
      announce: () => this.#bell.ring(),
    }
  }

  #running(): ProcessorCore<I, never>[] {
    return [...this.#processors.values()].filter((core): core is ProcessorCore<I, never> => core?.isRemoved === false)
  }

  async #remove(core: ProcessorCore<I, never>, destination: Destination): Promise<void> {
    try {
      await core.remove()
    } finally {
      if (this.#processors.get(core.settings.name) === core) {
        this.#processors.delete(core.settings.name)
        this.#writers.leave(destination)
      }
    }
  }

  async #close(): Promise<void> {
    // So that `publish` knows of it before anything else happens.
    await Promise.resolve()
    const tail = await this.#tail()
    // What others append from now on is not waited for, since they may never stop, unless somebody here needs the room.
    const target = (): number => Math.max(tail, this.#store.own, this.#admission.waiting > 0 ? this.#store.last : 0)
    const isBehind = (core: ProcessorCore<I, never>): boolean => core.failure === undefined && core.published < target()
    do {
      for (const core of this.#running()) if (core.failure === undefined) core.resume()
      await Promise.allSettled(this.#running().map(core => core.through(target())))
      if (this.#failures().length > 0) this.#admission.refuse()
      await this.#store.flushed()
    } while (this.#admission.waiting > 0 || this.#store.pending > 0 || this.#running().some(isBehind))
    const failures = this.#failures()
    for (const core of this.#running()) core.end()
    await this.#store.close()
    if (failures.length > 0 && !this.#store.isLasting) throw failures[0]
  }

  async #tail(): Promise<number> {
    try {
      return await this.#store.tail()
    } catch {
      // Nobody can tell: what was read is all there is.
      return this.#store.last
    }
  }

  #failures(): unknown[] {
    return this.#running().flatMap(({ failure }) => (failure === undefined ? [] : [failure.error]))
  }
}

/** `changed` is called when an event has come, or fewer are on their way in. */
async function openStore<I>(settings: PipelineSettings<I>, changed: () => void): Promise<Store<I>> {
  const { journal, log, codec, ring } = settings
  if (journal !== undefined) return await JournalStore.open(journal, codec, ring, changed)
  return log === undefined ? new MemoryStore<I>(ring) : new LogStore<I>(log, codec, changed)
}
