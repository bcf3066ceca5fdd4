// The writing end of a pipe, as the public interface has it.
import type { Writable } from 'node:stream'
import type { WritableStream } from 'node:stream/web'
import { timeoutError } from '../errors.ts'
import type { Bytes, ByteWriter, WaitOptions } from './byte-types.ts'
import type { Endpoint } from './endpoint.ts'
import { checkWait, Guard, rejected, triesOnce } from '../wait.ts'
import { ignore } from './write-operations.ts'
import { checkChunk, WriterCore, type WriterHooks } from './writer-core.ts'
import { nodeWritable } from './writer-node.ts'
import { webWritable } from './writer-web.ts'

export class PipeWriter implements ByteWriter {
  readonly #core: WriterCore

  constructor(endpoint: Endpoint, hooks: WriterHooks = {}) {
    this.#core = new WriterCore(endpoint, hooks)
  }

  /** The parts of a writer of ours, for who hands its descriptor on; undefined for any other object. */
  static coreOf(writer: ByteWriter): WriterCore | undefined {
    return #core in writer ? writer.#core : undefined
  }

  get pendingBytes(): number {
    return this.#core.pendingBytes
  }

  get bytesWritten(): number {
    return this.#core.bytesWritten
  }

  get closed(): Promise<void> {
    return this.#core.closed
  }

  get isClosed(): boolean {
    return this.#core.isClosed
  }

  write(chunk: string | Bytes, options?: WaitOptions): Promise<void> {
    return this.#core.write(chunk, options)
  }

  tryWrite(chunk: Bytes): number {
    return this.#core.tryWrite(chunk)
  }

  end(chunk?: string | Bytes, options?: WaitOptions): Promise<void> {
    const ended = this.#end(chunk, options)
    ignore(ended)
    return ended
  }

  writable(): Writable {
    return nodeWritable(this.#core)
  }

  writableStream(): WritableStream<string | Bytes> {
    return webWritable(this.#core)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end()
  }

  #end(chunk: string | Bytes | undefined, options: WaitOptions | undefined): Promise<void> {
    const core = this.#core
    try {
      checkWait(options)
      if (chunk !== undefined) {
        checkChunk(chunk)
        core.check()
      }
    } catch (error) {
      return rejected(error)
    }
    const written = chunk === undefined ? undefined : core.write(chunk, undefined)
    const ended = core.end()
    return bounded(core, written === undefined ? ended : written.then(() => ended), options)
  }
}

/** Bounds the wait for the end, not the end itself. */
function bounded(core: WriterCore, ended: Promise<void>, options: WaitOptions | undefined): Promise<void> {
  // Who gives up the wait hears nothing of what the end comes to.
  ignore(ended)
  if (triesOnce(options)) return core.isClosed ? ended : Promise.reject(timeoutError('end', 0))
  return new Promise((resolve, reject) => {
    const guard = Guard.of(options, 'end', reject)
    ended
      .then(resolve, reject)
      .finally(() => guard?.disarm())
      .catch(reject)
  })
}
