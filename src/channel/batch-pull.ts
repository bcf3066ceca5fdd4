// The intake of batches from any async iterable: reads ahead while the consumer is busy, until one batch is whole.
import { BatchIterator } from './batch-iterator.ts'
import type { BatchSettings } from './batch-options.ts'

const SETTLED = Promise.resolve()

/** An iterator that can tell what is there without a promise; undefined: `next` has to be asked. */
interface Ready<T> extends AsyncIterator<T> {
  tryNext?(): IteratorResult<T, unknown> | undefined
}

export class PulledBatches<T> extends BatchIterator<T> {
  readonly #source: AsyncIterable<T>
  #iterator: AsyncIterator<T> | undefined
  #isReading = false
  #wake: (() => void) | undefined

  constructor(source: AsyncIterable<T>, settings: BatchSettings<T>) {
    super(settings)
    this.#source = source
  }

  protected override gather(): boolean {
    this.#resume()
    return false
  }

  protected override want(): void {
    this.#resume()
  }

  protected override rest(): void {
    // Reading goes on until a batch is whole.
  }

  protected override async leave(): Promise<void> {
    const iterator = this.#iterator
    if (iterator === undefined) return
    const returned = iterator.return?.()
    // Some sources answer only after the read that is pending, which may never end.
    if (this.#isReading) returned?.catch(() => {})
    else await returned
    this.#resume()
  }

  #resume(): void {
    const wake = this.#wake
    if (wake !== undefined) {
      this.#wake = undefined
      wake()
    } else if (this.#iterator === undefined) {
      try {
        this.#iterator = this.#source[Symbol.asyncIterator]()
      } catch (error) {
        return this.ended({ error })
      }
      void this.#read(this.#iterator)
    }
  }

  async #read(iterator: Ready<T>): Promise<void> {
    try {
      // Whoever asks for the first batch waits for it by then.
      if (iterator.tryNext !== undefined) await SETTLED
      for (;;) {
        while (this.former.hasWhole && !this.hasLeft) await this.#room()
        if (this.hasLeft || !this.#addReady(iterator)) return
        if (this.former.hasWhole) continue
        this.#isReading = true
        const { done, value } = await iterator.next()
        this.#isReading = false
        if (this.hasLeft) return
        if (done === true) return this.ended()
        if (!this.#add(value, iterator)) return
        if (this.isAwaited) this.settle(false)
      }
    } catch (error) {
      this.#isReading = false
      this.ended({ error })
    }
  }

  /** Adds what is there, up to a whole batch. False as below. */
  #addReady(iterator: Ready<T>): boolean {
    if (iterator.tryNext === undefined) return true
    while (!this.former.hasWhole && !this.hasLeft) {
      const step = iterator.tryNext()
      if (step === undefined || step.done === true) break
      if (!this.#add(step.value, iterator)) return false
      if (this.former.hasWhole && this.isAwaited) this.settle(false)
    }
    if (this.isAwaited) this.settle(false)
    return true
  }

  /** False when the item can't be told a size or a key: that ends all of it, the source too. */
  #add(value: T, iterator: AsyncIterator<T>): boolean {
    try {
      this.former.add(value)
      return true
    } catch (error) {
      void iterator.return?.().catch(() => {})
      this.ended({ error })
      return false
    }
  }

  #room(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}
