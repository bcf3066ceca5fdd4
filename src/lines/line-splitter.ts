// Bytes to lines, one read at a time, without I/O. It searches for delimiters in bytes and decodes what lies between two cuts at once:
// a delimiter is valid text, so no character reaches over it, and what was not delivered is still there as the bytes it came as.
import type { Bytes } from '../process/byte-types.ts'
import type { LineSettings } from './line-options.ts'

// A full pipe and the beginning of a line before it.
const CAPACITY = 68 * 1024
const SMALLEST_ROOM = 16 * 1024
const CARRIAGE_RETURN = 0x0d

export class LineSplitter {
  readonly #settings: LineSettings
  #memory: Buffer = Buffer.alloc(0)
  // 0 … #start: delivered for good. #start … #cut: the lines of the last commit. #cut … #end: the beginning of the next line.
  #start = 0
  #cut = 0
  #end = 0
  #tooLong = false

  constructor(settings: LineSettings) {
    this.#settings = settings
  }

  /** The next line is longer than allowed: nothing behind the last commit's lines can be split. */
  get isTooLong(): boolean {
    return this.#tooLong
  }

  /** Where the next bytes are to be put. Forgets the lines of the last commit. */
  reserve(): { readonly memory: Bytes; readonly offset: number; readonly room: number } {
    const pending = this.#end - this.#cut
    const old = this.#memory
    if (old.length - pending < SMALLEST_ROOM) {
      this.#memory = Buffer.allocUnsafeSlow(Math.max(CAPACITY, old.length * 2))
      old.copy(this.#memory, 0, this.#cut, this.#end)
    } else if (pending > 0 && this.#cut > 0) {
      old.copyWithin(0, this.#cut, this.#end)
    }
    this.#start = 0
    this.#cut = 0
    this.#end = pending
    return { memory: this.#memory, offset: pending, room: this.#memory.length - pending }
  }

  /** `length` bytes were put there: the lines that are whole now. */
  commit(length: number): string[] {
    const { pattern } = this.#settings
    // A delimiter may have begun in what was there before.
    const from = Math.max(0, this.#end - (pattern.length - 1))
    this.#end += length
    return pattern.length === 1 ? this.#splitAtOnce(from) : this.#splitOneByOne(from)
  }

  /** The input is at its end: the last line, if there is one without a delimiter. */
  finish(): string[] {
    const { maxLength } = this.#settings
    this.#start = this.#cut
    if (this.#end === this.#cut) return []
    if (this.#end - this.#cut > maxLength) {
      this.#tooLong = true
      return []
    }
    this.#cut = this.#end
    return [this.#decode(this.#start, this.#end)]
  }

  /** The bytes that are not delivered when the first `delivered` lines of the last commit were. Forgets everything. */
  giveBack(delivered: number, lines: number): Bytes {
    let from = delivered >= lines ? this.#cut : this.#start
    if (delivered < lines) {
      for (let i = 0; i < delivered; i++)
        from = this.#memory.indexOf(this.#settings.pattern, from) + this.#settings.pattern.length
    }
    const rest = new Uint8Array(this.#memory.subarray(from, this.#end))
    this.#start = this.#cut = this.#end = 0
    this.#tooLong = false
    return rest
  }

  /** One search, one decoding and one split for all lines of a read. */
  #splitAtOnce(from: number): string[] {
    const { delimiter, keepDelimiter, takesCarriageReturn, maxLength, pattern } = this.#settings
    const last = this.#memory.subarray(from, this.#end).lastIndexOf(pattern[0] ?? 0)
    if (last < 0) {
      this.#checkPending()
      return []
    }
    const cut = from + last
    // Only when all together are longer than one may be can one of them be too long.
    if (cut > maxLength) return this.#splitOneByOne(from)
    const text = this.#decode(0, cut)
    this.#cut = cut + 1
    this.#checkPending()
    const lines = text.split(delimiter)
    if (keepDelimiter) for (let i = 0; i < lines.length; i++) lines[i] += delimiter
    else if (takesCarriageReturn && text.includes('\r')) stripCarriageReturns(lines)
    return lines
  }

  #splitOneByOne(from: number): string[] {
    const { pattern, maxLength, keepDelimiter } = this.#settings
    const bytes = this.#memory.subarray(0, this.#end)
    const lines: string[] = []
    for (let at = bytes.indexOf(pattern, from); at >= 0; at = bytes.indexOf(pattern, this.#cut)) {
      const content = at - this.#carriageReturn(at)
      if (content - this.#cut > maxLength) {
        this.#tooLong = true
        return lines
      }
      lines.push(this.#decode(this.#cut, keepDelimiter ? at + pattern.length : content))
      this.#cut = at + pattern.length
    }
    this.#checkPending()
    return lines
  }

  /** 1 when the byte before `at` belongs to the delimiter as well. */
  #carriageReturn(at: number): number {
    return this.#settings.takesCarriageReturn && at > this.#cut && this.#memory[at - 1] === CARRIAGE_RETURN ? 1 : 0
  }

  /** Too long for sure, even if the last bytes are the beginning of a delimiter. */
  #checkPending(): void {
    const { pattern, maxLength } = this.#settings
    const maybeDelimiter = pattern.length - 1 + this.#carriageReturn(this.#end)
    this.#tooLong = this.#end - this.#cut - maybeDelimiter > maxLength
  }

  #decode(from: number, to: number): string {
    return this.#memory.toString(this.#settings.encoding, from, to)
  }
}

function stripCarriageReturns(lines: string[]): void {
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string
    if (line.charCodeAt(line.length - 1) === CARRIAGE_RETURN) lines[i] = line.slice(0, -1)
  }
}
