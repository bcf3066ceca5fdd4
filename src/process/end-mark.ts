// The end of a writer as an operation that waits: last words, if there are any, and then its closing.
import type { Bytes } from './byte-types.ts'
import { AGAIN } from './endpoint.ts'
import { DONE, Parked, WAIT, type Outcome } from './parked.ts'
import type { WriteTarget } from './write-operations.ts'

/** The end of the writer: it waits in the list as the writes before it do. */
export class EndMark extends Parked {
  readonly promise: Promise<void>
  readonly #target: WriteTarget
  readonly #words: () => Bytes
  readonly #close: () => void
  #rest: Bytes | undefined
  #resolve!: () => void
  #reject!: (error: Error) => void

  constructor(target: WriteTarget, words: () => Bytes, close: () => void) {
    super()
    this.#target = target
    this.#words = words
    this.#close = close
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  override attempt(): Outcome {
    let rest = (this.#rest ??= this.#words())
    while (rest.length > 0) {
      const count = this.#target.push(rest, 0, rest.length)
      if (count === AGAIN) return WAIT
      // Nobody is left who could be told.
      if (count < 0) break
      this.#rest = rest = rest.subarray(count)
    }
    this.#finish()
    this.#close()
    return DONE
  }

  /** All that was to be written has been, once the words of the end were asked for. */
  override fail(error: Error): void {
    if (this.#rest === undefined) this.#reject(error)
    else this.#finish()
  }

  #finish(): void {
    this.#target.forget(this.#rest?.length ?? 0)
    this.#resolve()
  }
}
