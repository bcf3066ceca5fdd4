// Memory that reads are made into. Each part of a slab is given out once, so no two chunks overlap.
import { markAsUntransferable } from 'node:worker_threads'
import type { Bytes } from './byte-types.ts'

// Below the size from which malloc maps fresh pages for every block: those would be faulted in and given back for each slab.
const SLAB_SIZE = 64 * 1024
/** What is left of a slab is still worth a read of its own. */
const LEAST_ROOM = 16 * 1024
/** Chunks up to this size get their own buffer: a few bytes that somebody keeps must not keep a slab. */
const OWN_BUFFER_SIZE = 4096
const NO_MEMORY = new Uint8Array(0)

/** A slab of which nothing was given out, for the next reader that wants one: most reads of many children find no byte. */
let spare: Bytes | undefined

export class Slab {
  #memory: Bytes = NO_MEMORY
  #used = 0

  /** Memory to read into, from `offset` on. It may have less room than `length`; more than a slab is given in full. */
  reserve(length: number): Bytes {
    if (this.#memory.length - this.#used < (length > SLAB_SIZE ? length : Math.min(length, LEAST_ROOM))) {
      this.#memory = length > SLAB_SIZE ? allocate(length) : (spare ?? allocate(SLAB_SIZE))
      if (this.#memory === spare) spare = undefined
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
    // Transferring one chunk's buffer to another thread would take the memory of all its neighbours. The mark is an object of V8's old
    // space: made for each slab, these alone would start collections. A chunk that fills its slab has no neighbour.
    if (start === 0 && length < this.#memory.length) markAsUntransferable(this.#memory.buffer)
    this.#used += length
    return this.#memory.subarray(start, start + length)
  }

  /** Nothing was there to read: a reader that waits holds no memory, unless a part of it is given out. */
  rest(): void {
    if (this.#used === 0) this.release()
  }

  /** Nothing more will be read: chunks keep what they need. */
  release(): void {
    if (this.#used === 0 && this.#memory.length === SLAB_SIZE) spare = this.#memory
    this.#memory = NO_MEMORY
    this.#used = 0
  }
}

function allocate(length: number): Bytes {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
}
