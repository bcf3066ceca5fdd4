// How long things took, as metrics tell it: all together, and the longest.
import { performance } from 'node:perf_hooks'

export class Durations {
  totalMs = 0
  maxMs = 0

  /** What was added. */
  endSince(start: number): number {
    const ms = performance.now() - start
    this.totalMs += ms
    if (ms > this.maxMs) this.maxMs = ms
    return ms
  }
}
