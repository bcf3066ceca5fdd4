// The error classes of every part and the constructors of the errors that more than one part throws.
// What a part alone can throw is built in that part.
import { constants } from 'node:os'
import { inspect } from 'node:util'
import type { Result, RunOptions } from './process/types.ts'

/** Every code of ours. An error may also carry the operating system's name (`EPIPE`, `ENOENT`, …). */
export type ErrorCode =
  /** An option or argument is wrong; the message names it, what was expected and what came. */
  | 'ERR_INVALID_OPTION'
  /** The native parts can't work here, or were not found; the message has the remedy. */
  | 'ERR_PLATFORM_UNSUPPORTED'
  /** A timeout is over; the error's name is TimeoutError. */
  | 'ERR_TIMEOUT'
  /** A signal aborted it; the error's name is AbortError, its cause the signal's reason. */
  | 'ABORT_ERR'
  | 'ERR_STREAM_CONSUMED'
  /** The containment that was named can't be had here. */
  | 'ERR_CONTAINMENT'
  /** The child exited with another code than 0, or by a signal. */
  | 'ERR_PROCESS_FAILED'
  /** More came than `maxBuffer` allows. */
  | 'ERR_MAX_BUFFER'
  /** Nobody can tell how the child ended. */
  | 'ERR_STATUS_LOST'
  /** The guard ended before it answered. */
  | 'ERR_SHEPHERD_LOST'
  /** Another consumer holds the reader. */
  | 'ERR_READER_BUSY'
  /** The reader was canceled or given away, or ended too early. */
  | 'ERR_READER_CLOSED'
  /** The writer has ended, or was given away. */
  | 'ERR_WRITER_CLOSED'
  /** A line is longer than `maxLength`. */
  | 'ERR_LINE_TOO_LONG'
  | 'ERR_CHANNEL_CLOSED'
  | 'ERR_CHANNEL_FULL'
  | 'ERR_ITEM_TOO_LARGE'
  | 'ERR_PERMIT_USED'
  | 'ERR_SEMAPHORE_CLOSED'
  | 'ERR_JOB_DROPPED'
  | 'ERR_STAGE_STOPPED'
  | 'ERR_DEMAND'
  | 'ERR_SEQUENCE_TRIMMED'
  | 'ERR_SEQUENCE_FENCED'
  | 'ERR_NACK'
  | 'ERR_JOURNAL_CORRUPT'
  | 'ERR_JOURNAL_POISONED'
  | 'ERR_INVALID_AUTHORITY'
  | 'ERR_DEADLOCK'

/** What every error of this package is: `code` names the case, `cause` is set whenever there is one. */
export class SluiceError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  /**
   * Tells our errors from others, and one case from the rest when a code is given.
   *
   * @example
   * if (SluiceError.is(error, 'ERR_MAX_BUFFER')) console.warn('too much output')
   */
  static is(error: unknown, code?: ErrorCode): error is SluiceError {
    return error instanceof SluiceError && (code === undefined || error.code === code)
  }
}
// On the prototype, as the built-in classes have it, so that it is no enumerable field of each error.
Object.defineProperty(SluiceError.prototype, 'name', { value: 'SluiceError', writable: true, configurable: true })

/** What a `SpawnError` says beside its message; the shape is the one of Node's own spawn errors. */
export interface SpawnFacts {
  readonly errno: number
  readonly syscall: string
  readonly path: string
  readonly spawnargs: readonly string[]
  readonly cause?: unknown
}

/**
 * Nothing was executed: the program or the directory is missing, something is used up, or it was given up before its start. The shape is
 * the one of Node's own spawn errors; `reject: false` does not hide it.
 *
 * @example
 * await run('no-such-program').catch(error => error instanceof SpawnError && error.code === 'ENOENT')
 */
