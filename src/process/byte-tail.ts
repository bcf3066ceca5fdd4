// The last n bytes of a stream. Holds at most n bytes and one block more.

/** Chunks below this size are gathered in blocks, so that a child writing byte by byte does not cost an object per byte. */
const BLOCK_SIZE = 16_384

/** A queue of blocks, from which whole ones are dropped in front. */
export class ByteTail {
  readonly #limit: number
  #blocks: Uint8Array[] = []
  #open = 0
  #held = 0
  #total = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes that were ever pushed. */
  get total(): number {
    return this.#total
  }

  push(chunk: Uint8Array): void {
    this.#total += chunk.length
    if (this.#limit === 0) return
    const last = this.#blocks.at(-1)
    if (last && this.#open > 0 && last.length - this.#open >= chunk.length) {
      last.set(chunk, this.#open)
      this.#open += chunk.length
    } else {
      this.#startBlock(chunk)
    }
    this.#held += chunk.length
    this.#dropFront()
  }

  /** The kept bytes, in one piece. */
  bytes(): Uint8Array {
    const surplus = Math.max(0, this.#held - this.#limit)
    // A buffer of its own, not a slice of Node's pool: its memory may be handed on.
    const all = new Uint8Array(Buffer.allocUnsafeSlow(this.#held - surplus).buffer)
    let offset = -surplus
    for (const [index, held] of this.#blocks.entries()) {
      // The last one may go on being filled.
      const isOpen = this.#open > 0 && index === this.#blocks.length - 1
      const block = isOpen ? held.subarray(0, this.#open) : held
      all.set(offset < 0 ? block.subarray(-offset) : block, Math.max(0, offset))
      offset += block.length
    }
    return all
  }

  #startBlock(chunk: Uint8Array): void {
    this.#seal()
    if (chunk.length >= BLOCK_SIZE) {
      this.#blocks.push(chunk)
      return
    }
    const block = new Uint8Array(BLOCK_SIZE)
    block.set(chunk)
    this.#blocks.push(block)
    this.#open = chunk.length
  }

  /** Cuts the last block down to what is in it. */
  #seal(): void {
    const last = this.#blocks.at(-1)
    if (last && this.#open > 0) this.#blocks[this.#blocks.length - 1] = last.subarray(0, this.#open)
    this.#open = 0
  }

  #dropFront(): void {
    let first = this.#blocks[0]
    while (first && this.#blocks.length > 1 && this.#held - first.length >= this.#limit) {
      this.#held -= first.length
      this.#blocks.shift()
      first = this.#blocks[0]
    }
  }
}
