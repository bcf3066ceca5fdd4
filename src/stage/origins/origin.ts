// Where a stage gets its events from, one kind a file.

export type Pulled<O> = readonly O[] | null

export interface Origin<O> {
  /** Events, `count` at most unless it is a function; null is the end. Never called while a promise of it is pending. */
  pull(count: number): Pulled<O> | Promise<Pulled<O>>
  /**
   * Nothing is wanted any more. May be called while a pull is pending, which then ends as soon as it can. Gives what was read and not pulled;
   * what comes of a read that could not be ended goes to `late`.
   */
  close(late: (events: readonly O[]) => void): readonly O[] | Promise<readonly O[]>
  /** When it gave too few it is not asked again before something has changed. */
  readonly isPatient: boolean
}
