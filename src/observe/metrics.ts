// The metrics of parts that a snapshot lists and that stand above channels and processes, as far as it has to know them.

/** A stage at one moment, and what went through it so far. */
export interface StageMetrics {
  readonly kind: 'stage'
  readonly name: string
  /** Asked for below and not given yet; for a consumer: asked for above and not handled. */
  readonly demand: number
  /** Events it holds. */
  readonly buffered: number
  readonly discarded: number
  /** Events handled; for a stage that gives some: given to subscribers. */
  readonly handled: number
  readonly subscribers: number
}

/** A pipeline at one moment. */
export interface PipelineMetrics {
  readonly kind: 'pipeline'
  readonly name: string
  readonly last: number
  readonly processors: Readonly<Record<string, ProcessorMetrics>>
}

/** One processor of a pipeline. */
export interface ProcessorMetrics {
  readonly lag: number
  readonly claimed: number
  readonly computed: number
  readonly sent: number
  readonly acked: number
  readonly published: number
  readonly credit: number
  readonly writerIdleMs: number
  readonly headOfLineMs: number
  readonly retries: number
  readonly deadLetters: number
}

/** A valve at one moment. */
export interface ValveMetrics {
  readonly kind: 'valve'
  readonly name: string
  readonly leases: number
  readonly appliedMs: number
  readonly mutedSenders: number
  readonly feeds: readonly string[]
}
