// Permits that were collected as garbage before they were released: they are told, with where they were acquired, and given back if that is asked for.
import { warn } from '../callback.ts'
import { invalidOption } from '../errors.ts'

/** What is done about permits that nobody can release any more. */
export type LostPermits = 'warn' | 'reclaim'

interface Watched {
  readonly origin: Error
  readonly giveBack: (() => void) | undefined
}

const lost = new FinalizationRegistry<Watched>(({ origin, giveBack }) => {
  warn(origin)
  giveBack?.()
})

export function checkedLost(lostPermits: unknown): LostPermits | undefined {
  if (lostPermits === undefined || lostPermits === 'warn' || lostPermits === 'reclaim') return lostPermits
  throw invalidOption('lostPermits', "'warn' or 'reclaim'", lostPermits)
}

/** To be made where permits are asked for: its stack says where that was. */
export function originOf(permits: number, name: string): Error {
  return new Error(`${permits} of the permits of the ${name} were collected as garbage and had not been released`)
}

export function watchPermit(permit: object, origin: Error, giveBack: (() => void) | undefined): void {
  lost.register(permit, { origin, giveBack }, permit)
}

export function forgetPermit(permit: object): void {
  lost.unregister(permit)
}
