// A journal's outcomes as the native side numbers them, made into objects here.
import type { NativeJournal, NativeJournalFailure } from './addon.ts'

/** A place between two records. Segment 0 is before everything, and as an end it means: what is written by then. */
export interface JournalPosition {
  readonly segment: number
  readonly offset: number
}

export type NativeJournalOutcome =
  /** So many commands are done. */
  | { readonly type: 'done'; readonly count: number }
  /** One read is: bodies behind their lengths, none at the end. */
  | {
      readonly type: 'block'
      readonly bodies: Uint8Array
      readonly next: JournalPosition
      readonly until: JournalPosition
    }
  | { readonly type: 'failed'; readonly count: number; readonly failure: NativeJournalFailure }

const NONE = 0
const DONE = 1
const BLOCK = 2

/** Overwritten by each call. */
const numbers = new Float64Array(4)

/** The oldest outcome that was not taken yet. */
export function takeOutcome(journal: NativeJournal): NativeJournalOutcome | undefined {
  const kind = journal.nextOutcome(numbers)
  const [first = 0, second = 0, third = 0, fourth = 0] = numbers
  switch (kind) {
    case NONE:
      return undefined
    case DONE:
      return { type: 'done', count: first }
    case BLOCK:
      return {
        type: 'block',
        bodies: journal.takeBodies(),
        next: { segment: first, offset: second },
        until: { segment: third, offset: fourth },
      }
    default:
      return { type: 'failed', count: first, failure: journal.takeFailure() }
  }
}
