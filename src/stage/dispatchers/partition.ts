// Each event to the subscriber of its partition. Any event that is ordered may fall to any partition, so no more is ordered than the one
// with the least room can take: a hot or unsubscribed partition holds up the others before it holds more than its room.
import { inspect } from 'node:util'
import { invalidOption } from '../../errors.ts'
import { EventBuffer } from '../event-buffer.ts'
import { MAX_DEMAND } from '../limits.ts'
import type { SubscribeOptions } from '../types.ts'
import type { StageDispatch, StageDispatcher } from './dispatcher.ts'

class Partition<O> {
  readonly queue = new EventBuffer<O>()
  subscription: number | undefined
  credit = 0
  room: number

  constructor(room: number) {
    this.room = room
  }
}

export class PartitionDispatcher<O> implements StageDispatcher<O> {
  readonly #partitions = new Map<PropertyKey, Partition<O>>()
  readonly #bySubscription = new Map<number, Partition<O>>()
  readonly #hash: (event: O) => PropertyKey | null
  readonly #hasFixedRoom: boolean
  #ordered = 0
  #held = 0
  #isClosed = false

  constructor(keys: readonly PropertyKey[], hash: (event: O) => PropertyKey | null, room: number | undefined) {
    this.#hash = hash
    this.#hasFixedRoom = room !== undefined
    for (const key of keys) this.#partitions.set(key, new Partition(room ?? MAX_DEMAND))
  }

  get held(): number {
    return this.#held
  }

  subscribe(id: number, { partition: key, maxDemand = MAX_DEMAND }: SubscribeOptions<O>): void {
    const partition = key === undefined ? undefined : this.#partitions.get(key)
    if (partition === undefined) {
      throw invalidOption('partition', `one of ${inspect([...this.#partitions.keys()], { maxArrayLength: 10 })}`, key)
    }
    if (partition.subscription !== undefined) {
      throw invalidOption('partition', 'one that nobody is subscribed to', key)
    }
    partition.subscription = id
    if (!this.#hasFixedRoom) partition.room = maxDemand
    this.#bySubscription.set(id, partition)
  }

  ask(id: number, count: number): number {
    const partition = this.#bySubscription.get(id)
    if (partition !== undefined) partition.credit += count
    return this.#order()
  }

  /** What the partition holds waits for its next subscriber. */
  cancel(id: number): number {
    const partition = this.#bySubscription.get(id)
    this.#bySubscription.delete(id)
    if (partition !== undefined) {
      partition.subscription = undefined
      partition.credit = 0
    }
    return this.#order()
  }

  close(): void {
    this.#isClosed = true
  }

  dispatch(events: readonly O[]): StageDispatch<O> {
    const shares = new Map<Partition<O>, O[]>()
    let taken = 0
    let discarded = this.#isClosed ? this.#discard() : 0
    let at = 0
    for (; at < events.length && taken < this.#ordered; at++) {
      const event = events[at] as O
      const key = this.#hash(event)
      if (key === null) continue
      const partition = this.#partitions.get(key)
      if (partition === undefined) {
        throw invalidOption('hash', 'a function that gives one of the partitions, or null', key)
      }
      if (!this.#isAwaited(partition)) {
        discarded += 1
        continue
      }
      const share = shares.get(partition)
      if (share === undefined) shares.set(partition, [event])
      else share.push(event)
      taken += 1
    }
    for (const [partition, share] of shares) partition.queue.add(share)
    this.#held += taken
    // Those that were discarded filled an order too.
    this.#ordered = Math.max(0, this.#ordered - at)
    const deliveries = this.#deliver()
    return { deliveries, leftover: at === events.length ? [] : events.slice(at), more: this.#order(), discarded }
  }

  mark(reached: () => void): void {
    const queues = Array.from(this.#partitions.values(), ({ queue }) => queue).filter(({ length }) => length > 0)
    let left = queues.length
    for (const queue of queues) {
      queue.mark(() => {
        left -= 1
        if (left === 0) reached()
      })
    }
    if (left === 0) reached()
  }

  /** Whether somebody takes what is for it, or may come to take it. */
  #isAwaited({ subscription }: Partition<O>): boolean {
    return subscription !== undefined || !this.#isClosed
  }

  /** Gives how many events are gone. */
  #discard(): number {
    const before = this.#held
    for (const partition of this.#partitions.values()) {
      if (this.#isAwaited(partition)) continue
      this.#held -= partition.queue.take(Infinity).length
      partition.queue.settle()
    }
    return before - this.#held
  }

  #deliver(): [number, readonly O[]][] {
    const deliveries: [number, readonly O[]][] = []
    for (const [id, partition] of this.#bySubscription) {
      const events = partition.queue.take(partition.credit)
      if (events.length === 0) continue
      partition.queue.settle()
      partition.credit -= events.length
      this.#held -= events.length
      deliveries.push([id, events])
    }
    return deliveries
  }

  #order(): number {
    let demand = 0
    let room = Infinity
    for (const partition of this.#partitions.values()) {
      if (!this.#isAwaited(partition)) continue
      const { credit, queue, room: size } = partition
      // What it holds is given on the next dispatch, out of its credit.
      const free = credit - queue.length
      if (free > 0) demand += free
      room = Math.min(room, free + size)
    }
    const more = Math.max(0, Math.min(demand, room) - this.#ordered)
    this.#ordered += more
    return more
  }
}
