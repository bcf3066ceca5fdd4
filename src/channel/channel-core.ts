// The state of a channel and its rules: who gets in, who gets what, and when it is over. Promises, options and the public
// surface are in the files of the operations. Each step leaves it settled: nobody waits for what is there.
import { channelClosed, tooManyPlaces } from '../bounds.ts'
import type { SluiceError } from '../errors.ts'
import { channelResume } from '../observe/index.ts'
import { policies, sizeIn, type ChannelSettings } from './channel-options.ts'
import { Drops } from './drops.ts'
import { Durations } from './durations.ts'
import { Held } from './held.ts'
import type { Full, OverflowPolicy, Verdict } from './overflow/index.ts'
import type { Receiving } from './receiving.ts'
import { Reservation, SingleSend, ValueSending, type Sending } from './sending.ts'
import { tellResume } from './trace.ts'
import { WaitingList } from '../waiting.ts'

type State = 'open' | 'closing' | 'ended' | 'canceled'

export class ChannelCore<T> implements Full {
  readonly name: string
  readonly senders: WaitingList<Sending<T>> = new WaitingList<Sending<T>>()
  readonly receivers: WaitingList<Receiving<T>> = new WaitingList<Receiving<T>>()
  capacity: number
  /** Places that permits keep free. */
  reserved = 0
  state: State = 'open'
  /** What `close` or `cancel` was called with. */
  cause: unknown = undefined
  hasFailed = false
  sent = 0
  /** Senders and receivers that are counted, and open. */
  senderHandles = 0
  receiverHandles = 0
  readonly sendWaits: Durations = new Durations()
  readonly settings: ChannelSettings<T>
  readonly held: Held<T>
  readonly drops: Drops<T>
  readonly #policy: OverflowPolicy
  readonly #isMeasured: boolean
  #onOver: (() => void) | undefined

