// Ending one child's tree: one order may follow another, all of them share the wait until nothing of the tree is left.
import type { KeepAlive } from '../native/index.ts'
import type { Child } from './child.ts'
import { Deferred } from '../deferred.ts'
import { startTimer } from './lifetime.ts'
import type { Ladder } from './options/signals.ts'

/** How much longer than the ladder an answer may take before the guard counts as silent. */
const SILENCE = 2000

export class Termination {
  readonly #child: Child
  readonly #loop: KeepAlive
  readonly #gone = new Deferred<void>()
  #stopWatch: (() => void) | undefined
  #isHolding = false

  constructor(child: Child, loop: KeepAlive) {
    this.#child = child
    this.#loop = loop
  }

  /** Orders it, and fulfils when nothing is left. A wait keeps the event loop alive, whatever the child does. */
  order(ladder: Ladder): Promise<void> {
    if (this.#child.isOver) {
      this.done()
      return this.#gone.promise
    }
    if (!this.#isHolding) {
      this.#isHolding = true
      this.#loop.hold()
    }
    this.#child.terminate(ladder)
    this.#stopWatch?.()
    this.#stopWatch =
      ladder.killTimeout === Infinity ? undefined : startTimer(ladder.killTimeout + SILENCE, () => this.#lookAgain())
    return this.#gone.promise
  }

  /**
   * A guard that is stopped or stuck answers nothing; then the exit counts as lost. But a loop that was blocked runs its timers before it
   * takes an answer that has long come, or that comes as soon as others get to run.
   */
  #lookAgain(): void {
    this.#child.ready()
    if (this.#child.isOver) return
    const look = setImmediate(() => {
      this.#child.ready()
      if (!this.#child.isOver) this.#child.abandon()
    })
    this.#stopWatch = () => clearImmediate(look)
  }

  /** Nothing of the tree is left, or nobody will ever tell. */
  done(): void {
    this.#stopWatch?.()
    this.#stopWatch = undefined
    if (this.#isHolding) this.#loop.drop()
    this.#isHolding = false
    this.#gone.resolve()
  }
}
