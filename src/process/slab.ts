// Memory that reads are made into. Each part of a slab is given out once, so no two chunks overlap.
import { markAsUntransferable } from 'node:worker_threads'
import type { Bytes } from './byte-types.ts'

const SLAB_SIZE = 256 * 1024
/** Chunks up to this size get their own buffer: a few bytes that somebody keeps must not keep a slab. */
const OWN_BUFFER_SIZE = 4096

export class Slab {
  #memory: Bytes = new Uint8Array(0)
  #used = 0

  /** Memory to read into, at `offset`, with room for `length` bytes. */
  reserve(length: number): Bytes {
    if (this.#memory.length - this.#used < length) {
      const buffer = Buffer.allocUnsafeSlow(Math.max(SLAB_SIZE, length)).buffer
      // Transferring one chunk's buffer to another thread would take the memory of all its neighbours.
      markAsUntransferable(buffer)
      this.#memory = new Uint8Array(buffer)
      this.#used = 0
    }
    return this.#memory
  }

  get offset(): number {
    return this.#used
  }

  /** The first `length` bytes of what was read into the reserved memory. */
  take(length: number): Bytes {
    const start = this.#used
    if (length <= OWN_BUFFER_SIZE) return this.#memory.slice(start, start + length)
    this.#used += length
    return this.#memory.subarray(start, start + length)
  }
}
