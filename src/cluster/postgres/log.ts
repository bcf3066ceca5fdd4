// A log in three tables of PostgreSQL. Appends have a connection of their own, and so have readers; a third one has the cursors.
import { SluiceError, invalidOption } from '../../errors.ts'
import type { EventLog } from '../../pipeline/index.ts'
import { checkAppend, checkCommit, checkProcessor, checkRead, type AppendOptions, type ReadOptions } from '../checks.ts'
import { closedLog, conflict, fenced, fencedAppend, tooLarge } from '../cluster-errors.ts'
import { LogReader } from '../log-reader.ts'
import { isLoss } from './connection.ts'
import { logStatements, ROOM, type Statements } from './log-tables.ts'
import { Session } from './session.ts'
import { tableName } from './table-name.ts'
import { Tail, TailPages } from './tail.ts'
import { checkConnectionString } from './writer-options.ts'

/** Where a log is. */
export interface PostgresLogOptions {
  /** As `pg` takes it: `postgres://user:password@host:5432/database?…`. */
  connectionString: string
  /** `name` or `schema.name`, taken literally; `sluicegate_log` by default. The other tables of the log have names that begin with it. */
  table?: string
}

/** In ms: what takes longer has lost its connection, whatever that says. */
const PATIENCE = 30_000
/** The server's messages and values end at a gigabyte. */
const LARGEST_APPEND = 2 ** 30 - 2 ** 20

interface Place {
  readonly last: string
  readonly epoch: string
}

/**
 * A log in tables of PostgreSQL, made when they are missing. Needs the package `pg`. Every event that is acknowledged is committed; readers wait
 * without polling. A call whose connection breaks rejects and is not repeated, but reads go on by themselves.
 *
 * @example
 * const log = await postgresLog({ connectionString: 'postgres://app@db.internal/app' })
 * await using pipeline = await EventPipeline.open({ log })
 */
export async function postgresLog(options: PostgresLogOptions): Promise<EventLog> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { connectionString, table = 'sluicegate_log' } = options
  checkConnectionString(connectionString)
  const name = tableName('table', table, ROOM)
  const line = { connectionString, timeout: PATIENCE, isOurs: true, closed: () => closedLog(table) }
  const cursors = new Session({ ...line, prepare: isolate })
  try {
    const statements = await cursors.run(client => logStatements(client, name))
    return new PostgresLog(
      table,
      statements,
      cursors,
      new Session({ ...line, prepare: isolate }),
      new Tail(statements, line),
    )
  } catch (error) {
    await cursors.close()
    throw error
  }
}

class PostgresLog implements EventLog {
  readonly #name: string
  readonly #statements: Statements
  readonly #cursors: Session
  readonly #appends: Session
  readonly #tail: Tail
  readonly #readers = new Set<LogReader>()
  #isClosed = false

  constructor(name: string, statements: Statements, cursors: Session, appends: Session, tail: Tail) {
    this.#name = name
    this.#statements = statements
    this.#cursors = cursors
    this.#appends = appends
    this.#tail = tail
  }

  async append(payloads: readonly Uint8Array[], options?: AppendOptions): Promise<number> {
    checkAppend(payloads, options)
    const { epoch, expectedSequence } = options ?? {}
    const values = [...joined(payloads), epoch ?? null, expectedSequence ?? null]
    let isSent = false
    try {
      return await this.#appends.run(async client => {
        isSent = true
        const { rows } = await client.query<Place>(this.#statements.append, values)
        if (rows[0] !== undefined) return Number(rows[0].last)
        const { rows: heads } = await client.query<Place>(this.#statements.head)
        throw refusal(heads[0], epoch, expectedSequence)
      })
    } catch (error) {
      throw isSent && isLoss(error) ? unknownOutcome(payloads.length, error) : error
    }
  }

  read(from: number, options?: ReadOptions): LogReader {
    checkRead(from, options)
    const reader = new LogReader(
      from,
      options,
      () => {
        if (this.#isClosed) throw closedLog(this.#name)
        this.#readers.add(reader)
        return new TailPages(this.#tail)
      },
      () => void this.#readers.delete(reader),
    )
    return reader
  }

  async last(): Promise<number> {
    return await this.#cursors.run(async client => {
      const { rows } = await client.query<Place>(this.#statements.head)
      return Number(rows[0]?.last ?? 0)
    })
  }

  async first(): Promise<number> {
    return await this.#cursors.run(async client => {
      const { rows } = await client.query<{ first: string }>(this.#statements.first)
      return Number(rows[0]?.first ?? 1)
    })
  }

  async cursor(processor: string): Promise<{ readonly sequence: number; readonly epoch: number }> {
    checkProcessor(processor)
    return await this.#cursors.run(async client => {
      const { rows } = await client.query<{ sequence: string; epoch: string }>(this.#statements.cursor, [processor])
      return { sequence: Number(rows[0]?.sequence ?? 0), epoch: Number(rows[0]?.epoch ?? 0) }
    })
  }

  async commit(processor: string, sequence: number, epoch: number): Promise<void> {
    checkCommit(processor, sequence, epoch)
    await this.#cursors.run(async client => {
      const { rowCount } = await client.query(this.#statements.commit, [processor, sequence, epoch])
      if (rowCount === 1) return
      const { rows } = await client.query<Place>(this.#statements.cursor, [processor])
      throw fenced(processor, epoch, Number(rows[0]?.epoch ?? 0))
    })
  }

  async acquire(processor: string): Promise<number> {
    checkProcessor(processor)
    return await this.#cursors.run(async client => {
      const { rows } = await client.query<Place>(this.#statements.acquire, [processor])
      return Number(rows[0]?.epoch)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const reader of this.#readers) reader.fail(closedLog(this.#name))
    await Promise.all([this.#appends.close(), this.#cursors.close(), this.#tail.close()])
  }
}

/** Whatever the role or the database has for a default: a statement that waited for another one must see what that one did. */
async function isolate(client: { query(text: string): Promise<unknown> }): Promise<void> {
  await client.query('SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED')
}

/** One value for all payloads, which goes as it is, with where each begins (from 1) and how long it is. */
function joined(payloads: readonly Uint8Array[]): [bytes: Buffer, starts: number[], lengths: number[]] {
  const lengths = payloads.map(({ length }) => length)
  const starts: number[] = []
  let next = 1
  for (const [i, payload] of payloads.entries()) {
    starts.push(next)
    next += lengths[i] ?? 0
    if (next > LARGEST_APPEND) throw tooLarge(payload, `and one append takes no more than ${LARGEST_APPEND} in all`)
  }
  return [Buffer.concat(payloads), starts, lengths]
}

function refusal(head: Place | undefined, epoch: number | undefined, expected: number | undefined): SluiceError {
  const [last, current] = [Number(head?.last), Number(head?.epoch)]
  return epoch !== undefined && current > epoch ? fencedAppend(epoch, current) : conflict(expected ?? last, last)
}

/** Tried again, they might be there twice; with `expectedSequence` they can't. */
function unknownOutcome(count: number, cause: SluiceError): SluiceError {
  const text = `The connection was lost while ${count} events were appended, so nobody knows whether they are there`
  return new SluiceError(cause.code, `${text}: ${cause.message}`, { cause })
}
