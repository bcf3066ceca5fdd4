// What both kinds of stages that give do with events from outside.
import { invalidOption } from '../errors.ts'
import type { Outlet } from './outlet.ts'
import { stageStopped } from './stage-errors.ts'

/** Throws for what is no array, and when the stage takes no more. */
export function emitInto<O>(outlet: Outlet<O>, events: readonly O[]): void {
  if (!Array.isArray(events)) throw invalidOption('events', 'an array', events)
  if (outlet.isClosed) throw stageStopped(outlet.name)
  // The array stays the caller's.
  outlet.emit(events.slice(), false)
}
