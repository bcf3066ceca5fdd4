// The public shapes of pipelines: events, processors, writers, journals, logs, and their metrics.
import type { Journal } from '../journal/index.ts'
import type { Many } from '../many.ts'
import type { RetryOptions } from '../retry.ts'
import type { WaitOptions } from '../wait.ts'

export type { Many } from '../many.ts'

/** One published event. All processors get the same object. */
export interface PipelineEvent<T> {
  /** From 1, without gaps. */
  readonly sequence: number
  readonly data: T
}

/** What `process` is told beside its event. */
export interface ProcessContext {
  /** Aborted when nobody wants the outputs any more: the processor is rewound or removed. */
  readonly signal: AbortSignal
  /** From 1. */
  readonly attempt: number
}

/** How far a processor may get ahead of what its writer takes. */
export interface LookaheadOptions {
  /** Outputs that exist and are not sent; by default two batches. */
  items?: number
  /** Bytes of these: of strings and bytes their own, of anything else those of its JSON. No bound by default; exceeded by one output at most. */
  maxBytes?: number
  /** Events that were taken and whose outputs are not all sent: 1024 by default. */
  sequences?: number
}

/** A failed output or event after its last try. */
export interface DeadLetter<O> {
  readonly sequence: number
  /** What was refused: one output for a nack that names one, those of this sequence in the batch for a write that threw, none when `process` failed. */
  readonly items: readonly O[]
  readonly reason: unknown
}

/** One path through the pipeline: which events, what becomes of them, and where that goes. */
export interface ProcessorOptions<I, O> {
  /** Under this name it resumes. */
  name: string
  /** Events that it returns false for cost neither a computation nor credit. */
  interest?: (event: PipelineEvent<I>) => boolean
  /** Gives the outputs of an event. Those of an iterable are pulled as the look-ahead allows, never all at once. */
  process: (event: PipelineEvent<I>, context: ProcessContext) => Many<O> | Promise<readonly O[] | void> | void
  /** A writer, or the name of one that `addWriter` was given. */
  writer: Writer<O> | string
  lookahead?: LookaheadOptions
  /** Events whose outputs are computed at once, 1 by default. Outputs leave in order all the same. */
  computeConcurrency?: number
  /** After a nack, outputs of the same event that were acknowledged out of order are not sent again. */
  unorderedWithin?: boolean
  /** What makes an output acknowledged: being handed over, the end of its `write` (the default), or `link.ack` alone. */
  ack?: 'none' | 'batch' | 'manual'
  /** In ms: what takes longer counts as refused. None by default. */
  ackTimeout?: number
  /** Without it only a nack with `retryAfter` leads to another try. */
  retry?: RetryOptions
  /** `'halt'` (the default) stops this processor, and this one only; `'dead-letter'` needs `deadLetter`. */
  onExhausted?: 'halt' | 'dead-letter'
  /** What it throws halts the processor. */
  deadLetter?: (failed: DeadLetter<O>) => void | Promise<void>
}

/** One output on its way to a writer. */
export interface WriteItem<O> {
  readonly sequence: number
  /** From 0 within its sequence. */
  readonly index: number
  /** The last output of its sequence. */
  readonly last: boolean
  readonly value: O
}

/** What `write` gets: outputs of one processor, in the order of (sequence, index). */
export interface WriteBatch<O> {
  readonly processor: string
  readonly epoch: number
  readonly items: readonly WriteItem<O>[]
}

/** Refuses the output (sequence, index) and takes none that came after it. */
export interface Nack {
  readonly sequence: number
  readonly index: number
  /** In ms, instead of the backoff. */
  readonly retryAfter?: number
  /** No further try. */
  readonly fatal?: boolean
  readonly reason?: unknown
}

/** A writer's side of its connection to one processor, in one epoch. After that its calls are ignored. */
export interface WriterLink {
  readonly epoch: number
  /** Lets in so many outputs in all since the epoch began; a smaller total than before is ignored. */
  grant(total: number): void
  /** Acknowledges everything up to this output, or up to the end of this sequence. */
  ack(sequence: number, index?: number): void
  /** Asks for everything from this output on once more. */
  nack(nack: Nack): void
}

