// One connection to a server, from its making to its end. What comes after a loss is the session's matter.
import { Socket } from 'node:net'
import type { Client } from 'pg'
import { invalidOption, SluiceError } from '../../errors.ts'
import { Guard } from '../../wait.ts'
import { peers } from '../peers.ts'
import type { PostgresClient } from './client.ts'

export interface ConnectionOptions {
  readonly connectionString: string
  /** In ms: for one piece of work, and for the making. Whoever answers no more is given up. */
  readonly timeout: number
  /** Called when another session sent a notification. */
  readonly notified?: () => void
  /** Called once, when it is of no more use. */
  readonly lost?: () => void
}

// A server that is gone without a word is noticed even while nothing is asked of it.
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 }
/** For the good-bye. */
const FAREWELL = 2000

export class Connection {
  #loss: SluiceError | undefined
  readonly #options: ConnectionOptions
  readonly #client: Client
  readonly #socket: Socket

  static async open(options: ConnectionOptions): Promise<Connection> {
    const pg = await peers.pg()
    const connection = made(() => new Connection(options, pg.default.Client))
    await connection.#connect()
    return connection
  }

  private constructor(options: ConnectionOptions, PgClient: typeof Client) {
    this.#options = options
    // Its own, so that a connection on which nobody answers can be ended.
    const socket = new Socket()
    this.#socket = socket
    const { connectionString } = options
    this.#client = new PgClient({
      application_name: 'sluicegate',
      connectionString,
      stream: () => socket,
      ...KEEP_ALIVE,
    })
    this.#client.on('error', error => this.#lose(error))
    this.#client.on('end', () => this.#lose(undefined))
    this.#client.on('notification', () => this.#options.notified?.())
  }

  get isLost(): boolean {
    return this.#loss !== undefined
  }

  /** Rejects with the loss if there was one, and with what the server says if it refused a statement. */
  async use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    try {
      return await this.#bounded(async () => await work(this.#client))
    } catch (error) {
      if (isFarewell(error)) this.#lose(error)
      throw this.#loss ?? error
    }
  }

  async end(): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), FAREWELL)
    await this.#client.end()
    clearTimeout(timer)
  }

  async #connect(): Promise<void> {
    try {
      await this.#bounded(() => this.#client.connect())
    } catch (error) {
      this.#socket.destroy()
      if (error instanceof SluiceError) throw error
      if (isRefusal(error)) throw refused(error)
      throw loss('can not be reached', error)
    }
  }

  #bounded<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { timeout } = this.#options
      const guard = Guard.of({ timeout }, 'The work of a PostgreSQL connection', error => {
        this.#lose(error)
        reject(error)
      })
      work()
        .finally(() => guard?.disarm())
        .then(resolve, reject)
    })
  }

  #lose(cause: unknown): void {
    if (this.#loss !== undefined) return
    this.#loss = SluiceError.is(cause) ? cause : loss('closed the connection', cause)
    this.#socket.destroy()
    this.#options.lost?.()
  }
}

/** Whether it was the connection that failed, and not what was asked. */
export function isLoss(error: unknown): error is SluiceError {
  return error instanceof SluiceError && /^(?:E[A-Z]+|ERR_TIMEOUT)$/u.test(error.code) && !isRefusal(error.cause)
}

/** What the server refused, as an error of ours; anything else as it is. Its own, with SQL's code, is the cause. */
export function refused(error: unknown): unknown {
  if (!isRefusal(error)) return error
  return new SluiceError(SYSTEM_CODES.find(([states]) => states.test(error.code))?.[1] ?? 'EPROTO', error.message, {
    cause: error,
  })
}

/** The classes of SQL's codes that the operating system has a name for. */
const SYSTEM_CODES: readonly (readonly [states: RegExp, code: string])[] = [
  [/^(?:28|42501)/u, 'EACCES'],
  [/^(?:3D|3F|42P01)/u, 'ENOENT'],
  [/^(?:53100)/u, 'ENOSPC'],
]

function isRefusal(error: unknown): error is Error & { readonly code: string } {
  return isOfServer(error) && !isFarewell(error)
}

/** `pg` reads the connection string, and files that it names, at once. Its error shows the string, and with it the password. */
function made<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof Error && 'input' in error) {
      throw invalidOption('connectionString', 'one that `pg` understands', 'something else')
    }
    throw loss('can not be reached', error)
  }
}

function loss(what: string, cause: unknown): SluiceError {
  // Of several addresses the first one speaks for all.
  const reason: unknown = cause instanceof AggregateError ? cause.errors[0] : cause
  const { code, message } = (reason ?? {}) as { code?: unknown; message?: string }
  const text = message === undefined || message === '' ? '' : `: ${message}`
  const known = typeof code === 'string' && /^E[A-Z]+$/u.test(code) ? code : 'ECONNRESET'
  return new SluiceError(known, `PostgreSQL ${what}${text}`, cause === undefined ? undefined : { cause })
}

/** An answer of the server: `code` is one of SQL's, of five characters. */
function isOfServer(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && /^[0-9A-Z]{5}$/u.test(String(error.code))
}

/** The last a server says on a connection: that it shuts down, starts up or has no place, that this one idled too long, or that the line is broken. */
function isFarewell(error: unknown): boolean {
  return isOfServer(error) && /^(?:08|57P0|25P03|53300)/u.test(error.code)
}
