// Reading a log in order, whichever engine keeps it: one page at a time, asked for only when somebody waits for an event of it.
// How a page comes about, and how new events are noticed, is the engine's matter.
import { onAbort, type AbortListener } from '../abort.ts'
import { Deque } from '../deque.ts'
import { abortError, timeoutError } from '../errors.ts'
import { HandIterator } from '../iterator.ts'
import { turn } from '../turn.ts'
import { Guard, rejected } from '../wait.ts'
import { READ_AHEAD, type ReadOptions } from './checks.ts'
import { trimmed } from './cluster-errors.ts'

/** One event as it was appended. */
export interface LogEvent {
  readonly sequence: number
  readonly payload: Uint8Array
}

/** Where a reader's events come from; one `take` at a time. */
export interface Pages {
  /** Events in order from `from` on, of no more than `maxBytes` in all, or one alone. If there is none, it waits for one, or gives none. */
  take(from: number, maxBytes: number, waits: boolean): Promise<readonly LogEvent[]>
  /** Frees all it holds. A `take` under way settles somehow. */
  end(): void
}

type Step = IteratorResult<LogEvent, undefined>
const END: Step = { done: true, value: undefined }
const NAME = 'The read'

interface Waiting {
  readonly resolve: (step: Step) => void
  readonly reject: (error: unknown) => void
  readonly guard: Guard | undefined
}

/** After a rejection it is over and holds nothing, for `for await` calls no `return` then. */
export class LogReader extends HandIterator<LogEvent> {
  readonly #open: () => Pages
  readonly #ended: (reader: LogReader) => void
  readonly #signal: AbortSignal | undefined
  #listener: AbortListener | undefined
  readonly #timeout: number
  readonly #maxBytes: number
  readonly #waiting = new Deque<Waiting>()
  #pages: Pages | undefined
  #page: readonly LogEvent[] = []
  // Of the page, those before it are given.
  #at = 0
  #from: number
  #isTaking = false
  #isOver = false
  // Why it is over, until somebody is told.
  #failure: { readonly error: unknown } | undefined

  /** `open` is called by the first `next`; `ended` when it is over, if that was called. */
  constructor(from: number, options: ReadOptions | undefined, open: () => Pages, ended: (reader: LogReader) => void) {
    super()
    this.#from = from
    this.#open = open
    this.#ended = ended
    this.#signal = options?.signal
    this.#timeout = options?.timeout ?? Infinity
    this.#maxBytes = options?.maxBytes ?? READ_AHEAD
  }

  override next(): Promise<Step> {
    if (this.#signal?.aborted === true) this.fail(abortError(this.#signal))
    if (this.#isOver) return this.#over()
    const event = this.#waiting.length === 0 ? this.#shift() : undefined
    if (event !== undefined) return turn.fulfilled<Step>({ done: false, value: event }, event.payload.length)
    return new Promise((resolve, reject) => {
      const timeout = this.#timeout === 0 ? Infinity : this.#timeout
      const guard = Guard.of({ timeout }, NAME, error => this.fail(error))
      this.#waiting.push({ resolve, reject, guard })
      if (!this.#isTaking) void this.#take()
    })
  }

  override return(): Promise<Step> {
    this.#end()
    this.#failure = undefined
    this.#dismiss()
    return Promise.resolve(END)
  }

  /** Tells who waits first, or else asks next. */
  fail(error: unknown): void {
    if (this.#isOver) return
    this.#end()
    const first = this.#waiting.shift()
    if (first === undefined) this.#failure = { error }
    else this.#settle(first).reject(error)
    this.#dismiss()
  }

  /** The abort event. */
  handleEvent(): void {
    if (this.#signal !== undefined) this.fail(abortError(this.#signal))
  }

  #over(): Promise<Step> {
    const failure = this.#failure
    this.#failure = undefined
    return failure === undefined ? Promise.resolve(END) : rejected(failure.error)
  }

  async #take(): Promise<void> {
    this.#isTaking = true
    try {
      this.#pages ??= this.#begin()
      while (this.#waiting.length > 0) {
        const page = await this.#pages.take(this.#from, this.#maxBytes, this.#timeout > 0)
        if (this.#isOver) return
        if (page.length === 0) throw timeoutError(NAME, 0)
        this.#page = this.#inRow(page)
        this.#at = 0
        this.#hand()
      }
    } catch (error) {
      this.fail(error)
    } finally {
      this.#isTaking = false
    }
  }

  /** Up to where the first one is missing. */
  #inRow(page: readonly LogEvent[]): readonly LogEvent[] {
    const gap = page.findIndex(({ sequence }, i) => sequence !== this.#from + i)
    if (gap === 0) throw trimmed(this.#from, page[0]?.sequence ?? this.#from)
    return gap === -1 ? page : page.slice(0, gap)
  }

  #hand(): void {
    while (this.#waiting.length > 0) {
      const value = this.#shift()
      if (value === undefined) return
      const waiting = this.#waiting.shift()
      if (waiting !== undefined) this.#settle(waiting).resolve({ done: false, value })
    }
  }

  #shift(): LogEvent | undefined {
    const event = this.#page[this.#at]
    if (event === undefined) return undefined
    this.#at += 1
    this.#from += 1
    return event
  }

  #begin(): Pages {
    this.#listener = this.#signal && onAbort(this.#signal, this)
    return this.#open()
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#page = []
    this.#listener?.remove()
    this.#pages?.end()
    this.#ended(this)
  }

  #settle(waiting: Waiting): Waiting {
    waiting.guard?.disarm()
    return waiting
  }

  #dismiss(): void {
    for (const waiting of this.#waiting.drain()) this.#settle(waiting).resolve(END)
  }
}
