// The native environment of this JS thread: its wake-ups go to endpoints, children, journals and waits by id, its keep-alive count to the event loop.
// What they do with a wake-up is their business.
import { errnoError, SluiceError } from '../errors.ts'
import { turn } from '../turn.ts'
import type { NativeEnvironment } from './addon.ts'
import { loadNative } from './loader.ts'
import { WaitTable } from './wait-table.ts'

/** Who is told about the readiness of an endpoint, the events of a child, the outcomes of a journal, or that a wait may go on. */
export interface Handler {
  ready(): void
  /** The I/O thread is gone: nothing will ever become ready again. */
  fail(error: SluiceError): void
}

/** Counted: the event loop is kept alive while somebody holds. */
export interface KeepAlive {
  hold(): void
  drop(): void
}

/** What an endpoint needs of its environment. */
export interface EndpointHost extends KeepAlive {
  readonly eagain: number
  addEndpoint(id: number, handler: Handler): void
  removeEndpoint(id: number): void
  /** Has `ready` called again, behind the others that are due. */
  requeue(handler: Handler): void
}

/** What needs of its environment who waits in something that threads share. */
export interface WaitHost extends KeepAlive {
  /** Set once the I/O thread died: nothing that waits would ever be told. */
  readonly failure: SluiceError | undefined
  /** A number that no wait of this thread has, and never 0. */
  readonly freeWait: number
  /** Takes that number. */
  addWait(handler: Handler): void
  removeWait(wait: number): void
}

const CHILD = 1
const JOURNAL = 2
const WAIT = 3

export class Environment implements EndpointHost, WaitHost {
  readonly native: NativeEnvironment
  readonly eagain: number
  #failure: SluiceError | undefined
  readonly #endpoints = new Map<number, Handler>()
  readonly #children = new Map<number, Handler>()
  readonly #journals = new Map<number, Handler>()
  readonly #waits = new WaitTable()
  readonly #events = new Uint32Array(512)
  #due: Handler[] = []
  #immediate = false
  #holds = 0

  constructor(open: (wake: () => void) => NativeEnvironment, eagain: number) {
    const native = open(() => this.#wake())
    this.native = Object.assign(native, native.bound())
    this.eagain = eagain
  }

  /** Set once the I/O thread died; nothing can be started any more. */
  get failure(): SluiceError | undefined {
    return this.#failure
  }

  get freeWait(): number {
    return this.#waits.free
  }

  addEndpoint(id: number, handler: Handler): void {
    this.#endpoints.set(id, handler)
  }

  removeEndpoint(id: number): void {
    this.#endpoints.delete(id)
  }

  addChild(id: number, handler: Handler): void {
    this.#children.set(id, handler)
  }

  removeChild(id: number): void {
    this.#children.delete(id)
  }

  addJournal(id: number, handler: Handler): void {
    this.#journals.set(id, handler)
  }

  removeJournal(id: number): void {
    this.#journals.delete(id)
  }

  addWait(handler: Handler): void {
    this.#waits.add(handler)
  }

  removeWait(wait: number): void {
    this.#waits.remove(wait)
  }

  hold(): void {
    if (this.#holds++ === 0) this.native.ref()
  }

  drop(): void {
    if (--this.#holds === 0) this.native.unref()
  }

  requeue(handler: Handler): void {
    this.#due.push(handler)
    this.#scheduleDue()
  }

  #wake(): void {
    turn.renew()
    const events = this.#events
    const others: Handler[] = []
    let count: number
    do {
      count = this.native.drain(events)
      if (count < 0) return this.#poison()
      for (let i = 0; i + 1 < count; i += 2) {
        const kind = events[i] as number
        const handler = this.#handlers(kind).get(events[i + 1] as number)
        // Unknown ids are ordinary: a completion may be on its way while its endpoint is closed here.
        if (handler !== undefined) (kind === CHILD || kind === JOURNAL ? others : this.#due).push(handler)
      }
    } while (count === events.length)
    try {
      for (const other of others) other.ready()
    } finally {
      this.#runDue()
    }
  }

  #handlers(kind: number | undefined): { get(id: number): Handler | undefined } {
    if (kind === CHILD) return this.#children
    if (kind === JOURNAL) return this.#journals
    return kind === WAIT ? this.#waits : this.#endpoints
  }

  /** In order, until the turn's budget is spent; the rest comes after the event loop had its turn. */
  #runDue(): void {
    const due = this.#due
    this.#due = []
    let next = 0
    try {
      while (next < due.length && !turn.spent) (due[next++] as Handler).ready()
    } finally {
      // Those left over stay ahead of the ones that asked for another round.
      if (next < due.length) this.#due = [...due.slice(next), ...this.#due]
      if (this.#due.length > 0) this.#scheduleDue()
    }
  }

  #scheduleDue(): void {
    if (this.#immediate) return
    this.#immediate = true
    setImmediate(() => {
      this.#immediate = false
      turn.renew()
      this.#runDue()
    })
  }

  #poison(): void {
    const error = new SluiceError(
      'EIO',
      'the I/O thread of sluicegate stopped; nothing can be read, written or spawned any more',
    )
    this.#failure = error
    const handlers = [
      ...this.#endpoints.values(),
      ...this.#children.values(),
      ...this.#journals.values(),
      ...this.#waits.drain(),
    ]
    this.#endpoints.clear()
    this.#children.clear()
    this.#journals.clear()
    this.#due = []
    for (const handler of handlers) handler.fail(error)
  }
}

let current: Environment | undefined

/** This JS environment's one; made at the first call, which throws ERR_PLATFORM_UNSUPPORTED when the addon can't be had. */
export function environment(): Environment {
  if (current === undefined) {
    const { addon, shepherdPath } = loadNative()
    const outcome = addon.startReactor()
    if (outcome < 0) throw errnoError(-outcome, 'start of the I/O thread')
    current = new Environment(wake => new addon.Environment(wake, shepherdPath), addon.EAGAIN)
  }
  if (current.failure !== undefined) throw current.failure
  return current
}
