// The shapes of the journal's public side. Types only.

/** One entry of a journal. What is not given is not there when it is replayed. */
export interface JournalRecord {
  /** An event that was accepted; up to where a processor has published; a processor's new epoch. */
  readonly kind: 'event' | 'published' | 'epoch'
  /** A safe integer, 0 or more. */
  readonly sequence: number
  /** At most 65,535 bytes of UTF-8. */
  readonly processor?: string
  /** A safe integer, 0 or more. */
  readonly epoch?: number
  /** The journal copies it at the latest when the append settles: don't change it before. */
  readonly payload?: Uint8Array
}

/** How a journal on this machine's disk is opened. */
export interface FileJournalOptions {
  /** What an append waits for. `'synced'`: the disk has it, so it outlives a power failure. `'written'`: the system has it, so it outlives the process. */
  durability?: 'written' | 'synced'
  /** A segment takes no more records when it has so many bytes: 64 MiB by default. Compaction removes whole segments. */
  segmentBytes?: number
}

/**
 * An append-only list of records that outlives the process. One owner at a time.
 *
 * @example
 * await journal.append([{ kind: 'event', sequence: 1, payload }])
 */
export interface Journal extends AsyncDisposable {
  /** Fulfils when all of the records are as durable as `durability` says. Rejected ones may be there or not, from the first on. */
  append(records: readonly JournalRecord[]): Promise<void>
  /** What is in it when the iteration begins, oldest first, read block by block as it is asked for. */
  replay(): AsyncIterable<JournalRecord>
  /** Removes the oldest segments with only events below that sequence. The newest event and the last word on each processor stay. */
  compact(below: number): Promise<void>
  /** Waits for what was appended, and gives the directory free. */
  close(): Promise<void>
  readonly durability: 'written' | 'synced'
}
