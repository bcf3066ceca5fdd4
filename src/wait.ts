// WaitOptions of every operation that waits: their validation, and the guard that gives up an operation that waits.
import { onAbort, type AbortListener } from './abort.ts'
import { abortError, invalidOption, timeoutError, type SluiceError } from './errors.ts'

/**
 * How long one wait may take. A signal that is already aborted wins over a ready operation; an abort after acceptance has no effect. An
 * aborted wait rejects with an AbortError (ABORT_ERR, `cause` is the signal's reason), a late one with a TimeoutError (ERR_TIMEOUT).
 */
export interface WaitOptions {
  /** Gives up this wait, and nothing else. */
  signal?: AbortSignal
  /** In ms: none by default, 0 tries once. */
  timeout?: number
}

/** In ms: setTimeout takes no longer delay. What lasts longer is waited for in several steps. */
export const LONGEST_TIMER: number = 2 ** 31 - 1

/** Throws ERR_INVALID_OPTION for what is malformed, and the abort error when the signal is aborted already. */
export function checkWait(options: WaitOptions | undefined): void {
  if (options === undefined) return
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { signal, timeout } = options
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 0)) {
    throw invalidOption('timeout', 'a number of ms that is not negative', timeout)
  }
  if (signal === undefined) return
  if (signal === null || typeof signal !== 'object' || !isSignal(signal)) {
    throw invalidOption('signal', 'an AbortSignal', signal)
  }
  if (signal.aborted) throw abortError(signal)
}

/** One of another realm or library counts too. */
function isSignal(signal: AbortSignal): boolean {
  return (
    typeof signal.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function'
  )
}

/** Whether the options ask for a single try. */
export function triesOnce(options: WaitOptions | undefined): boolean {
  return options?.timeout === 0
}

/** Watches over one operation that waits: calls `giveUp` once when its time is over or its signal aborts, unless disarmed before. */
export class Guard {
  readonly #what: string
  readonly #giveUp: (error: SluiceError) => void
  readonly #signal: AbortSignal | undefined
  readonly #timeout: number
  readonly #deadline: number
  readonly #listener: AbortListener | undefined
  #timer: NodeJS.Timeout | undefined

  /** Nothing to watch over: no guard. */
  static of(options: WaitOptions | undefined, what: string, giveUp: (error: SluiceError) => void): Guard | undefined {
    if (options === undefined) return undefined
    const limited = options.timeout !== undefined && options.timeout !== Infinity
    return limited || options.signal !== undefined ? new Guard(options, what, giveUp) : undefined
  }

  private constructor(options: WaitOptions, what: string, giveUp: (error: SluiceError) => void) {
    this.#what = what
    this.#giveUp = giveUp
    this.#signal = options.signal
    this.#timeout = options.timeout ?? Infinity
    this.#deadline = performance.now() + this.#timeout
    this.#listener = options.signal && onAbort(options.signal, this)
    this.#arm(this.#timeout)
  }

  /** The abort event. */
  handleEvent(): void {
    this.disarm()
    if (this.#signal !== undefined) this.#giveUp(abortError(this.#signal))
  }

  disarm(): void {
    clearTimeout(this.#timer)
    this.#listener?.remove()
  }

  #arm(ms: number): void {
    if (ms === Infinity) return
    this.#timer = setTimeout(() => this.#expired(), Math.min(ms, LONGEST_TIMER))
  }

  #expired(): void {
    const left = this.#deadline - performance.now()
    // Timers may fire up to a millisecond early; only a wait longer than one timer goes on.
    if (left > 1) return this.#arm(left)
    this.disarm()
    this.#giveUp(timeoutError(this.#what, this.#timeout))
  }
}

/** What a call that returns a promise does with an error of its arguments. */
export async function rejected(error: unknown): Promise<never> {
  throw error
}

/**
 * One deadline and one signal for an operation that consists of several waits. The parts are bounded by `part`, and `explain`
 * turns the rejection of a part back into the one of the whole.
 */
export class Span {
  /** Options of each part. */
  readonly part: WaitOptions
  readonly #guard: Guard | undefined
  #cause: SluiceError | undefined
  #onStop: ((error: SluiceError) => void) | undefined

  constructor(options: WaitOptions | undefined, what: string) {
    checkWait(options)
    const once = triesOnce(options)
    const controller = new AbortController()
    const waits = once ? signalOnly(options) : options
    this.#guard = Guard.of(waits, what, error => {
      this.#cause = error
      controller.abort(error)
      this.#onStop?.(error)
    })
    this.part = {
      ...(this.#guard === undefined ? undefined : { signal: controller.signal }),
      ...(once ? { timeout: 0 } : undefined),
    }
  }

  explain(error: unknown): unknown {
    return this.#cause ?? error
  }

  /** A part that knows nothing of waits: rejects when the whole is given up. One at a time, and it leaves nothing behind on the signal. */
  bound<T>(promise: Promise<T>): Promise<T> {
    if (this.#guard === undefined) return promise
    return new Promise((resolve, reject) => {
      if (this.#cause !== undefined) reject(this.#cause)
      this.#onStop = reject
      promise.then(resolve, reject)
    })
  }

  /** Why the whole was given up, if it was. */
  get stopped(): SluiceError | undefined {
    return this.#cause
  }

  end(): void {
    this.#guard?.disarm()
  }
}

function signalOnly(options: WaitOptions | undefined): WaitOptions | undefined {
  return options?.signal === undefined ? undefined : { signal: options.signal }
}
