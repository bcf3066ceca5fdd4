// A line to a server that outlives its connections: one piece of work after the other, each on the connection that is there, or a new one.
import type { SluiceError } from '../../errors.ts'
import { transaction, type PostgresClient } from './client.ts'
import { Connection, refused, type ConnectionOptions } from './connection.ts'

export interface SessionOptions extends ConnectionOptions {
  /** What is done first on each new connection. */
  readonly prepare: (client: PostgresClient) => Promise<void>
  /** All statements are ours, so that what the server refuses becomes an error of ours. */
  readonly isOurs?: boolean
  /** What whoever comes too late is told. */
  readonly closed: () => SluiceError
}

export class Session {
  readonly #options: SessionOptions
  #connection: Connection | undefined
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** No try is repeated: what became of work whose connection was lost nobody here can tell. */
  async run<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw this.#options.closed()
    const done = this.#last.then(async () => await (await this.#connected()).use(work))
    this.#last = done.catch(() => {})
    try {
      return await done
    } catch (error) {
      throw this.#options.isOurs === true ? refused(error) : error
    }
  }

  transaction<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    return this.run(client => transaction(client, () => work(client)))
  }

  /** After what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
    await this.#connection?.end()
    this.#connection = undefined
  }

  async #connected(): Promise<Connection> {
    if (this.#connection?.isLost === false) return this.#connection
    this.#connection = undefined
    const connection = await Connection.open(this.#options)
    try {
      await connection.use(this.#options.prepare)
    } catch (error) {
      await connection.end()
      throw error
    }
    this.#connection = connection
    return connection
  }
}
