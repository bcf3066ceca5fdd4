// The options that say how a child is ended: AbortSignal, killSignal, killTimeout.
import { invalidOption } from '../../errors.ts'
import { LAST_SIGNAL, signalNumber } from '../signals.ts'
import { durationOption, isObject } from './check.ts'

export const DEFAULT_KILL_SIGNAL = 'SIGTERM'
export const DEFAULT_KILL_TIMEOUT = 5000

/** How a tree is ended: this signal, and SIGKILL after that many milliseconds. */
export interface Ladder {
  readonly killSignal: number
  readonly killTimeout: number
}

export function ladderOptions(
  given: { readonly killSignal?: unknown; readonly killTimeout?: unknown },
  base?: Ladder,
): Ladder {
  return {
    killSignal: given.killSignal === undefined && base ? base.killSignal : killSignalOption(given.killSignal),
    killTimeout: durationOption('killTimeout', given.killTimeout, base ? base.killTimeout : DEFAULT_KILL_TIMEOUT),
  }
}

function killSignalOption(value: unknown): number {
  const number = signalNumber(value ?? DEFAULT_KILL_SIGNAL)
  if (number === undefined || number === 0)
    throw invalidOption('killSignal', `a signal name or a number from 1 to ${LAST_SIGNAL}`, value)
  return number
}

/** The signal of `kill()`; 0 only asks whether the child is there. */
export function sentSignal(value: unknown): number {
  const number = signalNumber(value)
  if (number === undefined) throw invalidOption('signal', `a signal name or a number from 0 to ${LAST_SIGNAL}`, value)
  return number
}

export function abortSignalOption(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined
  if (!isObject(value) || typeof value['aborted'] !== 'boolean' || typeof value['addEventListener'] !== 'function') {
    throw invalidOption('signal', 'an AbortSignal', value)
  }
  return value as unknown as AbortSignal
}
