// The stream of known bytes that `flood` and `trickle` write: checks every chunk against the place it must have come from.

const PERIOD = 251
const PATTERN = Buffer.from(Uint8Array.from({ length: 2 ** 20 + PERIOD }, (_, at) => at % PERIOD))

/** The bytes from `offset` on, at most 1 MiB: a view, not to be changed. */
export function knownBytes(offset: number, length: number): Uint8Array {
  return PATTERN.subarray(offset % PERIOD, (offset % PERIOD) + length)
}

/** Byte by byte, so stronger than a hash: a lost, repeated, moved or changed byte is found where it is. */
export class KnownStream {
  offset = 0

  /** Throws at the first byte that is not the next one of the stream. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += 2 ** 20) {
      const part = chunk.subarray(at, at + 2 ** 20)
      const expected = knownBytes(this.offset, part.length)
      if (Buffer.compare(part, expected) !== 0) {
        const wrong = part.findIndex((byte, index) => byte !== expected[index])
        throw new Error(`byte ${this.offset + wrong} is ${part[wrong]}, not ${expected[wrong]}`)
      }
      this.offset += part.length
    }
  }
}
