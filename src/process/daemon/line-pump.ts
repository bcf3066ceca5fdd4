// Takes the lines of one stream and hands them on one by one; what is done with a line holds back the next, and with it the child.
import { SluiceError } from '../../errors.ts'
import type { ByteReader } from '../byte-types.ts'

/** A longer line is handed on in pieces of this size, so that nothing is held that has no bound. */
const LONGEST_LINE = 1024 * 1024
/** Bytes of the longest UTF-8 character, less one. */
const CONTINUATION = 3

export interface LineTaker {
  /** False: lines are of no interest any more, and are read only to let the child go on. */
  readonly wantsLines: boolean
  /** A promise that never rejects, or nothing to wait for. */
  take(line: string): Promise<void> | undefined
}

export class LinePump {
  /** The stream has ended, and every line was taken; or it was left. Never rejects. */
  readonly done: Promise<void>
  readonly #reader: ByteReader
  readonly #taker: LineTaker
  #isReading = false
  #isLeft = false

  constructor(reader: ByteReader, taker: LineTaker) {
    this.#reader = reader
    this.#taker = taker
    // An end that is an error was either made by us or shows with the exit.
    this.done = this.#run().catch(() => {})
  }

  /** Takes what is there, and waits for nothing more. */
  finish(): void {
    if (this.#isReading) void this.#reader.cancel()
  }

  /** Takes nothing more. */
  leave(): void {
    this.#isLeft = true
    void this.#reader.cancel()
  }

  async #run(): Promise<void> {
    while (this.#taker.wantsLines) {
      try {
        if (await this.#takeLines()) return
      } catch (error) {
        if (!SluiceError.is(error, 'ERR_LINE_TOO_LONG')) throw error
        await this.#taker.take(await this.#piece())
      }
    }
    while ((await this.#reading(() => this.#reader.read())) !== null);
  }

  /** True at the end of the stream, false when lines are wanted no more. */
  async #takeLines(): Promise<boolean> {
    const batches = this.#reader.lines({ maxLength: LONGEST_LINE }).batches()[Symbol.asyncIterator]()
    while (this.#taker.wantsLines) {
      const { done, value } = await this.#reading(() => batches.next())
      if (done === true) return true
      for (const line of value) {
        if (this.#isLeft) return true
        const taken = this.#taker.take(line)
        if (taken !== undefined) await taken
      }
    }
    await batches.return?.()
    return false
  }

  /** The beginning of a line that is too long: more than that is there, so no character is cut. */
  async #piece(): Promise<string> {
    const bytes = await this.#reader.readExactly(LONGEST_LINE - CONTINUATION)
    const rest = await this.#reader.readExactly(missing(bytes))
    return Buffer.concat([bytes, rest]).toString()
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    this.#isReading = true
    try {
      return await read()
    } finally {
      this.#isReading = false
    }
  }
}

/** How many bytes the last character lacks. */
function missing(bytes: Uint8Array): number {
  for (let back = 1; back <= CONTINUATION; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return Math.max(0, (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) - back)
  }
  return 0
}
