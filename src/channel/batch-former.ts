// Forms batches of items: by size, by bytes and by key, in the order of their first items. Knows no source, no consumer, and no time but the one it is given.
import { invalidOption } from '../errors.ts'
import { Deque } from '../deque.ts'
import type { BatchSettings } from './batch-options.ts'

class OpenBatch<T> {
  readonly items: T[] = []
  readonly since: number
  bytes = 0
  constructor(since: number) {
    this.since = since
  }
}

export class BatchFormer<T> {
  /** Items in a batch at most; the owner may change it. */
  limit: number
  /** Items that were added so far. */
  count = 0
  readonly #settings: BatchSettings<T>
  // In the order of their first items. Without keys there is one at most, kept apart.
  readonly #keyed = new Map<PropertyKey, OpenBatch<T>>()
  #open: OpenBatch<T> | undefined
  readonly #whole = new Deque<T[]>()

  constructor(settings: BatchSettings<T>) {
    this.#settings = settings
    this.limit = settings.maxSize
  }

  /** Whether a batch is whole. */
  get hasWhole(): boolean {
    return this.#whole.length > 0
  }

  /** When the first item came of the batch that has been open longest; undefined when none is open. */
  get openSince(): number | undefined {
    return this.#oldest()?.since
  }

  /** `since` is when it came, now by default. Throws what `sizeOf` and `key` throw; the item is in no batch then. */
  add(value: T, since?: number): void {
    const { sizeOf, key } = this.#settings
    const size = sizeOf === undefined ? 0 : checkedSize(sizeOf(value))
    this.count += 1
    if (key === undefined) this.#open = this.#put(this.#open, value, size, since)
    else this.#addTo(key(value), value, size, since)
  }

  /** A whole batch, oldest first. */
  takeWhole(): T[] | undefined {
    return this.#whole.shift()
  }

  /** A whole batch, or else the one that has been open longest. */
  takeAny(): T[] | undefined {
    const whole = this.#whole.shift()
    if (whole !== undefined) return whole
    const oldest = this.#oldest()
    if (oldest === undefined) return undefined
    if (oldest === this.#open) this.#open = undefined
    else this.#forgetOldest()
    return oldest.items
  }

  /** All that it holds, batch by batch, oldest first. */
  drain(): T[] {
    const items: T[] = []
    for (let batch = this.takeAny(); batch !== undefined; batch = this.takeAny()) items.push(...batch)
    return items
  }

  #addTo(key: PropertyKey, value: T, size: number, since: number | undefined): void {
    const before = this.#keyed.get(key)
    if (before === undefined && this.#keyed.size >= this.#settings.maxKeys) {
      const oldest = this.#oldest()
      this.#forgetOldest()
      if (oldest !== undefined) this.#whole.push(oldest.items)
    }
    const after = this.#put(before, value, size, since)
    if (after === before) return
    // A batch that takes over a key stands behind all that were opened earlier.
    this.#keyed.delete(key)
    if (after !== undefined) this.#keyed.set(key, after)
  }

  /** The batch that is open afterwards, if one is. */
  #put(open: OpenBatch<T> | undefined, value: T, size: number, since: number | undefined): OpenBatch<T> | undefined {
    const { maxBytes } = this.#settings
    let batch = open
    if (batch !== undefined && batch.bytes + size > maxBytes) {
      this.#whole.push(batch.items)
      batch = undefined
    }
    batch ??= new OpenBatch(since ?? performance.now())
    batch.items.push(value)
    batch.bytes += size
    if (batch.items.length < this.limit && batch.bytes < maxBytes) return batch
    this.#whole.push(batch.items)
    return undefined
  }

  #oldest(): OpenBatch<T> | undefined {
    if (this.#settings.key === undefined) return this.#open
    for (const batch of this.#keyed.values()) return batch
    return undefined
  }

  #forgetOldest(): void {
    for (const key of this.#keyed.keys()) {
      this.#keyed.delete(key)
      return
    }
  }
}

function checkedSize(size: number): number {
  if (!(typeof size === 'number' && size >= 0)) throw invalidOption('sizeOf', 'a function that gives bytes', size)
  return size
}
