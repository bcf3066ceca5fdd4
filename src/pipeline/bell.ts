// Wakes the processors that have nothing to do when an event comes: all at once, and after whoever publishes has paused, so that many
// events are handled in one go. While nothing comes, nothing runs.

export class Bell {
  #waiting = new Set<() => void>()
  #isRung = false
  readonly #wake = (): void => {
    this.#isRung = false
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const wake of waiting) wake()
  }

  /** Calls it once, after the next `ring`. */
  wait(wake: () => void): void {
    this.#waiting.add(wake)
  }

  /** It waits no more. */
  leave(wake: () => void): void {
    this.#waiting.delete(wake)
  }

  ring(): void {
    if (this.#isRung || this.#waiting.size === 0) return
    this.#isRung = true
    process.nextTick(this.#wake)
  }
}
