// The last events of a pipeline, one copy for all processors. Who may write when is the pipeline's matter.
import type { PipelineEvent } from './types.ts'

export class Ring<I> {
  readonly size: number
  // A power of two long, so that a mask finds a slot.
  readonly #slots: (PipelineEvent<I> | undefined)[] = []
  readonly #mask: number
  readonly #origin: number
  #last: number

  /** Starts after the event `last`. */
  constructor(size: number, last: number) {
    this.size = size
    const length = 2 ** Math.ceil(Math.log2(size))
    while (this.#slots.length < length) this.#slots.push(undefined)
    this.#mask = length - 1
    this.#origin = last
    this.#last = last
  }

  get last(): number {
    return this.#last
  }

  /** The oldest event that is still here, or would be the next. */
  get first(): number {
    return Math.max(this.#origin, this.#last - this.size) + 1
  }

  /** Gives it the next sequence; the oldest event goes if all places are taken. */
  push(data: I): number {
    const sequence = this.#last + 1
    this.#slots[this.#slot(sequence)] = { sequence, data }
    this.#last = sequence
    return sequence
  }

  /** Undefined for what is not here, or not yet. */
  at(sequence: number): PipelineEvent<I> | undefined {
    return sequence >= this.first && sequence <= this.#last ? this.#slots[this.#slot(sequence)] : undefined
  }

  // The mask works on 32 bits, and sequences go to 2^53.
  #slot(sequence: number): number {
    return (sequence % 0x4000_0000) & this.#mask
  }
}
