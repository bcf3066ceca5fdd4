// Which messages are not acknowledged yet, and the acknowledging: each once, whoever asks for it.
import { warn } from '../../callback.ts'
import type { Message } from './message.ts'
import { spanned } from './span.ts'
import type { MessagesOptions } from './types.ts'

export class MessageLedger<T> {
  readonly #name: string
  readonly #options: Pick<MessagesOptions<T>, 'ack' | 'ackBy' | 'onFailed'>
  readonly #onAcknowledged: (message: Message<T>) => void
  readonly #pending = new Set<Message<T>>()
  readonly #underWay = new Set<Promise<void>>()

  constructor(
    name: string,
    options: Pick<MessagesOptions<T>, 'ack' | 'ackBy' | 'onFailed'>,
    onAcknowledged: (message: Message<T>) => void,
  ) {
    this.#name = name
    this.#options = options
    this.#onAcknowledged = onAcknowledged
  }

  get pending(): number {
    return this.#pending.size
  }

  add(message: Message<T>): void {
    this.#pending.add(message)
  }

  /** Tells of those that failed, and acknowledges all that were not yet. Never rejects. */
  settle(messages: readonly Message<T>[]): Promise<void> {
    return this.#follow(this.#settle(messages))
  }

  async #settle(messages: readonly Message<T>[]): Promise<void> {
    const failed = messages.filter(message => message.isFailed && this.#pending.has(message))
    const { onFailed } = this.#options
    if (failed.length > 0 && onFailed !== undefined) {
      await this.#contained('failed', failed.length, () => onFailed(failed))
    }
    await this.ack(messages)
  }

  /** As they stand. Never rejects. */
  ack(messages: readonly Message<T>[]): Promise<void> {
    return this.#follow(this.#ack(messages))
  }

  async #ack(messages: readonly Message<T>[]): Promise<void> {
    const groups = new Map<unknown, [successful: Message<T>[], failed: Message<T>[]]>()
    for (const message of messages) {
      if (!this.#pending.delete(message)) continue
      const reference = this.#referenceOf(message)
      const group = groups.get(reference) ?? [[], []]
      groups.set(reference, group)
      group[message.isFailed ? 1 : 0].push(message)
    }
    for (const [successful, failed] of groups.values()) {
      const count = successful.length + failed.length
      await this.#contained('ack', count, () => this.#options.ack(successful, failed))
      for (const message of [...successful, ...failed]) this.#onAcknowledged(message)
    }
  }

  /** Nobody will handle them any more. Fulfils when all that came is acknowledged. */
  async abandon(reason: unknown): Promise<void> {
    const rest = [...this.#pending]
    for (const message of rest) message.fail(reason)
    void this.settle(rest)
    await Promise.all(this.#underWay)
  }

  async #follow(step: Promise<void>): Promise<void> {
    this.#underWay.add(step)
    await step
    this.#underWay.delete(step)
  }

  /** What nobody can be told of becomes a warning. */
  async #contained(step: 'failed' | 'ack', count: number, call: () => void | Promise<void>): Promise<void> {
    try {
      await spanned({ name: this.#name, step, count }, async () => await call())
    } catch (error) {
      warn(error)
    }
  }

  #referenceOf(message: Message<T>): unknown {
    try {
      return this.#options.ackBy?.(message)
    } catch (error) {
      warn(error)
      return undefined
    }
  }
}
