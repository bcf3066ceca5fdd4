// Whether a child, and what is parked on its pipes, keeps the event loop alive: all of it while the child is ref'd, nothing of it otherwise.
import type { KeepAlive } from '../native/index.ts'

export class Reference implements KeepAlive {
  readonly #loop: KeepAlive
  #holders = 0
  #referenced = true

  constructor(loop: KeepAlive) {
    this.#loop = loop
  }

  hold(): void {
    if (this.#holders++ === 0 && this.#referenced) this.#loop.hold()
  }

  drop(): void {
    if (--this.#holders === 0 && this.#referenced) this.#loop.drop()
  }

  refer(referenced: boolean): void {
    if (referenced === this.#referenced) return
    this.#referenced = referenced
    if (this.#holders === 0) return
    if (referenced) this.#loop.hold()
    else this.#loop.drop()
  }
}