  constructor(settings: ChannelSettings<T>) {
    this.settings = settings
    this.name = settings.name
    this.capacity = settings.capacity
    this.#policy = policies[settings.overflow]
    this.#isMeasured = settings.sizeOf !== undefined
    this.held = new Held<T>(this.#isMeasured)
    this.drops = new Drops<T>(settings.name, settings.onDrop)
  }

  get length(): number {
    return this.held.length
  }

  get isAwaited(): boolean {
    return this.senders.first !== undefined
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  get isCanceled(): boolean {
    return this.state === 'canceled'
  }

  /** Nothing comes any more, and nothing is left. */
  get isOver(): boolean {
    return this.state === 'ended' || this.state === 'canceled'
  }

  /** Calls back once when it is over. */
  whenOver(callback: () => void): void {
    if (this.isOver) callback()
    else this.#onOver = callback
  }

  /** Bytes of a value, which is asked for them once. Throws for what can't be measured, and for what is too large for this channel. */
  measure(value: T): number {
    return this.#isMeasured ? sizeIn(this.settings, value) : 0
  }

  /** Places, and bytes; a value over the budget fits when nothing else is held. */
  fits(count: number, size: number): boolean {
    const { length, bytes } = this.held
    if (length + this.reserved + count > this.capacity) return false
    return !this.#isMeasured || bytes + size <= this.settings.maxBytes || length === 0
  }

  /** A send that neither waits nor drops: the common case, in as few steps as it takes. False leaves everything as it was. */
  acceptReady(value: T): boolean {
    if (this.state !== 'open' || this.senders.first !== undefined || this.receivers.first !== undefined) return false
    if (this.#isMeasured || this.held.length + this.reserved >= this.capacity) return false
    this.hold(value, 0)
    return true
  }

  /** Nothing more can come in until something is taken. */
  get isStuck(): boolean {
    if (this.senders.first !== undefined || this.held.length >= this.capacity) return true
    if (this.#isMeasured && this.held.bytes >= this.settings.maxBytes) return true
    return this.state === 'closing' && this.reserved === 0
  }

  /** There is an item, and nobody waits for it. */
  get isReady(): boolean {
    return this.held.length > 0 && this.receivers.first === undefined
  }

  /** Accepts a value by the rules, or says what becomes of it: 'wait', 'refuse', or 'drop', which has been done then. */
  offer(value: T, size: number): Verdict {
    if (this.#passes(value, size)) return 'accept'
    this.receivers.first?.hurry()
    if (this.#passes(value, size)) return 'accept'
    const verdict = this.#policy.onSend(this, size)
    if (verdict === 'accept') {
      this.hold(value, size)
      this.drops.reportDisplaced()
    } else if (verdict === 'drop') {
      this.drops.report([value], 'newest')
    }
    return verdict
  }

  /** Reserves by the rules. */
  offerPlaces(count: number): Verdict {
    if (!this.isAwaited && this.fits(count, 0)) {
      this.reserved += count
      return 'accept'
    }
    this.receivers.first?.hurry()
    const fits = !this.isAwaited && this.fits(count, 0)
    const verdict = fits ? 'accept' : this.#policy.onReserve(this, count)
    if (verdict === 'accept') {
      this.reserved += count
      this.drops.reportDisplaced()
    }
    return verdict
  }

  /** A permit's value: its place is there, whatever the byte budget says. */
  fulfil(value: T, size: number): void {
    this.reserved -= 1
    const receiver = this.receivers.first
    if (receiver === undefined || this.held.length > 0 || !receiver.give(value)) this.hold(value, size)
    else this.sent += 1
    this.settle()
  }

  giveBack(places: number): void {
    if (this.isCanceled) return
    this.reserved -= places
    this.settle()
  }

  /** Takes a value in. There is room for it. */
  hold(value: T, size: number): void {
    this.held.add(value, size)
    this.sent += 1
  }

  /** There is an item to take: held, or in the hand of a sender that waits. */
  hasItemFor(selection: object | undefined): boolean {
    return this.held.length > 0 || this.#partnerOf(selection) !== undefined
  }

  /** The next item; `hasItemFor` said that there is one. Who waits for its place gets in. Unless it is open, the channel is to be settled then. */
  take(selection: object | undefined): T {
    if (this.held.length === 0) {
      const partner = this.#partnerOf(selection) as ValueSending<T>
      partner.leave()
      this.sent += 1
      partner.accepted()
      return partner.value
    }
    const value = this.held.removeOldest()
    if (this.senders.first !== undefined) this.#admit()
    return value
  }

  dropOldest(): void {
    this.drops.displace(this.held.removeOldest())
  }

  /** Takes a sender out of the list, for whatever reason, and counts how long it waited. */
  dismissSender(sender: Sending<T>): void {
    if (!sender.isQueued) return
    this.senders.remove(sender)
    const waitedMs = this.sendWaits.endSince(sender.since)
    if (channelResume.hasSubscribers) tellResume(this.name, waitedMs)
  }

  /** Lets everybody go on who can. */
  settle(): void {
    if (this.isOver) return
    this.#admit()
    // A `select` may take others out of this list when it is served, so each success starts again.
    let receiver = this.receivers.first
    while (receiver !== undefined) {
      if (receiver.attempt()) receiver = this.receivers.first
      else receiver = receiver.selection === undefined ? undefined : receiver.after
    }
    this.#endIfDone()
  }

  /** No more input. Sends that wait keep their turn; reservations have no value yet, so they are refused. */
  close(hasError: boolean, error: unknown): void {
    if (this.state !== 'open') return
    this.state = 'closing'
    this.hasFailed = hasError
    this.cause = error
    this.#refuseReservations(() => channelClosed(this.name, undefined, error))
    this.settle()
  }

  /** Whoever receives gives up: what is held is dropped, and who waits to send is refused. */
  cancel(reason: unknown): void {
    if (this.isOver) return
    this.state = 'canceled'
    if (!this.hasFailed) this.cause = reason
    const values = this.held.removeAll()
    this.reserved = 0
    for (let sender = this.senders.first; sender !== undefined; sender = this.senders.first) {
      this.#expel(sender, channelClosed(this.name, sender.value, reason))
    }
    this.#over()
    this.drops.report(values, 'canceled')
  }

  /** Nothing that is held goes; what waits and can't fit any more is refused. */
  resize(capacity: number): void {
    this.capacity = capacity
    this.#refuseReservations(({ count }) => (count > capacity ? tooManyPlaces(count, capacity) : undefined))
    this.settle()
  }

  /** Ends the wait of a sender. Who waited behind it may go on. */
  withdraw(sender: Sending<T>, error: unknown): void {
    this.#expel(sender, error)
    this.settle()
  }

  /** The same for a receiver. */
  withdrawReceiver(receiver: Receiving<T>, error: unknown): void {
    this.receivers.remove(receiver)
    receiver.fail(error)
    this.settle()
  }

  #refuseReservations(why: (reservation: Reservation<T>) => SluiceError | undefined): void {
    let sender = this.senders.first
    while (sender !== undefined) {
      const next = sender.after
      const error = sender instanceof Reservation ? why(sender) : undefined
      if (error !== undefined) this.#expel(sender, error)
      sender = next
    }
  }

  /** Takes a value past the list of senders only when none is in it, or when those in it can't be served by this receiver. */
  #passes(value: T, size: number): boolean {
    const receiver = this.receivers.first
    if (this.senders.first !== undefined) return receiver !== undefined && this.#probes(value, size)
    if (receiver !== undefined && this.held.length === 0 && receiver.give(value)) {
      this.sent += 1
      return true
    }
    if (!this.fits(1, size)) return false
    this.hold(value, size)
    if (receiver !== undefined) this.settle()
    return true
  }

  /** Senders and receivers that wait at once are cases of one `select`, or behind one: the list decides, with the value at its end. */
  #probes(value: T, size: number): boolean {
    const probe = new SingleSend(this, value, size)
    this.senders.append(probe)
    this.settle()
    if (!probe.isQueued) return true
    this.senders.remove(probe)
    return false
  }

  #admit(): void {
    while (this.senders.first?.tryEnter() === true);
  }

  /** The first send that can be taken out of its sender's hand. A reservation before it has none, and is not overtaken. */
  #partnerOf(selection: object | undefined): ValueSending<T> | undefined {
    for (let sender = this.senders.first; sender instanceof ValueSending; sender = sender.after) {
      if (selection === undefined || sender.selection !== selection) return sender
    }
    return undefined
  }

  #endIfDone(): void {
    if (this.state !== 'closing') return
    if (this.held.length > 0 || this.reserved > 0 || this.senders.first !== undefined) return
    this.state = 'ended'
    this.#over()
  }

  #over(): void {
    for (let receiver = this.receivers.shift(); receiver !== undefined; receiver = this.receivers.shift()) {
      if (this.hasFailed) receiver.fail(this.cause)
      else receiver.end()
    }
    this.#onOver?.()
    this.#onOver = undefined
  }

  #expel(sender: Sending<T>, error: unknown): void {
    this.dismissSender(sender)
    sender.fail(error)
  }
}
