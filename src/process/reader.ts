// The reading end of a pipe, as the public interface has it: validation, and who may read now. The work is done by its parts.
import type { Readable, Writable } from 'node:stream'
import type { ReadableStream, WritableStream } from 'node:stream/web'
import type { Sender } from '../channel/types.ts'
import { invalidOption } from '../errors.ts'
import type { ByteReader, Bytes, ByteWriter, LineOptions, LineReader, WaitOptions } from './byte-types.ts'
import type { Endpoint } from './endpoint.ts'
import { PipeLineReader } from './line-reader.ts'
import { pipeTo } from './pipe-to.ts'
import { ANY_SIZE, ReaderCore, settledNow, type ReaderHooks } from './reader-core.ts'
import { collectBytes, collectText, type CollectOptions } from './reader-collect.ts'
import { ChunkIterator } from './reader-iterator.ts'
import { nodeReadable } from './reader-node.ts'
import { webReadable } from './reader-web.ts'
import { rejected } from '../wait.ts'
import { ChunkRead, ExactRead, FillRead, type PendingRead } from './read-operations.ts'

export class PipeReader implements ByteReader {
  readonly #core: ReaderCore

  constructor(endpoint: Endpoint, hooks: ReaderHooks = {}) {
    this.#core = new ReaderCore(endpoint, hooks)
  }

  /** The parts of a reader of ours, for who hands its descriptor on; undefined for any other object. */
  static coreOf(reader: ByteReader): ReaderCore | undefined {
    return #core in reader ? reader.#core : undefined
  }

  get bytesRead(): number {
    return this.#core.bytesRead
  }

  get isClosed(): boolean {
    return this.#core.isClosed
  }

  read(options?: WaitOptions & { maxBytes?: number }): Promise<Bytes | null> {
    const core = this.#core
    let max: number
    try {
      max = maxBytesOf(options)
      core.checkFree()
      if (options === undefined && core.endpoint.isIdle) {
        const chunk = core.take(max)
        if (chunk !== undefined) return settledNow(chunk)
      }
    } catch (error) {
      return rejected(error)
    }
    return core.run(new ChunkRead(core, max, asIs), options)
  }

  tryRead(options?: { maxBytes?: number }): Bytes | null | undefined {
    const max = maxBytesOf(options)
    this.#core.checkFree()
    return this.#core.endpoint.isIdle ? this.#core.take(max) : undefined
  }

  readInto(buffer: Bytes, options?: WaitOptions): Promise<number> {
    if (!(buffer instanceof Uint8Array) || buffer.byteLength === 0) {
      return Promise.reject(invalidOption('buffer', 'a Uint8Array with room for at least one byte', buffer))
    }
    return this.#run(() => new FillRead(this.#core, buffer), options)
  }

  readExactly(size: number, options?: WaitOptions): Promise<Bytes> {
    if (!Number.isSafeInteger(size) || size < 0) {
      return Promise.reject(invalidOption('size', 'an integer that is not negative', size))
    }
    return this.#run(() => new ExactRead(this.#core, size), options)
  }

  lines(options?: LineOptions): LineReader {
    return new PipeLineReader(this.#core, options)
  }

  bytes(options?: CollectOptions): Promise<Bytes> {
    return collectBytes(this.#core, options, 'bytes')
  }

  text(options?: CollectOptions): Promise<string> {
    return collectText(this.#core, options, 'text')
  }

  async json<T = unknown>(options?: CollectOptions): Promise<T> {
    return JSON.parse(await collectText(this.#core, options, 'json')) as T
  }

  pipeTo(
    target: ByteWriter | Writable | WritableStream | Sender<Bytes>,
    options?: WaitOptions & { preventClose?: boolean },
  ): Promise<number> {
    return pipeTo(this.#core, target, options)
  }

  readable(): Readable {
    return nodeReadable(this.#core)
  }

  readableStream(): ReadableStream<Bytes> {
    return webReadable(this.#core)
  }

  cancel(): Promise<void> {
    return this.#core.cancel()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Bytes, undefined> {
    return new ChunkIterator(this.#core)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#core.cancel()
  }

  #run<T>(operation: () => PendingRead<T>, options: WaitOptions | undefined): Promise<T> {
    try {
      this.#core.checkFree()
    } catch (error) {
      return rejected(error)
    }
    return this.#core.run(operation(), options)
  }
}

function maxBytesOf(options: { maxBytes?: number } | undefined): number {
  const max = options?.maxBytes
  if (max === undefined) return ANY_SIZE
  if (max !== Infinity && !(Number.isSafeInteger(max) && max > 0))
    throw invalidOption('maxBytes', 'a positive integer', max)
  return max
}

function asIs(chunk: Bytes | null): Bytes | null {
  return chunk
}
