// What a channel dropped: counted, and told to `onDrop` once the channel has settled.
import { notify } from '../callback.ts'
import { channelDrop } from '../observe/index.ts'
import { tellDrop } from './trace.ts'
import type { DropReason } from './types.ts'

export class Drops<T> {
  /** All of them, and those of them that had been accepted before. */
  total = 0
  evicted = 0
  readonly #name: string
  readonly #onDrop: ((value: T, reason: DropReason) => void) | undefined
  #displaced: T[] = []

  constructor(name: string, onDrop: ((value: T, reason: DropReason) => void) | undefined) {
    this.#name = name
    this.#onDrop = onDrop
  }

  /** An item that made room. It is reported later, for the callback may use the channel. */
  displace(value: T): void {
    this.#displaced.push(value)
  }

  reportDisplaced(): void {
    if (this.#displaced.length === 0) return
    const values = this.#displaced
    this.#displaced = []
    this.report(values, 'oldest')
  }

  /** All are counted before the first is told of. What a callback throws has no one to go to, and changes nothing. */
  report(values: readonly T[], reason: DropReason): void {
    this.total += values.length
    if (reason !== 'newest') this.evicted += values.length
    if (channelDrop.hasSubscribers && values.length > 0) tellDrop(channelDrop, this.#name, reason, values.length)
    for (const value of values) notify(this.#onDrop, value, reason)
  }
}
