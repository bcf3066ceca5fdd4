// The errors of valves.
import { SluiceError } from '../errors.ts'

/** It was not made by `Valve.create()`, or has been revoked. */
export function invalidAuthority(message: string): SluiceError {
  return new SluiceError('ERR_INVALID_AUTHORITY', message)
}
