// The connection to the servers: what fails while it is away is tried again for as long as is bearable, and readers are told that it was.
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type * as Transport from '@nats-io/transport-node'
import { SluiceError } from '../../errors.ts'
import { closedLog, unreachable } from '../cluster-errors.ts'
import { peers } from '../peers.ts'
import { Again, isForbidden, isPassing, refusal } from './refusals.ts'
import type { Servers } from './servers.ts'

/** An operation that got no answer for so long fails. */
export const PATIENCE = 10_000
/** One request, and one start of a connection. */
export const REQUEST = 3000
const PAUSE = 100
const RECONNECT = 250
// A connection that swallows everything is noticed after two or three of these.
const PING = 20_000

/** One try of several. */
export interface Attempt {
  /** An earlier one may have done it already. */
  readonly isRepeated: boolean
  /** Another one has taken over; an answer may come nevertheless. */
  readonly isGivenUp: boolean
}

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Connection {
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly manager: JetStreamManager
  readonly transport: typeof Transport
  /** For errors: without credentials. */
  readonly servers: string
  readonly #losses = new Set<() => void>()
  readonly #partings = new Set<Promise<void>>()
  #waiting: Waiting[] = []
  #isUp = true
  // Why it will not come back.
  #end: SluiceError | undefined

  static async open({ hosts, shown, credentials, isEncrypted }: Servers, stream: string): Promise<Connection> {
    const transport = await peers.transport()
    const jetstream = await peers.jetstream()
    try {
      const nc = await transport.connect({
        ...credentials,
        ...(isEncrypted ? { tls: {} } : {}),
        servers: [...hosts],
        name: `sluicegate ${stream}`,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT,
        timeout: REQUEST,
        pingInterval: PING,
      })
      const manager = await jetstream.jetstreamManager(nc, { timeout: REQUEST, checkAPI: false })
      return new Connection(shown, transport, nc, manager)
    } catch (error) {
      throw gone(`No connection to ${shown}`, error)
    }
  }

  private constructor(servers: string, transport: typeof Transport, nc: NatsConnection, manager: JetStreamManager) {
    this.servers = servers
    this.transport = transport
    this.nc = nc
    this.manager = manager
    this.js = manager.jetstream()
    void this.#watch()
    void this.#attend()
  }

  /** Called each time the connection is lost, until `forget`. */
  onLoss(lost: () => void): void {
    this.#losses.add(lost)
  }

  forget(lost: () => void): void {
    this.#losses.delete(lost)
  }

  /** Tries until the outcome is clear. */
  async call<T>(what: string, make: (attempt: Attempt) => Promise<T>): Promise<T> {
    const until = performance.now() + PATIENCE
    for (let isRepeated = false; ; isRepeated = true) {
      const attempt = { isRepeated, isGivenUp: false }
      try {
        await this.#up(until)
        return await this.#untilLoss(make(attempt))
      } catch (error) {
        attempt.isGivenUp = true
        if (error instanceof SluiceError) throw error
        if (!isPassing(error)) throw refusal(what, error)
        if (performance.now() + PAUSE >= until) throw unreachable(`${what}: no answer from ${this.servers}`, error)
      }
      await new Promise(resolve => void setTimeout(resolve, PAUSE))
    }
  }

  /** Tells the server that a consumer is not needed any more; else it finds out a minute later. */
  leave(stream: string, consumer: string): void {
    if (!this.#isUp) return
    const parting = this.manager.consumers.delete(stream, consumer).then(nothing, nothing)
    this.#partings.add(parting)
    void parting.then(() => this.#partings.delete(parting))
  }

  async close(name: string): Promise<void> {
    await Promise.all(this.#partings)
    this.#stop(closedLog(name))
    await this.nc.close()
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.nc.status()) {
      if (type === 'disconnect') {
        this.#isUp = false
        this.#tellLoss()
      } else if (type === 'reconnect') {
        this.#isUp = true
        for (const { resolve } of this.#waiting.splice(0)) resolve()
      }
    }
  }

  async #attend(): Promise<void> {
    const error = await this.nc.closed()
    this.#stop(gone(`The connection to ${this.servers} has ended`, error ?? 'closed'))
  }

  // The client library lets requests wait for answers that can't come any more.
  #untilLoss<T>(outcome: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new Again('the connection was lost'))
      this.#losses.add(lost)
      void outcome.then(resolve, reject).then(() => this.#losses.delete(lost))
    })
  }

  #stop(error: SluiceError): void {
    if (this.#end !== undefined) return
    this.#end = error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
    this.#tellLoss()
  }

  #tellLoss(): void {
    for (const lost of this.#losses) lost()
  }

  #up(until: number): Promise<void> | undefined {
    if (this.#end !== undefined) throw this.#end
    if (this.#isUp) return undefined
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter(other => other !== waiting)
        reject(unreachable(`No connection to ${this.servers}`, `for ${PATIENCE} ms`))
      }, until - performance.now())
      const settle =
        <A extends unknown[]>(how: (...args: A) => void) =>
        (...args: A): void => {
          clearTimeout(timer)
          how(...args)
        }
      const waiting: Waiting = { resolve: settle(resolve), reject: settle(reject) }
      this.#waiting.push(waiting)
    })
  }
}

/** A server that is there and lets nobody in will not change its mind. */
function gone(what: string, error: unknown): SluiceError {
  return isForbidden(error) ? refusal(what, error) : unreachable(what, error)
}

function nothing(): void {}
