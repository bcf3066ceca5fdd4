// `for await` over a reader. Hand-written, so that leaving answers at once while a `next()` is parked, and nothing is lost by it.
import { Deque } from '../deque.ts'
import { HandIterator } from '../iterator.ts'
import type { Bytes } from './byte-types.ts'
import { turn } from '../turn.ts'
import { ANY_SIZE, type ReaderCore } from './reader-core.ts'
import { ChunkRead } from './read-operations.ts'
import { rejected } from '../wait.ts'

type Step = IteratorResult<Bytes, undefined>
const END: Step = { done: true, value: undefined }

export class ChunkIterator extends HandIterator<Bytes> {
  readonly #core: ReaderCore
  // In the order they settle in. A set that is empty again and again would leave its tables to the collector's expensive part.
  readonly #pending = new Deque<ChunkRead<Step>>()
  #isDone = false
  readonly #shape = (chunk: Bytes | null): Step => (chunk === null ? this.#ended() : { done: false, value: chunk })

  constructor(core: ReaderCore) {
    super()
    this.#core = core
  }

  override next(): Promise<Step> {
    if (this.#isDone) return Promise.resolve(END)
    const core = this.#core
    try {
      core.acquire(this)
      if (core.endpoint.isIdle) {
        const chunk = core.take(ANY_SIZE)
        if (chunk !== undefined) return turn.fulfilled(this.#shape(chunk), chunk === null ? 0 : chunk.length)
      }
    } catch (error) {
      return this.#failed(error)
    }
    const operation = new ChunkRead<Step>(core, ANY_SIZE, this.#shape)
    this.#pending.push(operation)
    return core.run(operation, undefined).then(
      step => this.#settled(step),
      (error: unknown) => {
        this.#pending.shift()
        return this.#failed(error)
      },
    )
  }

  /** Releases the reader. The bytes of a `next()` that is parked stay in the pipe. */
  override return(): Promise<Step> {
    if (this.#isDone) return Promise.resolve(END)
    this.#isDone = true
    for (const operation of this.#pending.drain()) operation.dismiss(END)
    return this.#core.leave(this).then(() => END)
  }

  #settled(step: Step): Step {
    this.#pending.shift()
    return step
  }

  #ended(): Step {
    this.#isDone = true
    this.#core.release(this)
    return END
  }

  #failed(error: unknown): Promise<never> {
    this.#isDone = true
    this.#core.release(this)
    return rejected(error)
  }
}
