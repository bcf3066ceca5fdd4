// What a callback is told about the attempt it is. The signal is made when it is asked for, since most callbacks never do.

export class AttemptContext {
  readonly attempt: number
  // Of the two the first that is needed.
  #state: AbortController | { readonly reason: unknown } | undefined

  constructor(attempt: number) {
    this.attempt = attempt
  }

  get signal(): AbortSignal {
    const state = this.#state
    if (state instanceof AbortController) return state.signal
    const controller = new AbortController()
    if (state !== undefined) controller.abort(state.reason)
    this.#state = controller
    return controller.signal
  }

  abort(reason: unknown): void {
    if (this.#state instanceof AbortController) this.#state.abort(reason)
    else this.#state ??= { reason }
  }
}
