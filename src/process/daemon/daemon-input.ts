// stdin of a daemon: writes in their order, each to the child that runs then; what a child took nothing of waits for the next one.
import { limit } from '../../channel/index.ts'
import { SluiceError, timeoutError } from '../../errors.ts'
import { rejected, Span, triesOnce, type WaitOptions } from '../../wait.ts'
import type { Bytes } from '../byte-types.ts'
import { Deferred } from '../../deferred.ts'
import { checkChunk } from '../writer-core.ts'
import type { DaemonChild } from './incarnation.ts'

/** What waits is copied up to this size, and kept by reference above, as in a writer. */
const COPIED_SIZE = 64 * 1024
/** A pipe breaks before the exit is told. A child that lives on for longer has only closed its stdin. */
const EXIT_IS_TOLD = 1000

export class DaemonInput {
  readonly #line = limit(1)
  #child: DaemonChild | undefined
  #next = new Deferred<DaemonChild>()
  #closed: SluiceError | undefined

  /** A child is there to write to. */
  open(child: DaemonChild): void {
    this.#child = child
    this.#next.resolve(child)
  }

  /** It is gone. */
  shut(child: DaemonChild): void {
    if (this.#child !== child) return
    this.#child = undefined
    this.#next = new Deferred()
  }

  /** There will be no other child. */
  close(): void {
    this.#child = undefined
    this.#closed = new SluiceError('ERR_WRITER_CLOSED', 'the daemon has ended')
    this.#next.reject(this.#closed)
  }

  write(chunk: string | Bytes, options?: WaitOptions): Promise<void> {
    let span: Span
    try {
      checkChunk(chunk)
      span = new Span(options, 'write')
    } catch (error) {
      return rejected(error)
    }
    const kept = typeof chunk === 'string' || chunk.length > COPIED_SIZE ? chunk : chunk.slice()
    return this.#write(kept, span, triesOnce(options))
  }

  async #write(chunk: string | Bytes, span: Span, once: boolean): Promise<void> {
    try {
      await this.#line(() => this.#deliver(chunk, span, once), span.part)
    } catch (error) {
      throw span.explain(error)
    } finally {
      span.end()
    }
  }

  async #deliver(chunk: string | Bytes, span: Span, once: boolean): Promise<void> {
    for (;;) {
      if (this.#closed !== undefined) throw this.#closed
      if (this.#child === undefined && once) throw timeoutError('write', 0)
      const child: DaemonChild = this.#child ?? (await span.bound(this.#next.promise))
      if (child.exit !== undefined) {
        this.shut(child)
        continue
      }
      const writer = child.stdin
      if (writer === undefined) throw new SluiceError('ERR_WRITER_CLOSED', 'stdin of the daemon is no pipe of its own')
      const before = writer.bytesWritten
      try {
        return await writer.write(chunk, span.part)
      } catch (error) {
        if (writer.bytesWritten > before || !isBroken(error) || !(await isGone(child))) throw error
        this.shut(child)
      }
    }
  }
}

function isBroken(error: unknown): boolean {
  return error instanceof SluiceError && (error.code === 'EPIPE' || error.code === 'ERR_WRITER_CLOSED')
}

async function isGone(child: DaemonChild): Promise<boolean> {
  if (child.exit !== undefined) return true
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), EXIT_IS_TOLD)
  })
  try {
    return await Promise.race([child.exited.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
