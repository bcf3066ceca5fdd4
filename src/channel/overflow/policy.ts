// What a policy of overflow sees of a channel, and what it may answer. The policies are in their own files.

/** What is done with a value that finds no room: wait for room, refuse it, drop it, or accept it into room that was made. */
export type Verdict = 'wait' | 'refuse' | 'drop' | 'accept'

export interface Full {
  /** Others wait for room already; they come first. */
  readonly isAwaited: boolean
  readonly capacity: number
  readonly reserved: number
  /** A channel that holds nothing fits any size, as far as places go. */
  fits(count: number, size: number): boolean
  /** Takes the oldest item away; it is reported when the channel has settled. */
  dropOldest(): void
}

export interface OverflowPolicy {
  /** For a value of that many bytes. */
  onSend(full: Full, size: number): Verdict
  /** For a reservation of that many places, which has no value that could be dropped. */
  onReserve(full: Full, count: number): Exclude<Verdict, 'drop'>
}
