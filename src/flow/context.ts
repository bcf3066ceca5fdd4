// What the callbacks of one step get beside their value. Its signal is made when it is asked for: most callbacks never do.

/** Passed to callbacks. `signal` aborts when the flow fails, is given up, or wants no more of this step. */
export interface FlowContext {
  readonly signal: AbortSignal
}

export class Context implements FlowContext {
  #controller: AbortController | undefined
  #aborted: { readonly reason: unknown } | undefined

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason)
    }
    return this.#controller.signal
  }

  /** With an undefined reason the signal has the usual AbortError. */
  abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#controller?.abort(this.#aborted.reason)
  }
}
