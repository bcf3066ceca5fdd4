// Lines of a reader as the public interface has them: one by one, as an iterator, or as batches of what one read held.
import type { LineOptions, LineReader, WaitOptions } from './byte-types.ts'
import { LineIterator } from './line-iterator.ts'
import { lineSettings } from '../lines/index.ts'
import { LineRead, LineSource } from './line-source.ts'
import type { ReaderCore } from './reader-core.ts'

export class PipeLineReader implements LineReader {
  readonly #source: LineSource

  constructor(core: ReaderCore, options: LineOptions | undefined) {
    this.#source = new LineSource(core, lineSettings(options))
  }

  read(options?: WaitOptions): Promise<string | null> {
    const buffered = options === undefined ? this.#source.buffered() : undefined
    if (buffered !== undefined) return this.#source.fulfilled(buffered)
    return this.#source.core.run(new LineRead(this.#source, takeLine), options)
  }

  batches(): AsyncIterableIterator<string[], undefined> {
    return new LineIterator(this.#source, takeBatch)
  }

  cancel(): Promise<void> {
    return this.#source.core.cancel()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<string, undefined> {
    return new LineIterator(this.#source, takeLine, nextBuffered)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#source.core.cancel()
  }
}

function takeLine(source: LineSource): string | null | undefined {
  return source.takeLine()
}

function takeBatch(source: LineSource): string[] | null | undefined {
  return source.takeBatch()
}

function nextBuffered(source: LineSource): string | undefined {
  return source.buffered()
}
