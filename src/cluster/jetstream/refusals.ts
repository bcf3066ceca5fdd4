// What the server's answers mean: which are worth another try, and which error of ours the others become.
import { SluiceError } from '../../errors.ts'

/** The numbers that the server gives its errors. */
export const REFUSAL = {
  streamNotFound: 10_059,
  streamExists: 10_058,
  subjectsOverlap: 10_065,
  wrongLastSequence: 10_071,
  wrongLastSequenceUnknown: 10_164,
  duplicateInBatch: 10_201,
  incompleteBatch: 10_176,
  storeFailed: 10_077,
  noSpace: 10_047,
} as const

/** Another try will tell. */
export class Again extends Error {}

/** An answer to what was published; the client library has an error of the same shape for all others. */
export class Refusal extends Error {
  readonly code: number
  readonly status: number
  constructor(message: string, code: number, status: number) {
    super(message)
    this.code = code
    this.status = status
  }
}

const PASSING: readonly string[] = [
  'TimeoutError',
  'RequestError',
  'ConnectionError',
  'NoRespondersError',
  'JetStreamNotEnabled',
]
const BUSY: readonly unknown[] = [503, 429]

/** No answer, or one that says so much as not now. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (isFull(error) || isForbidden(error)) return false
  if (error instanceof Again || PASSING.includes(error.name)) return true
  return ('status' in error && BUSY.includes(error.status)) || isRefusal(error, REFUSAL.incompleteBatch)
}

export function isRefusal(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(error.code as number)
}

function isFull(error: unknown): boolean {
  return isRefusal(error, REFUSAL.storeFailed, REFUSAL.noSpace)
}

export function isWrongLast(error: unknown): boolean {
  return isRefusal(error, REFUSAL.wrongLastSequence, REFUSAL.wrongLastSequenceUnknown)
}

/** What is final and was not foreseen. */
export function refusal(what: string, error: unknown): SluiceError {
  const text = error instanceof Error ? error.message : String(error)
  return new SluiceError(codeOf(error), `${what}: ${text}`, { cause: error })
}

function codeOf(error: unknown): string {
  if (isFull(error)) return 'ENOSPC'
  if (isRefusal(error, REFUSAL.streamNotFound)) return 'ENOENT'
  return isForbidden(error) ? 'EACCES' : 'EPROTO'
}

/** Whether the server lets nobody in, or not to this. A request has the reason as its cause. */
export function isForbidden(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return /^(?:Permission|Authorization|UserAuthentication)/u.test(error.name) || isForbidden(error.cause)
}
