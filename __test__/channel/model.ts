// The rules of a channel once more, as plainly as they can be told: arrays, no promises, nothing fast. What an operation comes to is noted
// under its number, in the order in which it came to that.
import type { Overflow } from '../../src/channel/types.ts'

export interface Setup {
  readonly capacity: number
  readonly overflow: Overflow
  /** Undefined: bytes don't count. */
  readonly maxBytes: number | undefined
}

export interface Item {
  readonly value: number
  readonly size: number
}
interface SendWait {
  readonly kind: 'send'
  readonly id: number
  readonly item: Item
}
interface ReserveWait {
  readonly kind: 'reserve'
  readonly id: number
  readonly count: number
}
interface ReceiveWait {
  readonly kind: 'one' | 'many'
  readonly id: number
  readonly max: number
  readonly min: number
  /** An iterator's step: it tells an error once. */
  readonly iterator?: { done: boolean }
}

export class Model {
  capacity: number
  items: Item[] = []
  senders: (SendWait | ReserveWait)[] = []
  receivers: ReceiveWait[] = []
  reserved = 0
  state: 'open' | 'closing' | 'ended' | 'canceled' = 'open'
  failure: string | undefined
  readonly dropped: string[] = []
  readonly sends: string[] = []
  readonly receives: string[] = []
  readonly granted = new Set<number>()
  readonly #setup: Setup

  constructor(setup: Setup) {
    this.#setup = setup
    this.capacity = setup.capacity
  }

  get bytes(): number {
    return this.items.reduce((sum, { size }) => sum + size, 0)
  }

  get isOver(): boolean {
    return this.state === 'ended' || this.state === 'canceled'
  }

