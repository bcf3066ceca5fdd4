// The seam between an outlet and who shares out its events. Users implement the same one.
import type { CustomDispatcher } from '../types.ts'

/** Keeps to the account that `CustomDispatcher` describes: what `ask`, `cancel` and `more` order is what `dispatch` gets, sooner or later. */
export type StageDispatcher<O> = Omit<CustomDispatcher<O>, 'type'> & {
  /** Calls back when what it keeps now is given away. */
  mark?(reached: () => void): void
}
