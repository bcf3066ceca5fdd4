// What users hold of a processor.
import type { WaitOptions } from '../wait.ts'
import type { ProcessorCore } from './processor-core.ts'
import type { Processor } from './types.ts'

export class ProcessorHandle implements Processor {
  readonly #core: ProcessorCore<never, never>
  readonly #remove: () => Promise<void>

  constructor(core: ProcessorCore<never, never>, remove: () => Promise<void>) {
    this.#core = core
    this.#remove = remove
  }

  get name(): string {
    return this.#core.settings.name
  }

  get published(): number {
    return this.#core.published
  }

  rewind(to: number): Promise<void> {
    return this.#core.rewind(to)
  }

  pause(): void {
    this.#core.pause()
  }

  resume(): void {
    this.#core.resume()
  }

  remove(): Promise<void> {
    return this.#remove()
  }

  caughtUp(options?: WaitOptions): Promise<void> {
    return this.#core.caughtUp(options)
  }
}
