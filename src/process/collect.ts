// Collected output of one stream: what is kept under maxBuffer, and the value it becomes. Reading it is up to run.ts.
import { ByteTail } from './byte-tail.ts'
import type { CollectSettings } from './options/collect.ts'
import type { Bytes } from './byte-types.ts'

/** What a collected stream is given as. */
export type CollectedValue = string | string[] | Bytes

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Keeps the first or the last `maxBuffer` bytes. */
export class Collector {
  readonly #settings: CollectSettings
  readonly #kept: ByteTail
  #overflowed = false

  constructor(settings: CollectSettings) {
    this.#settings = settings
    // With 'head' and 'error' no more than maxBuffer bytes are ever pushed, so a tail of that length drops nothing.
    this.#kept = new ByteTail(settings.maxBuffer)
  }

  /** More came than `maxBuffer` allows. */
  get overflowed(): boolean {
    return this.#overflowed
  }

  push(chunk: Bytes): void {
    const { maxBuffer, onMaxBuffer } = this.#settings
    const room = maxBuffer - this.#kept.total
    if (chunk.length > room) this.#overflowed = true
    if (chunk.length <= room || onMaxBuffer === 'tail') this.#kept.push(chunk)
    else if (room > 0) this.#kept.push(chunk.subarray(0, room))
  }

  value(): CollectedValue {
    return shape(this.#kept.bytes(), this.#settings)
  }
}

/** Bytes as the value that the options ask for. */
export function shape(bytes: Bytes, settings: CollectSettings): CollectedValue {
  const { encoding, lines, stripFinalNewline } = settings
  if (lines) return linesOf(decode(bytes, encoding))
  const kept = stripFinalNewline ? withoutFinalNewline(bytes) : bytes
  return encoding === 'buffer' ? kept : decode(kept, encoding)
}

/** Text of bytes that may have been cut anywhere; what is no character becomes U+FFFD. */
export function decode(bytes: Bytes, encoding: CollectSettings['encoding']): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.toString(encoding === 'latin1' ? 'latin1' : 'utf8')
}

function withoutFinalNewline(bytes: Bytes): Bytes {
  if (bytes.at(-1) !== LINE_FEED) return bytes
  return bytes.subarray(0, bytes.at(-2) === CARRIAGE_RETURN ? -2 : -1)
}

function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return text.includes('\r') ? lines.map(line => (line.endsWith('\r') ? line.slice(0, -1) : line)) : lines
}
