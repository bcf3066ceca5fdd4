// Waits of one instance in something that threads share. What became of a wait is known natively; here are its promise, what gives it
// up, and what keeps the event loop alive for it.
import type { SluiceError } from '../errors.ts'
import type { Handler, NativeWaits, WaitHost } from '../native/index.ts'
import { turn } from '../turn.ts'
import { Guard, type WaitOptions } from '../wait.ts'
import { Waiting, WaitingList } from '../waiting.ts'

/** A wait as its room sees it. */
abstract class Entry extends Waiting<Entry> implements Handler {
  abstract readonly number: number
  abstract readonly keepsAlive: boolean
  abstract ready(): void
  abstract fail(error: SluiceError): void
  /** The instance has left: nothing comes any more. */
  abstract left(): void
}

export class WaitRoom {
  readonly host: WaitHost
  readonly #native: NativeWaits
  readonly #waits = new WaitingList<Entry>()
  hasLeft = false

  constructor(host: WaitHost, native: NativeWaits) {
    this.host = host
    this.#native = native
  }

  /** The number for a call that may wait; 0 for one that must not. */
  numberFor(mayWait: boolean): number {
    if (this.host.failure !== undefined) throw this.host.failure
    return mayWait ? this.host.freeWait : 0
  }

  enter(wait: Entry): void {
    this.#waits.append(wait)
    this.host.addWait(wait)
    if (wait.keepsAlive) this.host.hold()
  }

  exit(wait: Entry): void {
    this.#waits.remove(wait)
    this.host.removeWait(wait.number)
    if (wait.keepsAlive) this.host.drop()
  }

  giveUp(wait: Entry): boolean {
    return this.#native.giveUp(wait.number)
  }

  /** Ends all waits of the instance. What was served before keeps what it was given. */
  leave(): void {
    if (this.hasLeft) return
    this.hasLeft = true
    for (const wait of this.#waits.all()) wait.ready()
    // Another thread may serve one meanwhile, and giving one up may let in those behind it: the last is the first to go.
    for (const wait of this.#waits.all().reverse()) if (!this.giveUp(wait)) wait.ready()
    this.#native.leave()
    for (let wait = this.#waits.shift(); wait !== undefined; wait = this.#waits.shift()) wait.left()
  }
}

/** One operation that waits. It has been told natively to wait under the number that was free. */
export abstract class Wait<T> extends Entry {
  readonly number: number
  readonly promise: Promise<T>
  readonly keepsAlive: boolean
  readonly #room: WaitRoom
  #guard: Guard | undefined
  #isOver = false
  #resolve!: (value: T) => void
  #reject!: (error: unknown) => void

  constructor(room: WaitRoom, keepsAlive: boolean) {
    super()
    this.#room = room
    this.number = room.host.freeWait
    this.keepsAlive = keepsAlive
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    room.enter(this)
  }

  /** Settles, if its outcome is there. It may be called in vain. */
  abstract look(): void

  bound(options: WaitOptions | undefined, what: string): Promise<T> {
    this.#guard = Guard.of(options, what, error => this.giveUp(error))
    return this.promise
  }

  ready(): void {
    if (this.#isOver) return
    try {
      this.look()
    } catch (error) {
      // What it was given can't be read.
      if (!this.#isOver) this.reject(error)
    }
  }

  /** The I/O thread is gone: nobody will ever be woken. */
  fail(error: SluiceError): void {
    this.giveUp(error)
  }

  giveUp(error: unknown): void {
    this.withdraw(() => this.reject(error))
  }

  /** What was served before stays so: the outcome is on its way, and is taken here. */
  protected withdraw(settle: () => void): void {
    if (this.#isOver) return
    if (this.#room.giveUp(this)) settle()
    else this.ready()
  }

  protected ended(): void {}

  protected resolve(value: T): void {
    this.#end()
    turn.soon(this.#resolve, value)
  }

  protected reject(error: unknown): void {
    this.#end()
    turn.soon(this.#reject, error)
  }

  #end(): void {
    this.#isOver = true
    this.#guard?.disarm()
    this.#room.exit(this)
    this.ended()
  }
}
