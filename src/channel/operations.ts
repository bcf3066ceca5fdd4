// What each call on a channel does when it isn't the common case: checks, the verdict of the rules, and parking.
import { channelClosed, channelFull, manyOptions, tooManyPlaces } from '../bounds.ts'
import { abortError, timeoutError } from '../errors.ts'
import { channelPark } from '../observe/index.ts'
import { DONE, ready, refused, settledLater } from '../ready.ts'
import { turn } from '../turn.ts'
import { checkWait, Guard, triesOnce, type WaitOptions } from '../wait.ts'
import type { ChannelCore } from './channel-core.ts'
import { Permit } from './permit.ts'
import { isRipe, ManyReceive, takeMany } from './receive-many.ts'
import { END, SingleReceive, type Owner, type Received } from './receiving.ts'
import { Reservation, SingleSend } from './sending.ts'
import { tellPark } from './trace.ts'
import type { ReceiveManyOptions, SendPermit } from './types.ts'

export function sendSlowly<T>(core: ChannelCore<T>, value: T, options: WaitOptions | undefined): Promise<void> {
  try {
    checkWait(options)
    const size = core.isOpen ? core.measure(value) : 0
    // `sizeOf` may have closed the channel, or aborted.
    if (!core.isOpen) throw channelClosed(core.name, value, core.cause)
    if (options?.signal?.aborted === true) throw abortError(options.signal)
    // Before the offer, which may wake a receiver: that one is to settle after us.
    const isNow = turn.tick()
    const verdict = core.offer(value, size)
    if (verdict === 'accept' || verdict === 'drop') return isNow ? DONE : settledLater(undefined)
    if (verdict === 'refuse') throw channelFull(core.name, core.capacity, value)
    if (triesOnce(options)) throw timeoutError('send', 0)
    const send = new SingleSend(core, value, size)
    core.senders.append(send)
    if (channelPark.hasSubscribers) tellPark(core)
    send.guard = Guard.of(options, 'send', error => core.withdraw(send, error))
    return send.promise
  } catch (error) {
    return refused(error)
  }
}

export function reserve<T>(
  core: ChannelCore<T>,
  options: (WaitOptions & { count?: number }) | undefined,
): Promise<SendPermit<T>> {
  try {
    checkWait(options)
    const { count = 1 } = options ?? {}
    if (!Number.isInteger(count) || count < 1 || count > core.capacity) throw tooManyPlaces(count, core.capacity)
    if (!core.isOpen) throw channelClosed(core.name, undefined, core.cause)
    const isNow = turn.tick()
    const verdict = core.offerPlaces(count)
    if (verdict === 'accept') {
      const permit = new Permit(core, count)
      return isNow ? Promise.resolve(permit) : settledLater(permit)
    }
    if (verdict === 'refuse') throw channelFull(core.name, core.capacity, undefined)
    if (triesOnce(options)) throw timeoutError('reserve', 0)
    const reservation = new Reservation(core, count)
    core.senders.append(reservation)
    if (channelPark.hasSubscribers) tellPark(core)
    reservation.guard = Guard.of(options, 'reserve', error => core.withdraw(reservation, error))
    return reservation.promise
  } catch (error) {
    return refused(error)
  }
}

/** The next item of a channel that is ready. */
export function receiveReady<T>(core: ChannelCore<T>): Promise<Received<T>> {
  // Before the item is taken, which may wake a sender: that one is to settle after us.
  const isNow = turn.tick()
  const value = core.take(undefined)
  if (!core.isOpen) core.settle()
  return isNow ? Promise.resolve({ value, done: false }) : settledLater<Received<T>>({ value, done: false })
}

export function receiveSlowly<T>(
  core: ChannelCore<T>,
  options: WaitOptions | undefined,
  owner?: Owner,
): Promise<Received<T>> {
  try {
    checkWait(options)
    if (core.isReady) return receiveReady(core)
    if (core.isOver) return over<Received<T>>(core, END)
    const receive = new SingleReceive(core)
    receive.owner = owner
    core.receivers.append(receive)
    core.settle()
    if (!receive.isQueued) return receive.promise
    if (triesOnce(options)) {
      core.receivers.remove(receive)
      throw timeoutError('receive', 0)
    }
    receive.guard = Guard.of(options, 'receive', error => core.withdrawReceiver(receive, error))
    return receive.promise
  } catch (error) {
    return refused(error)
  }
}

export function receiveMany<T>(
  core: ChannelCore<T>,
  max: number,
  options: ReceiveManyOptions | undefined,
  owner?: Owner,
): Promise<T[]> {
  try {
    checkWait(options)
    const { target, maxDelay } = manyOptions(max, options)
    if (core.receivers.first === undefined && isRipe(core, target)) {
      const isNow = turn.tick()
      const values = takeMany(core, max)
      if (!core.isOpen) core.settle()
      return isNow ? Promise.resolve(values) : settledLater(values)
    }
    if (core.isOver) return over<T[]>(core, [])
    const receive = new ManyReceive(core, max, target, maxDelay)
    receive.owner = owner
    core.receivers.append(receive)
    core.settle()
    if (!receive.isQueued) return receive.promise
    if (triesOnce(options)) {
      core.withdrawReceiver(receive, timeoutError('receiveMany', 0))
      return receive.promise
    }
    receive.guard = Guard.of(options, 'receiveMany', error => core.withdrawReceiver(receive, error))
    return receive.promise
  } catch (error) {
    return refused(error)
  }
}

/** What is said of a channel that is over. */
export function over<R>(core: { readonly hasFailed: boolean; readonly cause: unknown }, end: R): Promise<R> {
  if (core.hasFailed) return refused(core.cause)
  return ready(end)
}