/** A destination; may serve several processors, in turns. */
export interface Writer<O> {
  readonly name: string
  /** Outputs that it holds unacknowledged, of all processors together. One that grants is bound by its grants instead. */
  readonly capacity: number
  /** Outputs in one call, `capacity` by default. */
  readonly maxBatch?: number
  /**
   * Fulfilled: all of the batch is acknowledged, unless `ack` is 'manual': then only `link.ack` does. Thrown: all of it is refused. Called
   * again before it settles while credit lasts.
   */
  write(batch: WriteBatch<O>, link: WriterLink): Promise<void | Nack>
  /**
   * A processor starts anew at `from`, in a later epoch than its first. Nothing of it is written before this has fulfilled. Who serves several
   * processors learns from `processor` which of them it is.
   */
  reset?(epoch: number, from: number, processor?: string): Promise<void>
}

/** Keeps events and progress for several machines. */
export interface EventLog extends AsyncDisposable {
  /** All of them or none, in a row. Fulfils with the sequence of the last payload, so the others have those right before it. */
  append(payloads: readonly Uint8Array[], options?: { epoch?: number; expectedSequence?: number }): Promise<number>
  read(
    from: number,
    options?: WaitOptions & { maxBytes?: number },
  ): AsyncIterable<{ readonly sequence: number; readonly payload: Uint8Array }>
  /**
   * The sequence of the last event there is, 0 without any. Where it is missing, `caughtUp` and `close` know of events of other machines only
   * what was read already.
   */
  last?(): Promise<number>
  /**
   * The sequence of the oldest event that is kept, or of the next one without any. Where it is missing, a processor that nobody knew starts at
   * event 1, and halts with ERR_SEQUENCE_TRIMMED if that is gone.
   */
  first?(): Promise<number>
  cursor(processor: string): Promise<{ readonly sequence: number; readonly epoch: number }>
  commit(processor: string, sequence: number, epoch: number): Promise<void>
  /** The new epoch; older ones are fenced off with ERR_SEQUENCE_FENCED. */
  acquire(processor: string): Promise<number>
}

/** How events become bytes, for a journal or a log. */
export interface Codec<I> {
  encode(value: I): Uint8Array
  decode(bytes: Uint8Array): I
}

/** How much a pipeline holds, and what outlives it. */
export interface EventPipelineOptions<I> {
  name?: string
  /** Events that the slowest processor may be behind, 1024 by default. */
  ring?: number
  /** Closed by the pipeline's `close`. */
  journal?: Journal
  /** Instead of a journal. Closed by the pipeline's `close`. */
  log?: EventLog
  /** JSON by default. */
  codec?: Codec<I>
}

/** A processor of a pipeline. */
export interface Processor {
  readonly name: string
  /** All events up to this one are done with, and with a journal or a log that is kept. */
  readonly published: number
  /** Starts anew at this event, in a new epoch: what is under way is dropped, and late answers to it are ignored. ERR_SEQUENCE_TRIMMED if the event is gone. */
  rewind(to: number): Promise<void>
  /** Takes and sends nothing more; what is sent can still be acknowledged. */
  pause(): void
  /** Ends a pause, and tries again after a halt. */
  resume(): void
  /** Stops it and forgets its progress: its events need not be kept any longer. */
  remove(): Promise<void>
  /** Fulfils when everything that is published by now is done with; rejects with ERR_NACK when it halts. */
  caughtUp(options?: WaitOptions): Promise<void>
}

/** A processor at one moment. The first five after `lag` are sequences, each at least as high as the next. */
export interface ProcessorMetrics {
  /** Events of the pipeline that it has not published. */
  readonly lag: number
  readonly claimed: number
  readonly computed: number
  readonly sent: number
  readonly acked: number
  readonly published: number
  /** Outputs that the writer would take now. */
  readonly credit: number
  /** How long the writer had nothing of ours although it had credit and there was work. */
  readonly writerIdleMs: number
  /** For how long the oldest event has been under way. */
  readonly headOfLineMs: number
  readonly retries: number
  readonly deadLetters: number
}

/** A pipeline at one moment. */
export interface PipelineMetrics {
  readonly kind: 'pipeline'
  readonly name: string
  /** The last event there is. */
  readonly last: number
  readonly processors: Readonly<Record<string, ProcessorMetrics>>
}
