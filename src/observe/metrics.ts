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

/** A valve at one moment. */
export interface ValveMetrics {
  readonly kind: 'valve'
  readonly name: string
  readonly leases: number
  readonly appliedMs: number
  readonly mutedSenders: number
  /** The valves it feeds. */
  readonly feeds: readonly string[]
  /** Who holds it closed, by leases of its own. */
  readonly holders: readonly { readonly reason: string; readonly heldMs: number }[]
  /** What sends of its party wait for: room behind another valve, a level there that is too high, or a lease. */
  readonly waitsFor: readonly {
    readonly valve: string
    readonly for: 'room' | 'level' | 'lease'
    readonly waitedMs: number
  }[]
}
