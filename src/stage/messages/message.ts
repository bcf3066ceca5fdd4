// One message on its way from a source to its acknowledgement.

/** What a handler gets: the event, what becomes of it, and which batch it is for. */
export class Message<T> {
  /** What came; a handler may put something else in its place. */
  data: T
  /** Which batcher it is for, when there are several; the first one by default. */
  batcher: string | undefined
  /** Messages of one key come in batches of their own. */
  batchKey: string | number = ''
  /** Goes out at once, in a batch of its own. */
  flush = false
  #failure: { readonly reason: unknown } | undefined

  constructor(data: T) {
    this.data = data
  }

  get isFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Why it failed. */
  get reason(): unknown {
    return this.#failure?.reason
  }

  /** It is not handled further, and acknowledged as failed. The first reason stays. */
  fail(reason: unknown): void {
    this.#failure ??= { reason }
  }
}
