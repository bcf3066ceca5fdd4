// Events and progress that end with the process.
import { trimmed } from './pipeline-errors.ts'
import { Ring } from './ring.ts'
import type { Committed, Start, Store } from './store.ts'
import type { PipelineEvent } from './types.ts'

export class MemoryStore<I> implements Store<I> {
  readonly ring: Ring<I>
  readonly pending = 0
  readonly isLasting = false
  readonly isBroken = false

  constructor(size: number) {
    this.ring = new Ring(size, 0)
  }

  get last(): number {
    return this.ring.last
  }

  get own(): number {
    return this.ring.last
  }

  tail(): number {
    return this.ring.last
  }

  append(data: I): number {
    return this.ring.push(data)
  }

  // oxlint-disable-next-line require-yield -- there is nothing beyond the ring
  async *read(from: number): AsyncGenerator<PipelineEvent<I>, void, undefined> {
    throw trimmed(from, this.ring.first)
  }

  adopt(): Start {
    return { published: this.ring.first - 1, epoch: 1 }
  }

  commit(_processor: string, sequence: number, _epoch: number, owner: Committed): void {
    owner.publishedThrough(sequence)
  }

  check(to: number): undefined {
    if (to < this.ring.first) throw trimmed(to, this.ring.first)
  }

  async rewind(_processor: string, _to: number, epoch: number): Promise<number> {
    return epoch + 1
  }

  async forget(): Promise<void> {}

  async flushed(): Promise<void> {}

  async close(): Promise<void> {}
}
