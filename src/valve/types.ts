// The public shapes of valves.

/** How a valve is made. */
export interface ValveOptions {
  /** Told in events, errors and the snapshot. */
  name?: string
  /** What a circle of sends that wait for each other does: `'report'`, the default, is an event; `'throw'` rejects the youngest of them too. */
  onDeadlock?: 'report' | 'throw'
  /** In ms: sends that wait so long while nothing moves around them are reported as a stall. Never by default. */
  stallAfter?: number
}

/** What happened to a valve. */
export interface ValveEvent {
  readonly type: 'apply' | 'release' | 'muted' | 'unmuted' | 'deadlock' | 'stall'
  /** Milliseconds since 1970. */
  readonly at: number
  readonly valve: string
  /** The valves of a circle, the first one again at its end; or those that what stalls waits for. */
  readonly path?: readonly string[]
}

/** What a lease hangs on besides its holder. */
export interface ApplyOptions {
  /** Its end releases the lease: an abort, or the end of a child, a channel, a writer. */
  owner?: AbortSignal | { readonly closed: Promise<unknown> }
  /** In ms: it is released after that. */
  maxHold?: number
}

/** Where pressure starts and ends, as parts of the capacity from 0 to 1. */
export interface Marks {
  high: number
  low: number
}

/** Pressure, until it is released. Releasing it again does nothing. */
export interface PressureLease extends Disposable {
  readonly reason: string
  release(): void
}

/** Who holds a valve closed. */
export interface Holder {
  readonly reason: string
  readonly heldMs: number
}
