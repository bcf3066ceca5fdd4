// The watchdog for what no graph shows: sends wait, and nothing moves around them.
import { LONGEST_TIMER } from '../wait.ts'
import type { ValveNode } from './node.ts'

export class StallWatch {
  readonly #node: ValveNode
  readonly #after: number
  #timer: NodeJS.Timeout | undefined
  #due = 0
  #seen = -1

  constructor(node: ValveNode, after: number) {
    this.#node = node
    this.#after = after
  }

  /** Somebody has begun to wait. */
  arm(): void {
    if (this.#timer !== undefined || this.#after === Infinity) return
    this.#seen = this.#progress
    this.#due = performance.now() + this.#after
    this.#start()
  }

  #start(): void {
    const left = Math.max(1, this.#due - performance.now())
    this.#timer = setTimeout(() => this.#look(), Math.min(LONGEST_TIMER, left)).unref()
  }

  #look(): void {
    this.#timer = undefined
    if (this.#node.waits.length === 0) return
    if (this.#progress !== this.#seen) return this.arm()
    // Timers may fire up to a millisecond early; only a wait longer than one timer goes on.
    if (this.#due - performance.now() > 1) return this.#start()
    const held = [...this.#node.reach('downstream')].filter(({ holds }) => holds.size > 0)
    this.#node.publish(
      'stall',
      [this.#node, ...held.filter(node => node !== this.#node)].map(({ title }) => title),
    )
  }

  get #progress(): number {
    let sum = 0
    for (const node of [...this.#node.reach('upstream'), ...this.#node.reach('downstream')]) sum += node.progress
    return sum
  }
}
