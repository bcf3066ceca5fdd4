// The intake of batches from a channel: what waits there stays there until a batch is asked for, and is then taken without a promise for each.
import { BatchIterator } from './batch-iterator.ts'
import type { BatchSettings } from './batch-options.ts'

/** What this intake needs of a channel. */
export interface ReceiveSource<T> extends AsyncIterable<T> {
  tryReceive(): IteratorResult<T, undefined> | undefined
}

/** Takes back items that were handed to nobody. */
export type Restore<T> = (items: readonly T[]) => void

export class ReceivedBatches<T> extends BatchIterator<T> {
  readonly #source: ReceiveSource<T>
  readonly #restore: Restore<T> | undefined
  #iterator: AsyncIterator<T> | undefined
  #isReading = false
  #lastRead: Promise<void> | undefined
  // When the source was last seen without items: those that are found later came after it.
  #emptyAt = performance.now()

  constructor(source: ReceiveSource<T>, settings: BatchSettings<T>, restore?: Restore<T>) {
    super(settings)
    this.#source = source
    this.#restore = restore
  }

  protected override gather(): boolean {
    try {
      while (!this.former.hasWhole) {
        const result = this.#source.tryReceive()
        if (result === undefined) {
          this.#emptyAt = performance.now()
          return true
        }
        if (result.done === true) {
          this.ended()
          return true
        }
        this.former.add(result.value, this.#emptyAt)
      }
      return false
    } catch (error) {
      this.ended({ error })
      return true
    }
  }

  protected override want(): void {
    if (this.#isReading) return
    this.#iterator ??= this.#source[Symbol.asyncIterator]()
    this.#lastRead = this.#read(this.#iterator)
  }

  /** Gives up the pending read, so that what comes next stays in the channel. */
  protected override rest(): void {
    const iterator = this.#iterator
    if (!this.#isReading || iterator === undefined) return
    this.#iterator = undefined
    this.#isReading = false
    this.#emptyAt = performance.now()
    void iterator.return?.().catch(() => {})
  }

  /** An item that is on its way goes out with the others: nothing may be left here that nobody waits for. */
  protected override due(): void {
    if (this.#isReading) void this.#giveUpRead().then(() => this.#goOn())
    else this.settle(false)
  }

  protected override leave(): Promise<void> {
    return this.#giveUpRead()
  }

  protected override restore(items: readonly T[]): void {
    this.#restore?.(items)
  }

  /** A channel answers a read that is given up, with the end or with the item that was on its way. Other sources may not, and get one turn for it. */
  async #giveUpRead(): Promise<void> {
    this.rest()
    await Promise.race([this.#lastRead, new Promise(resolve => setImmediate(resolve))])
  }

  #goOn(): void {
    if (this.hasLeft) return
    this.settle(false)
    if (this.isAwaited) this.want()
  }

  async #read(iterator: AsyncIterator<T>): Promise<void> {
    this.#isReading = true
    try {
      while (iterator === this.#iterator && this.isAwaited) {
        const { done, value } = await iterator.next()
        // One that was on its way when the read was given up is here nevertheless.
        if (done !== true) this.former.add(value)
        if (iterator !== this.#iterator) break
        this.#isReading = false
        if (done === true) return this.ended()
        this.settle(this.gather())
        this.#isReading = iterator === this.#iterator && this.isAwaited
      }
    } catch (error) {
      if (iterator !== this.#iterator) return
      this.#isReading = false
      this.ended({ error })
    }
  }
}
