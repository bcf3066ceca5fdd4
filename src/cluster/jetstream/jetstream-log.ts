// A log in a JetStream stream. Sequences are the stream's own; appends, reads and cursors are in files of their own.
import type { EventLog } from '../../pipeline/index.ts'
import { checkAppend, checkCommit, checkProcessor, checkRead, type AppendOptions, type ReadOptions } from '../checks.ts'
import { closedLog } from '../cluster-errors.ts'
import { LogReader, type LogEvent } from '../log-reader.ts'
import { Appends } from './appends.ts'
import { Connection } from './connection.ts'
import { Cursors } from './cursors.ts'
import { Delivery } from './delivery.ts'
import { checkOptions, Names, type JetStreamLogOptions } from './names.ts'
import { serversOf } from './servers.ts'
import { ensureStreams, firstEvent, type EventStream } from './streams.ts'

/**
 * Opens a log that NATS JetStream keeps, and makes its streams if they are missing. Needs the packages `@nats-io/transport-node` and
 * `@nats-io/jetstream`, and a nats-server from 2.12.1 on. What it promises, and what depends on the server's settings: docs/cluster.md.
 *
 * @example
 * const log = await jetstreamLog({ servers: 'localhost:4222', stream: 'orders' })
 * const pipeline = await EventPipeline.open<Order>({ log })
 */
export async function jetstreamLog(options: JetStreamLogOptions): Promise<EventLog> {
  checkOptions(options)
  const names = new Names(options)
  const connection = await Connection.open(serversOf(options.servers), names.stream)
  try {
    return new JetStreamLog(connection, names, await ensureStreams(connection, names))
  } catch (error) {
    await connection.close(names.stream)
    throw error
  }
}

class JetStreamLog implements EventLog {
  readonly #connection: Connection
  readonly #names: Names
  readonly #appends: Appends
  readonly #cursors: Cursors
  readonly #readers = new Set<LogReader>()
  readonly #underWay = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(connection: Connection, names: Names, stream: EventStream) {
    this.#connection = connection
    this.#names = names
    this.#appends = new Appends(connection, names, stream)
    this.#cursors = new Cursors(connection, names)
  }

  async append(payloads: readonly Uint8Array[], options?: AppendOptions): Promise<number> {
    checkAppend(payloads, options)
    return await this.#do(() => this.#appends.append(payloads, options ?? {}))
  }

  read(from: number, options?: ReadOptions): LogReader {
    checkRead(from, options)
    const reader = new LogReader(
      from,
      options,
      () => {
        if (this.#closing !== undefined) throw closedLog(this.#names.stream)
        this.#readers.add(reader)
        return new Delivery<LogEvent>(this.#connection, this.#names.stream, (sequence, { data }) => {
          this.#appends.saw(sequence)
          return { sequence, payload: data }
        })
      },
      () => this.#readers.delete(reader),
    )
    return reader
  }

  async last(): Promise<number> {
    return await this.#do(() => this.#appends.end())
  }

  async first(): Promise<number> {
    return await this.#do(async () => await firstEvent(this.#connection, this.#names))
  }

  async cursor(processor: string): Promise<{ sequence: number; epoch: number }> {
    checkProcessor(processor)
    return await this.#do(() => this.#cursors.read(processor))
  }

  async commit(processor: string, sequence: number, epoch: number): Promise<void> {
    checkCommit(processor, sequence, epoch)
    await this.#do(() => this.#cursors.commit(processor, sequence, epoch))
  }

  async acquire(processor: string): Promise<number> {
    checkProcessor(processor)
    return await this.#do(() => this.#cursors.acquire(processor))
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const reader of this.#readers) reader.fail(closedLog(this.#names.stream))
    await Promise.allSettled(this.#underWay)
    await this.#connection.close(this.#names.stream)
  }

  async #do<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw closedLog(this.#names.stream)
    const outcome = operation()
    this.#underWay.add(outcome)
    try {
      return await outcome
    } finally {
      this.#underWay.delete(outcome)
    }
  }
}
