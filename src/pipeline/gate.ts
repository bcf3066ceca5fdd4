// How far the slowest processor is: what `publish` waits for. With a thousand processors it must not look at each one at each step.

interface Member {
  readonly published: number
}

export class Gate {
  /** Everybody has published up to here; Infinity if there is nobody. */
  lowest: number = Infinity
  readonly #members = new Set<Member>()
  readonly #opened: () => void
  // How many are at the lowest. Only when the last one leaves it, a look at all is needed.
  #slowest = 0

  constructor(opened: () => void) {
    this.#opened = opened
  }

  add(member: Member): void {
    this.#members.add(member)
    this.#look()
  }

  remove(member: Member): void {
    if (this.#members.delete(member)) this.#look()
  }

  /** It was at `before`, and is elsewhere now. */
  moved(member: Member, before: number): void {
    if (!this.#members.has(member)) return
    if (member.published < this.lowest) this.#look()
    else if (before === this.lowest && --this.#slowest === 0) this.#look()
  }

  #look(): void {
    const before = this.lowest
    let lowest = Infinity
    let count = 0
    for (const { published } of this.#members) {
      if (published < lowest) {
        lowest = published
        count = 0
      }
      if (published === lowest) count += 1
    }
    this.lowest = lowest
    this.#slowest = count
    if (lowest > before) this.#opened()
  }
}
