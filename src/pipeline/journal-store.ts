// Events and progress in a journal: who crashes goes on where the journal says. The newest events are in a ring beside it.
import { warn } from '../callback.ts'
import { invalidOption, SluiceError } from '../errors.ts'
import { LARGEST_NAME, nameLength } from '../record-limits.ts'
import { JournalLine, type JournalLineOwner } from './journal-line.ts'
import { repeatsIn, replayed, type JournalState, type Registered } from './journal-state.ts'
import { checkSize, decodedEvent, encodedEvent } from './payload.ts'
import { trimmed } from './pipeline-errors.ts'
import { Ring } from './ring.ts'
import type { Committed, Start, Store } from './store.ts'
import type { Journal, JournalRecord } from '../journal/index.ts'
import type { Codec, PipelineEvent } from './types.ts'

export class JournalStore<I> implements Store<I>, JournalLineOwner<I> {
  readonly ring: Ring<I>
  readonly isLasting = true
  isBroken = false
  readonly #journal: Journal
  readonly #codec: Codec<I>
  readonly #line: JournalLine<I>
  readonly #processors: Map<string, Registered>
  readonly #changed: () => void
  #first: number
  #hasRepeats: boolean
  // Nothing below it has to be kept, as far as the journal was told.
  #compacted: number

  static async open<I>(journal: Journal, codec: Codec<I>, size: number, changed: () => void): Promise<JournalStore<I>> {
    try {
      return new JournalStore(journal, codec, size, changed, await replayed(journal, size))
    } catch (error) {
      // Nobody else may have it, and while it is open nobody else can open it.
      await journal.close().catch(() => {})
      throw error
    }
  }

  private constructor(journal: Journal, codec: Codec<I>, size: number, changed: () => void, state: JournalState) {
    this.#journal = journal
    this.#codec = codec
    this.#changed = changed
    this.#processors = state.processors
    this.#first = state.first
    this.#hasRepeats = state.hasRepeats
    this.#compacted = state.first
    const newest = readable(codec, state.payloads.drain())
    this.ring = new Ring(size, state.last - newest.length)
    for (const data of newest) this.ring.push(data)
    this.#line = new JournalLine(journal, this)
  }

  get last(): number {
    return this.ring.last
  }

  get own(): number {
    return this.ring.last
  }

  tail(): number {
    return this.ring.last
  }

  get pending(): number {
    return this.#line.pending
  }

