// Wakes the processors that have nothing to do when an event comes: all at once, and after whoever publishes has paused, so that many
// events are handled in one go. While nothing comes, nothing runs.

export class Bell {
  #waiting: (() => void)[] = []
  #isRung = false
  readonly #wake = (): void => {
    this.#isRung = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Calls it once, after the next `ring`. */
  wait(wake: () => void): void {
    this.#waiting.push(wake)
  }

  ring(): void {
    if (this.#isRung || this.#waiting.length === 0) return
    this.#isRung = true
    process.nextTick(this.#wake)
  }
}