export class SpawnError extends SluiceError {
  readonly errno: number
  readonly syscall: string
  readonly path: string
  readonly spawnargs: readonly string[]
  constructor(code: string, message: string, facts: SpawnFacts) {
    super(code, message, 'cause' in facts ? { cause: facts.cause } : undefined)
    this.errno = facts.errno
    this.syscall = facts.syscall
    this.path = facts.path
    this.spawnargs = facts.spawnargs
  }
}
Object.defineProperty(SpawnError.prototype, 'name', { value: 'SpawnError', writable: true, configurable: true })

/**
 * The child ran and did not end well; it carries every field of its `Result`. `message` quotes the end of what it wrote, `shortMessage` does not.
 *
 * @example
 * await run('false').catch(error => error instanceof ProcessError && error.exitCode === 1)
 */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the fields are those of `result`, assigned below
export class ProcessError extends SluiceError {
  readonly shortMessage: string
  constructor(
    code: string,
    messages: { message: string; shortMessage: string },
    result: Result<RunOptions>,
    options?: { cause?: unknown },
  ) {
    super(code, messages.message, options)
    this.shortMessage = messages.shortMessage
    Object.assign(this, result)
  }
}
// Declared here, for in the class each would be initialised to undefined.
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- see above
export interface ProcessError extends Result<RunOptions> {}
Object.defineProperty(ProcessError.prototype, 'name', { value: 'ProcessError', writable: true, configurable: true })

/** The item that was refused comes back as `value`. */
export class RefusedError extends SluiceError {
  readonly value: unknown
  constructor(code: ErrorCode, message: string, value: unknown, options?: { cause?: unknown }) {
    super(code, message, options)
    this.value = value
  }
}
Object.defineProperty(RefusedError.prototype, 'name', { value: 'RefusedError', writable: true, configurable: true })

/** ERR_INVALID_OPTION: names the option, what was expected, and what came with its type. */
export function invalidOption(option: string, expected: string, received: unknown): SluiceError {
  return new SluiceError('ERR_INVALID_OPTION', `\`${option}\` must be ${expected}, received ${describe(received)}`)
}

/** The rejection of an aborted wait: `cause` is the signal's reason. */
export function abortError(signal: AbortSignal): SluiceError {
  return named('AbortError', new SluiceError('ABORT_ERR', 'The operation was aborted', { cause: signal.reason }))
}

/** The rejection of a wait that took longer than its `timeout`. */
export function timeoutError(what: string, ms: number): SluiceError {
  return named('TimeoutError', new SluiceError('ERR_TIMEOUT', `${what} did not finish within ${ms} ms`))
}

/** An operating system error in Node's shape. `errno` is the positive number of the native side; the field is negative, as Node's. */
export function errnoError(
  errno: number,
  syscall: string,
): SluiceError & NodeJS.ErrnoException & { readonly code: string } {
  const code = errnoName(errno)
  return Object.assign(new SluiceError(code, `${syscall} ${code}`), { errno: -errno, syscall })
}

/** The name of a positive error number. The table of `node:util` lacks those that libuv never meets. */
export function errnoName(errno: number): string {
  for (const [name, number] of Object.entries(constants.errno)) if (number === errno) return name
  return `ERRNO_${errno}`
}

/** What was thrown, or given as a reason, in words. Anything can be, so it does not throw for what has none. */
export function textOf(reason: unknown): string {
  try {
    return String(reason instanceof Error ? reason.message : reason)
  } catch {
    return `an instance of ${constructorName(reason as object)}`
  }
}

function named<E extends Error>(name: string, error: E): E {
  Object.defineProperty(error, 'name', { value: name, writable: true, configurable: true })
  return error
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string')
    return `${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)} (string)`
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
  if (typeof value === 'object') return `an instance of ${constructorName(value)}`
  return `${inspect(value)} (${typeof value})`
}

function constructorName(value: object): string {
  try {
    return value.constructor.name || 'Object'
  } catch {
    return 'Object'
  }
}