  async append(data: I): Promise<number> {
    const payload = encodedEvent(this.#codec, data)
    // Here, for in an append it would take those with it that gathered beside it.
    checkSize(payload, data)
    return await this.#line.event(data, payload)
  }

  accepted(data: I): number {
    return this.ring.push(data)
  }

  appended(): void {
    this.#changed()
  }

  /** Some of the events may be there all the same. */
  rejected(error: unknown, hadEvents: boolean): void {
    this.#hasRepeats ||= hadEvents
    this.isBroken ||= SluiceError.is(error, 'ERR_JOURNAL_POISONED') || SluiceError.is(error, 'ERR_WRITER_CLOSED')
    this.#changed()
  }

  async *read(from: number, signal: AbortSignal): AsyncGenerator<PipelineEvent<I>, void, undefined> {
    let wanted = from
    // Once more if the ring has moved on meanwhile.
    while (wanted < this.ring.first) {
      const before = wanted
      const repeats = this.#hasRepeats ? await repeatsIn(this.#journal) : undefined
      for await (const { kind, sequence, payload } of this.#journal.replay()) {
        if (signal.aborted) return
        if (kind !== 'event' || isRepeated(repeats, sequence) || sequence < wanted) continue
        if (sequence > wanted) throw trimmed(wanted, sequence)
        wanted += 1
        yield decodedEvent(this.#codec, sequence, payload ?? new Uint8Array())
      }
      if (wanted === before) throw trimmed(wanted, this.ring.first)
    }
  }

  async adopt(processor: string): Promise<Start> {
    if (nameLength(processor) === undefined) {
      throw invalidOption('name', `text of at most ${LARGEST_NAME} bytes of UTF-8`, processor)
    }
    const known = this.#processors.get(processor)
    const published = known === undefined || known.isGone ? this.#first - 1 : known.published
    const epoch = (known?.epoch ?? 0) + 1
    // Before the record is written: from now on its events are kept.
    this.#processors.set(processor, { published, epoch, isGone: false })
    await this.#line.put({ kind: 'epoch', sequence: published + 1, processor, epoch })
    return { published, epoch }
  }

  commit(processor: string, sequence: number, epoch: number, owner: Committed): void {
    // Of a processor that has started anew since, or is gone, this says nothing any more.
    const current = (): Registered | undefined => {
      const known = this.#processors.get(processor)
      return known?.epoch === epoch && !known.isGone ? known : undefined
    }
    const written = (): void => {
      const known = current()
      if (known === undefined) return
      known.published = sequence
      owner.publishedThrough(sequence)
    }
    const failed = (error: unknown): void => {
      if (current() !== undefined) owner.failed(error)
    }
    this.#line.mark({ kind: 'published', sequence, processor, epoch }, written, failed)
  }

  check(to: number): undefined {
    if (to < this.#first) throw trimmed(to, this.#first)
  }

  async rewind(processor: string, to: number, epoch: number): Promise<number> {
    const next = epoch + 1
    this.#processors.set(processor, { published: to - 1, epoch: next, isGone: false })
    await this.#line.put({ kind: 'epoch', sequence: to, processor, epoch: next })
    return next
  }

  async forget(processor: string): Promise<void> {
    // A rewind that is under way has counted it up.
    const epoch = this.#processors.get(processor)?.epoch ?? 0
    this.#processors.set(processor, { published: 0, epoch, isGone: true })
    await this.#line.put({ kind: 'epoch', sequence: 0, processor, epoch })
  }

  flushed(): Promise<void> {
    return this.#line.flushed()
  }

  async close(): Promise<void> {
    await this.flushed()
    await this.#journal.close()
  }

  /** Lets the journal drop what all have published and the ring does not hold, a ring's length at a time. */
  housekeeping(): Promise<void> | undefined {
    // Most of the time nobody need be asked.
    if (this.ring.first - this.#compacted < this.ring.size) return undefined
    const below = this.#needed()
    return below - this.#compacted < this.ring.size ? undefined : this.#compact(below)
  }

  async #compact(below: number): Promise<void> {
    this.#compacted = below
    try {
      // Once more, for the older records go with their segments.
      await this.#journal.append([...this.#processors].map(([processor, known]) => standing(processor, known)))
      // Meanwhile somebody may have started anew further back.
      if (this.#needed() < below) return
      this.#first = below
      await this.#journal.compact(below)
    } catch (error) {
      // What is not dropped does no harm, and whoever needs the journal next learns what is wrong with it.
      warn(error)
    }
  }

  /** The oldest event that somebody needs. While nobody is known all are: somebody may come who wants them. */
  #needed(): number {
    const here = [...this.#processors.values()].filter(({ isGone }) => !isGone)
    if (here.length === 0) return this.#first
    return here.reduce((below, { published }) => Math.min(below, published + 1), this.ring.first)
  }
}

/** The newest events, back to one that the codec can't read: who needs that or an older one reads the journal, and learns it there, alone. */
function readable<I>(codec: Codec<I>, payloads: Uint8Array[]): I[] {
  const events: I[] = []
  try {
    for (const payload of payloads.reverse()) events.push(codec.decode(payload))
  } catch {
    // The ring begins behind it.
  }
  return events.reverse()
}

/** One more record of this event is gone by; whether there is a later one. */
function isRepeated(repeats: Map<number, number> | undefined, sequence: number): boolean {
  const left = repeats?.get(sequence) ?? 0
  if (left > 0) repeats?.set(sequence, left - 1)
  return left > 0
}

function standing(processor: string, { published, epoch, isGone }: Registered): JournalRecord {
  return { kind: 'epoch', sequence: isGone ? 0 : published + 1, processor, epoch }
}