  #fits(count: number, size: number): boolean {
    if (this.items.length + this.reserved + count > this.capacity) return false
    return this.#setup.maxBytes === undefined || this.bytes + size <= this.#setup.maxBytes || this.items.length === 0
  }

  /** Whether the value goes somewhere without displacing anything. */
  #passes(item: Item): boolean {
    if (this.senders.length > 0) return false
    const [receiver] = this.receivers
    if (receiver !== undefined && this.items.length === 0 && (receiver.min <= 1 || !this.#fits(1, 0))) {
      this.items.push(item)
      this.#serve(receiver)
      return true
    }
    if (!this.#fits(1, item.size)) return false
    this.items.push(item)
    this.settle()
    return true
  }

  #hurry(): void {
    const [receiver] = this.receivers
    if (receiver !== undefined && this.items.length > 0) this.#serve(receiver)
  }

  offer(item: Item): 'sent' | 'dropped' | 'full' | 'wait' {
    if (this.#passes(item)) return 'sent'
    this.#hurry()
    if (this.#passes(item)) return 'sent'
    if (this.#setup.overflow === 'block') return 'wait'
    if (this.#setup.overflow === 'error') return 'full'
    if (this.#setup.overflow === 'drop-newest') {
      this.dropped.push(`${item.value} newest`)
      return 'dropped'
    }
    if (this.senders.length > 0 || this.reserved + 1 > this.capacity) return 'wait'
    const displaced: Item[] = []
    while (this.items.length > 0 && !this.#fits(1, item.size)) displaced.push(this.items.shift() as Item)
    const fits = this.#fits(1, item.size)
    if (fits) {
      this.items.push(item)
      this.settle()
    }
    for (const { value } of displaced) this.dropped.push(`${value} oldest`)
    return fits ? 'sent' : 'wait'
  }

  send(id: number, item: Item, once: boolean): void {
    if (this.state !== 'open') return void this.sends.push(`${id} ERR_CHANNEL_CLOSED`)
    const outcome = this.offer(item)
    if (outcome === 'sent' || outcome === 'dropped') this.sends.push(`${id} ok`)
    else if (outcome === 'full') this.sends.push(`${id} ERR_CHANNEL_FULL`)
    else if (once) this.sends.push(`${id} ERR_TIMEOUT`)
    else this.senders.push({ kind: 'send', id, item })
  }

  trySend(item: Item): string {
    if (this.state !== 'open') return 'closed'
    const outcome = this.offer(item)
    return outcome === 'wait' ? 'full' : outcome
  }

  reserve(id: number, count: number): void {
    if (count > this.capacity) return void this.sends.push(`${id} ERR_INVALID_OPTION`)
    if (this.state !== 'open') return void this.sends.push(`${id} ERR_CHANNEL_CLOSED`)
    const isFree = (): boolean => this.senders.length === 0 && this.#fits(count, 0)
    if (!isFree()) this.#hurry()
    if (!isFree() && this.#setup.overflow === 'error') return void this.sends.push(`${id} ERR_CHANNEL_FULL`)
    if (
      !isFree() &&
      this.#setup.overflow === 'drop-oldest' &&
      this.senders.length === 0 &&
      this.reserved + count <= this.capacity
    ) {
      while (this.items.length > 0 && !isFree()) this.dropped.push(`${(this.items.shift() as Item).value} oldest`)
    }
    if (isFree()) this.#grant(id, count)
    else this.senders.push({ kind: 'reserve', id, count })
  }

  #grant(id: number, count: number): void {
    this.reserved += count
    this.granted.add(id)
    this.sends.push(`${id} ok`)
  }

  permitSend(item: Item): string {
    if (this.state === 'canceled') return 'ERR_CHANNEL_CLOSED'
    this.reserved -= 1
    const [receiver] = this.receivers
    this.items.push(item)
    if (receiver !== undefined && this.items.length === 1) {
      this.items.pop()
      const isGiven = receiver.min <= 1 || !this.#fits(1, 0)
      this.items.push(item)
      if (isGiven) this.#serve(receiver)
    }
    this.settle()
    return 'ok'
  }

  permitRelease(left: number): void {
    if (this.state === 'canceled') return
    this.reserved -= left
    this.settle()
  }

  receive(wait: ReceiveWait, once: boolean): void {
    if (this.receivers.length === 0 && this.#isRipe(wait)) {
      this.#serve(wait)
      this.settle()
      return
    }
    if (this.isOver) return this.#end(wait)
    this.receivers.push(wait)
    this.settle()
    if (once && this.receivers.includes(wait)) this.giveUp(wait.id, 'ERR_TIMEOUT')
  }

  tryReceive(): string {
    const first = this.receivers[0]
    if (first === undefined && this.#hasItem()) {
      const value = this.#take()
      this.settle()
      return String(value)
    }
    if (!this.isOver) return 'nothing'
    return this.failure ?? 'done'
  }

  giveUp(id: number, code: string): void {
    const sender = this.senders.find(wait => wait.id === id)
    const receiver = this.receivers.find(wait => wait.id === id)
    if (sender !== undefined) {
      this.senders = this.senders.filter(wait => wait !== sender)
      this.sends.push(`${id} ${code}`)
    } else if (receiver !== undefined) {
      this.receivers = this.receivers.filter(wait => wait !== receiver)
      this.receives.push(`${id} ${code}`)
    } else return
    this.settle()
  }

  /** An iterator's `return()`. */
  leave(iterator: { done: boolean }): void {
    iterator.done = true
    const mine = this.receivers.filter(wait => wait.iterator === iterator)
    this.receivers = this.receivers.filter(wait => wait.iterator !== iterator)
    for (const { id } of mine) this.receives.push(`${id} done`)
    this.settle()
  }

  close(failure: string | undefined): void {
    if (this.state !== 'open') return
    this.state = 'closing'
    this.failure = failure
    this.#refuse(wait => wait.kind === 'reserve', 'ERR_CHANNEL_CLOSED')
    this.settle()
  }

  cancel(): void {
    if (this.isOver) return
    this.state = 'canceled'
    const { items } = this
    this.items = []
    this.reserved = 0
    this.#refuse(() => true, 'ERR_CHANNEL_CLOSED')
    for (const wait of this.receivers.splice(0)) this.#end(wait)
    for (const { value } of items) this.dropped.push(`${value} canceled`)
  }

  resize(capacity: number): void {
    this.capacity = capacity
    this.#refuse(wait => wait.kind === 'reserve' && wait.count > capacity, 'ERR_INVALID_OPTION')
    this.settle()
  }

  #refuse(which: (wait: SendWait | ReserveWait) => boolean, code: string): void {
    const refused = this.senders.filter(which)
    this.senders = this.senders.filter(wait => !which(wait))
    for (const { id } of refused) this.sends.push(`${id} ${code}`)
  }

  settle(): void {
    if (this.isOver) return
    this.#enter()
    for (
      let [receiver] = this.receivers;
      receiver !== undefined && this.#isRipe(receiver);
      [receiver] = this.receivers
    ) {
      this.#serve(receiver)
    }
    if (this.state === 'closing' && !this.#hasItem() && this.reserved === 0 && this.senders.length === 0) {
      this.state = 'ended'
      for (const wait of this.receivers.splice(0)) this.#end(wait)
    }
  }

  #enter(): void {
    for (let [sender] = this.senders; sender !== undefined; [sender] = this.senders) {
      if (!(sender.kind === 'send' ? this.#fits(1, sender.item.size) : this.#fits(sender.count, 0))) return
      this.senders.shift()
      if (sender.kind === 'reserve') this.#grant(sender.id, sender.count)
      else {
        this.items.push(sender.item)
        this.sends.push(`${sender.id} ok`)
      }
    }
  }

  #hasItem(): boolean {
    return this.items.length > 0 || this.senders[0]?.kind === 'send'
  }

  #isRipe(wait: ReceiveWait): boolean {
    if (this.items.length >= wait.min) return true
    if (!this.#hasItem()) return false
    const { maxBytes } = this.#setup
    return (
      this.senders.length > 0 ||
      this.items.length >= this.capacity ||
      (maxBytes !== undefined && this.bytes >= maxBytes) ||
      (this.state === 'closing' && this.reserved === 0)
    )
  }

  #take(): number {
    const held = this.items.shift()
    if (held !== undefined) {
      this.#enter()
      return held.value
    }
    const sender = this.senders.shift() as SendWait
    this.sends.push(`${sender.id} ok`)
    return sender.item.value
  }

  #serve(wait: ReceiveWait): void {
    this.receivers = this.receivers.filter(other => other !== wait)
    const values: number[] = []
    while (values.length < wait.max && this.#hasItem()) values.push(this.#take())
    this.receives.push(`${wait.id} ${values.join('+')}`)
  }

  #end(wait: ReceiveWait): void {
    const isTold = this.failure !== undefined && wait.iterator?.done !== true
    this.receives.push(`${wait.id} ${isTold ? this.failure : 'done'}`)
    if (wait.iterator !== undefined) wait.iterator.done = true
  }
}
