// A copy of a child's output to a Writable, at the slower one's pace.
import type { Writable } from 'node:stream'

export class Tee {
  readonly #target: Writable
  #failure: Error | undefined
  #isReleased = false
  #wake: (() => void) | undefined
  readonly #onError = (error: Error): void => {
    this.#failure ??= error
    this.#go()
  }
  readonly #onClose = (): void => this.#onError(new Error('the tee target was closed'))
  readonly #go = (): void => {
    this.#wake?.()
    this.#wake = undefined
  }

  constructor(target: Writable) {
    this.#target = target
    target.on('error', this.#onError)
    target.once('close', this.#onClose)
    target.on('drain', this.#go)
    if (target.destroyed || target.writableEnded) this.#onClose()
  }

  /** Fulfils when the target wants more. Throws when it failed. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#isReleased) return
    if (this.#failure === undefined && !this.#target.write(chunk)) {
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
    if (this.#failure !== undefined && !this.#isReleased) throw this.#failure
  }

  /** Waits for it no longer, and lets it go. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#target.off('drain', this.#go)
    this.#target.off('close', this.#onClose)
    this.#target.off('error', this.#onError)
    this.#go()
  }
}
