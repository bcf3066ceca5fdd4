// The budget of outputs that exist and are not sent. The oldest event has a share of it that later ones can't take: otherwise they
// could fill the budget and wait for the oldest, which waits for room.
import type { ProcessorSettings } from './options.ts'

interface Holder {
  readonly realised: number
  readonly sendable: number
  /** Outputs that are asked for and have not come. */
  readonly pulling: number
}

export class LookAhead<O> {
  /** Outputs that exist and are not sent. */
  items = 0
  bytes = 0
  /** Outputs that are asked for and have not come. */
  pulling = 0
  readonly #most: number
  readonly #othersItems: number
  readonly #mostBytes: number
  readonly #sequences: number

  constructor(settings: Pick<ProcessorSettings<unknown, O>, 'items' | 'maxBytes' | 'sequences'>) {
    this.#most = settings.items
    this.#othersItems = settings.items - Math.ceil(settings.items / 2)
    this.#mostBytes = settings.maxBytes
    this.#sequences = settings.sequences
  }

  add(values: readonly O[]): void {
    this.items += values.length
    if (this.#mostBytes !== Infinity) for (const value of values) this.bytes += bytesOf(value)
  }

  remove(values: readonly O[]): void {
    for (const value of values) this.removeOne(value)
  }

  removeOne(value: O): void {
    this.items -= 1
    // A value that changed meanwhile is measured differently: who holds nothing holds exactly nothing.
    if (this.#mostBytes !== Infinity) this.bytes = this.items === 0 ? 0 : Math.max(0, this.bytes - bytesOf(value))
  }

  /** Whether one more output may come into being. `head` is the oldest event with outputs to send. */
  mayPull(holder: Holder, head: Holder | undefined): boolean {
    if (holder !== head) return this.#hasRoomForOthers(head)
    // The newest output of the head may have to wait for its successor: without anything to send nothing would ever move.
    return holder.sendable === 0 || (this.#total < this.#most && this.bytes < this.#mostBytes)
  }

  /** Whether one more event may be taken, beside so many that are not wholly sent. */
  mayClaim(unsent: number, head: Holder | undefined): boolean {
    return head === undefined || (unsent < this.#sequences && this.#hasRoomForOthers(head))
  }

  get #total(): number {
    return this.items + this.pulling
  }

  #hasRoomForOthers(head: Holder | undefined): boolean {
    const others = this.#total - (head === undefined ? 0 : head.realised + head.pulling)
    return this.#total < this.#most && others < Math.max(1, this.#othersItems) && this.bytes < this.#mostBytes / 2
  }
}

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (ArrayBuffer.isView(value)) return value.byteLength
  return Buffer.byteLength(JSON.stringify(value) ?? '')
}
