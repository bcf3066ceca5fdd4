// What a pipeline asks of the place where its events and the progress of its processors are: memory, a journal or a log.
import type { Ring } from './ring.ts'
import type { PipelineEvent } from './types.ts'

/** Where a processor starts, and in which epoch. */
export interface Start {
  readonly published: number
  readonly epoch: number
}

/** Who is told what became of a `commit`. */
export interface Committed {
  /** Everything up to this event is published, and will not be processed again after a crash. */
  publishedThrough(sequence: number): void
  failed(error: unknown): void
}

export interface Store<I> {
  /** What processors read from; undefined if each reads for itself. */
  readonly ring: Ring<I> | undefined
  /** The last event there is, as far as known. */
  readonly last: number
  /** Events that are on their way in. */
  readonly pending: number
  /** What is not processed at the end is there at the next start. */
  readonly isLasting: boolean
  /** Every append will be refused: to wait for room would be in vain. */
  readonly isBroken: boolean
  /** The last event of this pipeline. */
  readonly own: number
  /** The last event there is, of others too. */
  tail(): number | Promise<number>
  append(data: I): number | Promise<number>
  /** Events from here on that the ring doesn't have. Throws ERR_SEQUENCE_TRIMMED if they are gone. */
  read(from: number, signal: AbortSignal): AsyncIterable<PipelineEvent<I>>
  /** A processor comes, perhaps again: all its older epochs are over. What it says at once holds until the next turn. */
  adopt(processor: string): Start | Promise<Start>
  /** Progress may be told late and in steps; what it is told of first may be dropped for what comes later. */
  commit(processor: string, sequence: number, epoch: number, owner: Committed): void
  /** Throws or rejects with ERR_SEQUENCE_TRIMMED if a processor can't start anew at `to`. What it says at once holds until the next turn. */
  check(to: number): Promise<void> | undefined
  /** A processor starts anew at `to`; gives the epoch. */
  rewind(processor: string, to: number, epoch: number): Promise<number>
  /** Its progress need not be kept any longer. */
  forget(processor: string): Promise<void>
  /** Fulfils when nothing is on its way in. */
  flushed(): Promise<void>
  /** Nothing is to come any more. What is on its way is kept first. */
  close(): Promise<void>
}
