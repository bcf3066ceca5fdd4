// The errors that logs have in common.
import { RefusedError, SluiceError } from '../errors.ts'

/** Somebody else has taken the processor over. */
export function fenced(processor: string, epoch: number, current: number): SluiceError {
  return new SluiceError(
    'ERR_SEQUENCE_FENCED',
    `The processor ${processor} is in epoch ${current}, so epoch ${epoch} moves nothing`,
  )
}

/** An append in an epoch before the newest one that has appended. */
export function fencedAppend(epoch: number, current: number): SluiceError {
  return new SluiceError(
    'ERR_SEQUENCE_FENCED',
    `Events were appended in epoch ${current}, so epoch ${epoch} appends nothing`,
  )
}

/** The log doesn't end where the one who appends thinks. */
export function conflict(expected: number, last: number): SluiceError {
  return new SluiceError('ERR_SEQUENCE_FENCED', `\`expectedSequence\` is ${expected}, but the log ends at ${last}`)
}

/** Events that were wanted are no longer kept. */
export function trimmed(wanted: number, first: number): SluiceError {
  return new SluiceError(
    'ERR_SEQUENCE_TRIMMED',
    `Event ${wanted} is no longer kept; the oldest from there on is ${first}`,
  )
}

export function closedLog(name: string): SluiceError {
  return new SluiceError('ERR_CHANNEL_CLOSED', `The log ${name} is closed`)
}

/** The payload comes back with it; `limit` says whose it is. */
export function tooLarge(payload: Uint8Array, limit: string): RefusedError {
  return new RefusedError('ERR_ITEM_TOO_LARGE', `A payload has ${payload.length} bytes, ${limit}`, payload)
}

/** The code is the operating system's name for it where there is one, which may lie some causes deep. */
export function unreachable(what: string, cause: unknown): SluiceError {
  const text = cause instanceof Error && cause.message !== '' ? cause.message : String(cause)
  return new SluiceError(systemCode(cause) ?? 'ETIMEDOUT', `${what}: ${text}`, { cause })
}

function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && /^E[A-Z]+$/u.test(at.code)) return at.code
  }
  return undefined
}
