// One event that a processor has taken and not finished: its outputs that exist, and how many of them are sent and acknowledged.
// Where outputs come from and go is no concern of this file.
import { Deque } from '../deque.ts'
import type { Attempt } from './attempt.ts'
import type { PipelineEvent, WriteItem } from './types.ts'

export class Sequence<I, O> {
  readonly event: PipelineEvent<I>
  /** When it was taken. */
  readonly since: number
  /** The computation under way, if there is one. */
  attempt: Attempt<O> | undefined = undefined
  attempts = 0
  /** Outputs of this attempt that an earlier one has sent already. */
  skip = 0
  /** `interest` threw: it is part of each attempt. */
  isDoubtful = false
  /** No more outputs are to come. */
  isEnded = false
  /** It was tried for the last time. */
  failure: { readonly reason: unknown } | undefined = undefined
  sent = 0
  acked = 0
  // A list stays the user's; the outputs of an iterable are held here until they are sent.
  #list: readonly O[] | undefined = undefined
  #pulled: Deque<O> | undefined = undefined
  // Of those that exist and are not sent, what each counts for; none where bytes are not counted.
  #sizes: Deque<number> | undefined = undefined

  constructor(event: PipelineEvent<I>, since: number) {
    this.event = event
    this.since = since
  }

  get number(): number {
    return this.event.sequence
  }

  /** Outputs that exist and are not sent. */
  get realised(): number {
    return this.#list === undefined ? (this.#pulled?.length ?? 0) : Math.max(0, this.#list.length - this.sent)
  }

  /** Those that may leave. Of a source that goes on the newest may not, for nobody knows yet whether it is the last. */
  get sendable(): number {
    const { realised } = this
    return this.isEnded || realised === 0 ? realised : realised - 1
  }

  get pulling(): number {
    return this.attempt?.isPulling === true ? 1 : 0
  }

  get isSent(): boolean {
    return this.isEnded && this.realised === 0
  }

  get isDone(): boolean {
    return this.isSent && this.acked >= this.sent
  }

  /** All outputs at once. Those that an earlier attempt has sent are passed over, and not in `sizes`. */
  give(list: readonly O[], sizes: readonly number[] | undefined): void {
    this.#list = list
    this.isEnded = true
    this.#measured(sizes)
  }

  add(value: O, sizes: readonly number[] | undefined): void {
    this.#pulled ??= new Deque()
    this.#pulled.push(value)
    this.#measured(sizes)
  }

  /** The next output; `sendable` says that there is one. */
  take(): WriteItem<O> {
    const index = this.sent
    const value = (this.#list === undefined ? this.#pulled?.shift() : this.#list[index]) as O
    this.sent += 1
    return { sequence: this.event.sequence, index, last: this.isSent, value }
  }

  /** What the next output counts for; to be asked once for each. */
  takeSize(): number {
    return this.#sizes?.shift() ?? 0
  }

  /** Forgets what is not sent, for another attempt. Gives how many that were, and what they counted for. */
  forget(): { readonly items: number; readonly bytes: number } {
    const items = this.realised
    const bytes = this.#sizes?.drain().reduce((sum, size) => sum + size, 0) ?? 0
    this.#list = undefined
    this.#pulled = undefined
    this.isEnded = false
    this.skip = this.sent
    return { items, bytes }
  }

  #measured(sizes: readonly number[] | undefined): void {
    if (sizes === undefined) return
    this.#sizes ??= new Deque()
    for (const size of sizes) this.#sizes.push(size)
  }
}
