// Signal names and numbers of this host. Which signals an option takes is decided in options/.
import { constants } from 'node:os'

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals))

// Two names may share a number (SIGABRT and SIGIOT); the first is the usual one.
const names = new Map<number, NodeJS.Signals>()
for (const [name, number] of numbers) {
  if (!names.has(number)) names.set(number, name as NodeJS.Signals)
}

/** The largest signal number there is (SIGRTMAX on Linux). */
export const LAST_SIGNAL = 64

/** The number of a signal, or undefined when there is no such signal. 0 counts as one: it probes. */
export function signalNumber(signal: unknown): number | undefined {
  if (typeof signal === 'string') return numbers.get(signal)
  if (typeof signal === 'number' && Number.isInteger(signal) && signal >= 0 && signal <= LAST_SIGNAL) return signal
  return undefined
}

/** The name of a signal, or its number when it has none (real-time signals). */
export function signalName(signal: number): NodeJS.Signals | number {
  return names.get(signal) ?? signal
}
