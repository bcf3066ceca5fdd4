// The public shapes of windows: which events belong together, and when something is told of them.

/** Which events belong together. */
export type Window<T> =
  /** All of them. */
  | { type: 'global' }
  /** So many each. */
  | { type: 'count'; size: number }
  /**
   * Those of one span of their own time, in ms. A window is over when an event of a later one comes. With `lateness`, that is told as `'watermark'`, and
   * events for it still count until one comes that is so much later. What comes too late for its window is told to `onLate`, and belongs to none.
   */
  | { type: 'fixed'; every: number; timeOf: (event: T) => number; lateness?: number; onLate?: (event: T) => void }
  /** Those that come in one span of time, in ms. */
  | { type: 'periodic'; every: number }

/** How events are made into windows. */
export interface WindowOptions<T, A> {
  /** Default `{ type: 'global' }`. */
  window?: Window<T>
  /** What a window begins with. */
  initial: () => A
  /** What it is after one more event. */
  reduce: (state: A, event: T) => A
  /** What else is told of a window before it is over: after so many events, after an event for which it is true, or in such an interval, in ms. */
  trigger?: { every?: number; when?: (event: T) => boolean; interval?: number }
  /** A window begins anew after each trigger; false by default. */
  reset?: boolean
}

/** A window at one moment. */
export interface WindowState<A> {
  /** 0 and so on; of fixed windows their beginning in ms. */
  readonly window: number
  /** Why this is told; nothing comes of a window after `'done'`. */
  readonly trigger: 'every' | 'when' | 'interval' | 'watermark' | 'done'
  readonly state: A
}
