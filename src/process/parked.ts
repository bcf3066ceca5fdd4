// The first-in-first-out list of operations that wait for an endpoint. Leaving from the middle costs no search.

/** How an attempt ended: it would block, the operation is over, or it used up its round and could go on at once. */
export type Outcome = typeof WAIT | typeof DONE | typeof MORE
export const WAIT = 0
export const DONE = 1
export const MORE = 2

/** One operation that waits. */
export abstract class Parked {
  /** Neighbours in the list, and whether it is in one: for the list alone. */
  before: Parked | undefined
  after: Parked | undefined
  queued = false

  /** Tries the system call; DONE also when it failed. Never throws. */
  abstract attempt(): Outcome
  /** The endpoint is gone. */
  abstract fail(error: Error): void
}

export class ParkedList {
  #first: Parked | undefined
  #last: Parked | undefined

  get first(): Parked | undefined {
    return this.#first
  }

  get last(): Parked | undefined {
    return this.#last
  }

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  append(operation: Parked): void {
    operation.before = this.#last
    operation.after = undefined
    operation.queued = true
    if (this.#last === undefined) this.#first = operation
    else this.#last.after = operation
    this.#last = operation
  }

  /** Does nothing for one that isn't in the list. */
  remove(operation: Parked): void {
    if (!operation.queued) return
    operation.queued = false
    if (operation.before === undefined) this.#first = operation.after
    else operation.before.after = operation.after
    if (operation.after === undefined) this.#last = operation.before
    else operation.after.before = operation.before
    operation.before = undefined
    operation.after = undefined
  }
}
