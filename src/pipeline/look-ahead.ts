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

  /**
   * What outputs count for, from their coming to their leaving, whatever becomes of them meanwhile; nothing where bytes are not bounded.
   * Throws for what has no JSON: to be asked before anything is counted.
   */
  sizesOf(values: readonly O[]): readonly number[] | undefined {
    return this.#mostBytes === Infinity ? undefined : values.map(bytesOf)
  }

  add(items: number, sizes: readonly number[] | undefined): void {
    this.items += items
    if (sizes !== undefined) for (const size of sizes) this.bytes += size
  }

  remove(items: number, bytes: number): void {
    this.items -= items
    this.bytes -= bytes
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
