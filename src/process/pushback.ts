// Bytes that left the pipe and were not delivered: they wait here, in front of what the pipe still holds.
import type { Bytes } from './byte-types.ts'

export class Pushback {
  // The last chunk is the foremost one, so that both ends of the work are at the cheap end of the array.
  readonly #chunks: Bytes[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Puts bytes in front of all others. They must not be changed any more. */
  unshift(chunk: Bytes): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** At least one byte and no more than `max`, in one piece; undefined when nothing is there. */
  take(max: number): Bytes | undefined {
    const chunk = this.#chunks.pop()
    if (chunk === undefined) return undefined
    if (chunk.length <= max) {
      this.#length -= chunk.length
      return chunk
    }
    this.#length -= max
    this.#chunks.push(chunk.subarray(max))
    return chunk.subarray(0, max)
  }

  clear(): void {
    this.#chunks.length = 0
    this.#length = 0
  }
}
