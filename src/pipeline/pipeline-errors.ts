// The errors that only pipelines have.
import { RefusedError, SluiceError } from '../errors.ts'

/** Events that were wanted are no longer kept. */
export function trimmed(wanted: number, first: number): SluiceError {
  return new SluiceError('ERR_SEQUENCE_TRIMMED', `Event ${wanted} is no longer kept; the oldest is ${first}`)
}

/** A processor that came to its last try. */
export function gaveUp(processor: string, sequence: number, reason: unknown): SluiceError {
  const text = reason instanceof Error ? reason.message : String(reason)
  return new SluiceError('ERR_NACK', `The processor ${processor} halted at event ${sequence}: ${text}`, {
    cause: reason,
  })
}

export function stopped(processor: string): SluiceError {
  return new SluiceError('ERR_STAGE_STOPPED', `The processor ${processor} was removed`)
}

/** The event comes back with it. */
export function closedTo(name: string, event: unknown): RefusedError {
  return new RefusedError('ERR_CHANNEL_CLOSED', `The pipeline ${name} is closed`.replace('  ', ' '), event)
}
