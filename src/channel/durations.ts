// How long things took, as metrics tell it: all together, and the longest.
import { performance } from 'node:perf_hooks'

export class Durations {
  totalMs = 0
  maxMs = 0

  endSince(start: number): void {
    const ms = performance.now() - start
    this.totalMs += ms
    if (ms > this.maxMs) this.maxMs = ms
  }
}
