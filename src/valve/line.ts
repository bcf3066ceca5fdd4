// Who waits at a guarded sender, first in, first out; leaving from the middle costs no search.

export class Line<W> {
  readonly #waiting = new Set<W>()
  // Stays where the last one was taken: a new one would have to pass all that have left.
  #next: Iterator<W> = this.#waiting.values()

  get length(): number {
    return this.#waiting.size
  }

  add(waiting: W): void {
    this.#waiting.add(waiting)
  }

  remove(waiting: W): void {
    this.#waiting.delete(waiting)
  }

  shift(): W | undefined {
    while (this.#waiting.size > 0) {
      const result = this.#next.next()
      // One that has come to an end stays there, whatever is added.
      if (result.done === true) this.#next = this.#waiting.values()
      else {
        this.#waiting.delete(result.value)
        return result.value
      }
    }
    return undefined
  }
}
