// The errors of stages, and which ends are failures.
import { SluiceError, textOf } from '../errors.ts'

/** What a subscription or a stage ends with; without an `error` it ends normally. */
export interface Ending {
  readonly reason: unknown
  /** Set when it is a failure. */
  readonly error: unknown
}

export const NORMAL: Ending = { reason: undefined, error: undefined }

/** 'normal' and 'shutdown' are the two names of an end that is nobody's failure. */
export function endingOf(reason: unknown, what: string): Ending {
  if (reason === undefined || reason === 'normal' || reason === 'shutdown') return { reason, error: undefined }
  if (reason instanceof Error) return { reason, error: reason }
  const error = new SluiceError('ERR_STAGE_STOPPED', `${what} ended: ${textOf(reason)}`, { cause: reason })
  return { reason, error }
}

export function failureOf(error: unknown): Ending {
  return { reason: error, error: error ?? new SluiceError('ERR_STAGE_STOPPED', 'A stage failed without a reason') }
}

export function stageStopped(name: string): SluiceError {
  return new SluiceError('ERR_STAGE_STOPPED', `The stage${name === '' ? '' : ` '${name}'`} has stopped`)
}

/** More was given or asked than may be. */
export function demandError(message: string): SluiceError {
  return new SluiceError('ERR_DEMAND', message)
}
