// A file as a writer: appends batches one after the other. A batch that fails leaves nothing of itself behind.
import { open, type FileHandle } from 'node:fs/promises'
import { invalidOption } from '../errors.ts'
import { byteWriterSettings, encoded, type ByteWriterOptions, type ByteWriterSettings } from './encoding.ts'
import type { WriteBatch, Writer } from './types.ts'

/** A file that outputs are appended to. */
export interface FileWriterOptions<O> extends ByteWriterOptions<O> {
  /** Acknowledge only what is on the disk: an fdatasync for each batch. False by default. */
  sync?: boolean
}

/** A writer whose file is closed by disposal, after what is under way. */
export interface FileWriter<O> extends Writer<O>, AsyncDisposable {}

/**
 * Appends to a file, which is made if need be, at the first output. After a failure everything that was handed over before it was known is
 * refused as well, so the order in the file is that of the outputs; after a crash its end may be repeated.
 *
 * @example
 * await using lines = fileWriter('./orders.jsonl', { sync: true })
 * await pipeline.addProcessor({ name: 'orders', process: event => [event.data], writer: lines })
 */
export function fileWriter<O>(file: string | URL, options: FileWriterOptions<O> = {}): FileWriter<O> {
  if (typeof file !== 'string' && !(file instanceof URL)) throw invalidOption('file', 'a path or a URL', file)
  const { sync = false } = options
  if (typeof sync !== 'boolean') throw invalidOption('sync', 'a boolean', sync)
  return new AppendedFile(file, byteWriterSettings(options, 'file'), sync)
}

class AppendedFile<O> implements FileWriter<O> {
  readonly name: string
  readonly capacity: number
  readonly maxBatch: number
  readonly #file: string | URL
  readonly #encode: ByteWriterSettings<O>['encode']
  readonly #isSynced: boolean
  #handle: FileHandle | undefined
  // Up to here the file holds whole batches.
  #length = 0
  // What was handed over before the last failure, or before the last reset, is of an older round, and refused.
  #round = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(file: string | URL, { name, capacity, maxBatch, encode }: ByteWriterSettings<O>, isSynced: boolean) {
    this.name = name
    this.capacity = capacity
    this.maxBatch = maxBatch
    this.#file = file
    this.#encode = encode
    this.#isSynced = isSynced
  }

  async write(batch: WriteBatch<O>): Promise<void> {
    const round = this.#round
    await this.#queue(async () => {
      if (round !== this.#round) throw new Error(`${String(this.#file)}: a write before this one failed`)
      try {
        await this.#append(encoded(batch, this.#encode))
      } catch (error) {
        this.#round += 1
        throw error
      }
    })
  }

  async reset(): Promise<void> {
    this.#round += 1
    await this.#last
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue(async () => {
      await this.#handle?.close()
      this.#handle = undefined
    })
  }

  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const handle = await this.#opened()
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, at, bytes.length - at)
        at += bytesWritten
      }
      if (this.#isSynced) await handle.datasync()
      this.#length += bytes.length
    } catch (error) {
      await this.#undo(handle)
      throw error
    }
  }

  async #opened(): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle
    const handle = await open(this.#file, 'a')
    try {
      ;({ size: this.#length } = await handle.stat())
    } catch (error) {
      await handle.close()
      throw error
    }
    this.#handle = handle
    return handle
  }

  /** Half a batch must not stay: it would be there twice. If it can't be removed, the next write finds the length it really has. */
  async #undo(handle: FileHandle): Promise<void> {
    try {
      await handle.truncate(this.#length)
    } catch {
      this.#handle = undefined
      await handle.close().catch(() => {})
    }
  }
}
