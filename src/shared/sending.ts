// The sending half of a shared channel: send, trySend and reserve, and their waits.
import { channelFull, permitUsed, tooManyPlaces } from '../bounds.ts'
import type { SendPermit } from '../channel/index.ts'
import { abortError, timeoutError } from '../errors.ts'
import { ACCEPTED, CLOSED, DROPPED, FULL, SETTLED, UNSETTLED, WAITING } from '../native/index.ts'
import { DONE, refused, settledLater } from '../ready.ts'
import { turn } from '../turn.ts'
import { checkWait, triesOnce, type WaitOptions } from '../wait.ts'
import { encoded, forgetEncoded } from './codec.ts'
import type { Port } from './port.ts'
import { Wait } from './waits.ts'

export function send<T>(port: Port<T>, value: T, options: WaitOptions | undefined): Promise<void> {
  try {
    if (options !== undefined) checkWait(options)
    if (!canEncode(port, value)) throw port.closed(value)
    if (options?.signal?.aborted === true) throw abortError(options.signal)
    const isNow = turn.tick()
    const once = triesOnce(options)
    const outcome = hand(port, port.room.numberFor(!once))
    if (outcome === ACCEPTED || outcome === DROPPED) return isNow ? DONE : settledLater(undefined)
    if (outcome === WAITING) return new SendWait(port, value).bound(options, 'send')
    throw refusal(port, outcome, value, once ? 'send' : undefined)
  } catch (error) {
    forgetEncoded()
    return refused(error)
  }
}

export function trySend<T>(port: Port<T>, value: T): 'sent' | 'full' | 'closed' | 'dropped' {
  if (!canEncode(port, value)) return 'closed'
  const outcome = hand(port, 0)
  if (outcome === ACCEPTED) return 'sent'
  if (outcome === FULL) return 'full'
  return outcome === CLOSED ? 'closed' : 'dropped'
}

export function reserve<T>(
  port: Port<T>,
  options: (WaitOptions & { count?: number }) | undefined,
): Promise<SendPermit<T>> {
  try {
    checkWait(options)
    const { count = 1 } = options ?? {}
    if (!Number.isInteger(count) || count < 1 || count > port.capacity) throw tooManyPlaces(count, port.capacity)
    if (port.hasLeft) throw port.closed(undefined)
    const isNow = turn.tick()
    const once = triesOnce(options)
    const outcome = port.native.reserve(port.room.numberFor(!once), count)
    if (outcome === WAITING) return new ReserveWait(port, count).bound(options, 'reserve')
    if (outcome !== ACCEPTED) throw refusal(port, outcome, undefined, once ? 'reserve' : undefined)
    const permit = new SharedPermit(port, count)
    return isNow ? Promise.resolve(permit) : settledLater<SendPermit<T>>(permit)
  } catch (error) {
    return refused(error)
  }
}

/** False when the instance has left, also while the value was encoded: that may call back into anything. */
function canEncode<T>(port: Port<T>, value: T): boolean {
  if (port.hasLeft) return false
  port.codec.encode(value)
  if (port.hasLeft) forgetEncoded()
  return !port.hasLeft
}

/** Hands over what was encoded. */
function hand<T>(port: Port<T>, wait: number): number {
  const outcome = port.native.send(wait, encoded.bytes, encoded.length)
  forgetEncoded()
  return outcome
}

/** `what`: the operation, if it would have waited but for its timeout of 0. */
function refusal<T>(port: Port<T>, outcome: number, value: unknown, what: string | undefined): Error {
  if (outcome === CLOSED) return port.closed(value)
  return what === undefined || port.refusesWhenFull ? channelFull('', port.capacity, value) : timeoutError(what, 0)
}

abstract class RoomWait<T, R> extends Wait<R> {
  protected readonly port: Port<T>

  constructor(port: Port<T>) {
    super(port.room, true)
    this.port = port
  }

  protected abstract readonly value: T | undefined
  protected abstract accepted(): void

  override look(): void {
    const outcome = this.port.native.settled(this.number)
    if (outcome === UNSETTLED) return
    if (outcome === SETTLED) this.accepted()
    else this.left()
  }

  override left(): void {
    this.reject(this.port.closed(this.value))
  }
}

class SendWait<T> extends RoomWait<T, void> {
  protected override readonly value: T

  constructor(port: Port<T>, value: T) {
    super(port)
    this.value = value
  }

  protected override accepted(): void {
    this.resolve(undefined)
  }
}

class ReserveWait<T> extends RoomWait<T, SendPermit<T>> {
  protected override readonly value: undefined = undefined
  readonly #count: number

  constructor(port: Port<T>, count: number) {
    super(port)
    this.#count = count
  }

  protected override accepted(): void {
    this.resolve(new SharedPermit(this.port, this.#count))
  }
}

class SharedPermit<T> implements SendPermit<T> {
  readonly #port: Port<T>
  #left: number

  constructor(port: Port<T>, count: number) {
    this.#port = port
    this.#left = count
  }

  send(value: T): void {
    const port = this.#port
    if (this.#left === 0) throw permitUsed()
    if (!canEncode(port, value)) throw port.closed(value)
    if (this.#left === 0) throw permitUsed()
    const isIn = port.native.fulfil(encoded.bytes, encoded.length)
    forgetEncoded()
    if (!isIn) throw port.closed(value)
    this.#left -= 1
  }

  release(): void {
    const left = this.#left
    this.#left = 0
    if (left > 0) this.#port.native.release(left)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
