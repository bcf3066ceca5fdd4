// `lines`: text and bytes as lines. Reads the next piece when all lines of the last one are gone.
import type { ChannelMetrics } from '../channel/index.ts'
import { invalidOption, SluiceError } from '../errors.ts'
import { LineSplitter, lineSettings, type LineSettings } from '../lines/index.ts'
import type { LineOptions } from '../process/index.ts'
import { turn } from '../turn.ts'
import { Edge } from './edge.ts'
import { END, NOTHING, Step, type Pulled } from './step.ts'

export class LinesStep extends Step<string> {
  readonly #before: Step<string | Uint8Array>
  readonly #settings: LineSettings
  readonly #splitter: LineSplitter
  #lines: string[] = []
  #next = 0
  // What of the last piece did not fit into the splitter's memory.
  #rest: Uint8Array = new Uint8Array(0)
  #isDry = false

  constructor(before: Step<string | Uint8Array>, options: LineOptions | undefined, name: string) {
    super(before, new Edge(name, 0))
    this.#before = before
    this.#settings = lineSettings(options)
    this.#splitter = new LineSplitter(this.#settings)
  }

  override pull(): Pulled<string> {
    for (;;) {
      const line = this.#lines[this.#next]
      if (line !== undefined) {
        this.#next += 1
        this.edge.total += 1
        return line
      }
      if (this.isStopped || (this.#isDry && this.#rest.length === 0)) return this.end()
      if (!this.#split()) return this.isStopped ? this.end() : this.nothing()
    }
  }

  /** It tells how many lines of the last piece wait, and is full while its reader does not wait for them. */
  protected override measure(): ChannelMetrics {
    const length = this.#lines.length - this.#next
    const fact = super.measure()
    return { ...fact, length, capacity: this.#lines.length, sent: fact.sent + length }
  }

  /** Lines of the next piece, maybe none; false if there is nothing to split now. */
  #split(): boolean {
    try {
      if (this.#splitter.isTooLong) throw this.#tooLong()
      if (this.#rest.length === 0) {
        const piece = this.#before.pull()
        if (piece === NOTHING) return false
        if (piece === END) {
          // The end after a failure is none.
          if (this.isStopped) return false
          this.#isDry = true
          this.#use(this.#splitter.finish())
          if (this.#splitter.isTooLong) throw this.#tooLong()
          return true
        }
        this.#rest = this.#bytesOf(piece)
      }
      const { memory, offset, room } = this.#splitter.reserve()
      const part = this.#rest.subarray(0, room)
      memory.set(part, offset)
      this.#rest = this.#rest.subarray(part.length)
      this.#use(this.#splitter.commit(part.length))
    } catch (error) {
      this.run.fail(error)
      return false
    }
    if (this.#lines.length > 0 || turn.tick()) return true
    turn.defer(() => this.notify(), undefined)
    return false
  }

  #use(lines: string[]): void {
    this.#lines = lines
    this.#next = 0
    this.edge.peak = Math.max(this.edge.peak, lines.length)
  }

  #bytesOf(piece: unknown): Uint8Array {
    if (piece instanceof Uint8Array) return piece
    if (typeof piece === 'string') return Buffer.from(piece, this.#settings.encoding)
    throw invalidOption('a value for lines()', 'text or bytes', piece)
  }

  #tooLong(): SluiceError {
    return new SluiceError('ERR_LINE_TOO_LONG', `a line is longer than maxLength (${this.#settings.maxLength} bytes)`)
  }
}
