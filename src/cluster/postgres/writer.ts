// Tables of PostgreSQL as a writer: each batch is one transaction, together with the mark that says how far the processor's rows are written.
import { randomUUID } from 'node:crypto'
import { SluiceError } from '../../errors.ts'
import type { WriteBatch, WriteItem, Writer, WriterLink } from '../../pipeline/index.ts'
import { isLoss } from './connection.ts'
import { isBehind, Marks } from './marks.ts'
import { Session } from './session.ts'
import { writerSettings, type PostgresWriterOptions, type WriterSettings } from './writer-options.ts'

/** A writer whose connection is closed by disposal, after what is under way. */
export interface PostgresWriter<O> extends Writer<O>, AsyncDisposable {}

/**
 * Writes rows so that none is there twice: with each batch goes, in the same transaction, the mark of the last output that is written, and
 * what is not behind it is left out when it comes again after a crash, a rewind or a lost answer. An epoch that is over writes nothing
 * (ERR_SEQUENCE_FENCED). Needs the package `pg`, and a pipeline with a journal or a log, since otherwise numbers begin anew with each start.
 *
 * It takes one batch after the other by itself. Hand it to the pipeline as it is: what is put around it must not hold batches back.
 *
 * @example
 * await using rows = postgresWriter<Order>({ connectionString, table: 'orders', toRow: ({ value }) => ({ id: value.id, total: value.total }) })
 * await pipeline.addProcessor({ name: 'orders', process: event => [event.data], writer: rows, retry: { attempts: 10 } })
 */
export function postgresWriter<O>(options: PostgresWriterOptions<O>): PostgresWriter<O> {
  return new TransactionWriter(writerSettings(options))
}

/** One epoch of one processor. */
interface Course {
  readonly owner: string
  /** What was handed over before the last failure is taken back by the pipeline, and void. */
  round: number
}

class TransactionWriter<O> implements PostgresWriter<O> {
  readonly name: string
  readonly capacity: number
  readonly maxBatch: number
  readonly #write: WriterSettings<O>['write']
  readonly #marks: Marks
  readonly #session: Session
  readonly #courses = new WeakMap<WriterLink, Course>()
  #last: Promise<unknown> = Promise.resolve()

  constructor({ name, capacity, maxBatch, connectionString, timeout, marks, write }: WriterSettings<O>) {
    this.name = name
    this.capacity = capacity
    this.maxBatch = maxBatch
    this.#write = write
    this.#marks = new Marks(name, marks)
    this.#session = new Session({
      connectionString,
      timeout,
      prepare: client => this.#marks.create(client),
      closed: () => new SluiceError('ERR_WRITER_CLOSED', `The writer ${name} is closed`),
    })
  }

  async write(batch: WriteBatch<O>, link: WriterLink): Promise<void> {
    const course = this.#courseOf(link)
    const { round } = course
    const done = this.#last.then(async () => {
      if (round !== course.round) throw new Error('A write before this one failed')
      await this.#store(batch, link, course)
    })
    this.#last = done.catch(() => {})
    await done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    await this.#session.close()
  }

  #courseOf(link: WriterLink): Course {
    const course = this.#courses.get(link) ?? { owner: randomUUID(), round: 0 }
    this.#courses.set(link, course)
    return course
  }

  /** All at once, and one by one if that fails: then it turns out which of them is to blame, and those before it are written. */
  async #store(batch: WriteBatch<O>, link: WriterLink, course: Course): Promise<void> {
    let last: WriteItem<O> | undefined
    for (const items of attempts(batch.items)) {
      try {
        await this.#commit(batch, items, course.owner)
        last = items.at(-1)
        if (items.length === batch.items.length) break
      } catch (error) {
        const [failed] = items
        if (failed === undefined || (items.length > 1 && !isHopeless(error))) continue
        this.#refuse(failed, last, error, link, course)
      }
    }
    if (last !== undefined) link.ack(last.sequence, last.index)
  }

  async #commit(batch: WriteBatch<O>, items: readonly WriteItem<O>[], owner: string): Promise<void> {
    await this.#session.transaction(async client => {
      const mark = await this.#marks.lock(client, batch, owner)
      const fresh = items.filter(item => isBehind(mark, item))
      if (fresh.length > 0) await this.#write(client, fresh, batch.processor)
      await this.#marks.move(client, batch, owner, fresh.at(-1) ?? mark)
    })
  }

  /**
   * The nack must reach the pipeline before it can hand over anything more: of what comes behind an output that is not written nothing
   * may be, for the mark would pass it by. So it is said through the link, at once. Then it is thrown, for where nobody waits for answers.
   */
  #refuse(
    { sequence, index }: WriteItem<O>,
    before: WriteItem<O> | undefined,
    reason: unknown,
    link: WriterLink,
    course: Course,
  ): never {
    course.round += 1
    if (before !== undefined) link.ack(before.sequence, before.index)
    link.nack({ sequence, index, reason, fatal: SluiceError.is(reason, 'ERR_SEQUENCE_FENCED') })
    throw reason
  }
}

function* attempts<T>(items: readonly T[]): Generator<readonly T[], void, undefined> {
  yield items
  if (items.length > 1) for (const item of items) yield [item]
}

/** Nothing in the batch is to blame, and each by itself would fail as well. */
function isHopeless(error: unknown): boolean {
  return isLoss(error) || SluiceError.is(error, 'ERR_SEQUENCE_FENCED') || SluiceError.is(error, 'ERR_WRITER_CLOSED')
}
