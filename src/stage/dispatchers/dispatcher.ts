// The seam between an outlet and who shares out its events. Users implement the same one.
import type { CustomDispatcher, Dispatch } from '../types.ts'

export interface StageDispatch<O> extends Dispatch<O> {
  /** Events thrown away for want of a subscriber. */
  readonly discarded?: number
}

/** Keeps to the account that `CustomDispatcher` describes: what `ask`, `cancel` and `more` order is what `dispatch` gets, sooner or later. */
export type StageDispatcher<O> = Omit<CustomDispatcher<O>, 'type' | 'dispatch'> & {
  dispatch(events: readonly O[]): StageDispatch<O>
  /** Nobody subscribes any more: nothing is kept for whoever might. */
  close?(): void
  /** Calls back when what it keeps now is given away. */
  mark?(reached: () => void): void
}
