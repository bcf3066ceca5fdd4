// The errors that only pipelines have.
import { RefusedError, SluiceError, textOf, type ErrorCode } from '../errors.ts'

const FINAL: ReadonlySet<string> = new Set<ErrorCode>([
  'ERR_SEQUENCE_TRIMMED',
  'ERR_SEQUENCE_FENCED',
  'ERR_INVALID_OPTION',
  'ERR_NACK',
  'ERR_CHANNEL_CLOSED',
])

/** Events that were wanted are no longer kept. */
export function trimmed(wanted: number, first: number): SluiceError {
  return new SluiceError('ERR_SEQUENCE_TRIMMED', `Event ${wanted} is no longer kept; the oldest is ${first}`)
}

/** A processor that came to its last try. */
export function gaveUp(processor: string, sequence: number, reason: unknown): SluiceError {
  return new SluiceError('ERR_NACK', `The processor ${processor} halted at event ${sequence}: ${textOf(reason)}`, {
    cause: reason,
  })
}

/** An event that the codec does not understand. */
export function unreadable(sequence: number, reason: unknown): SluiceError {
  return new SluiceError('ERR_NACK', `Event ${sequence} can't be decoded: ${textOf(reason)}`, { cause: reason })
}

export function stopped(processor: string): SluiceError {
  return new SluiceError('ERR_STAGE_STOPPED', `The processor ${processor} was removed`)
}

/** The event comes back with it. */
export function closedTo(name: string, event: unknown): RefusedError {
  return new RefusedError('ERR_CHANNEL_CLOSED', `The pipeline ${name} is closed`.replace('  ', ' '), event)
}

/** Another try gives the same: what is gone, taken over, closed or unreadable stays so, while a log that can't be reached may come back. */
export function isFinal(error: unknown): boolean {
  return error instanceof SluiceError && FINAL.has(error.code)
}
