// A file as a writer: appends batches one after the other. A batch that fails leaves nothing of itself behind.
import type { Stats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
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

/** The batches of one processor up to one that fails. */
interface Round {
  hasFailed: boolean
  /** Batches that are not over. */
  count: number
}

/**
 * Appends to a file, which is made if need be, at the first output and whenever somebody has taken it away. After a failure everything that its
 * processor had handed over before it knew is refused as well, so the order in the file is that of the outputs; after a crash its end may be
 * repeated.
 *
 * @example
 * await using lines = fileWriter('./orders.jsonl', { sync: true })
 * await pipeline.addProcessor({ name: 'orders', process: event => [event.data], writer: lines })
 */
export function fileWriter<O>(file: string | URL, options: FileWriterOptions<O> = {}): FileWriter<O> {
  const { sync = false } = options
  if (typeof sync !== 'boolean') throw invalidOption('sync', 'a boolean', sync)
  return new AppendedFile(pathOf(file), byteWriterSettings(options, 'file'), sync)
}

function pathOf(file: string | URL): string {
  // Resolved now: the program may change its folder later.
  if (typeof file === 'string' && file !== '') return path.resolve(file)
  if (file instanceof URL && file.protocol === 'file:') return fileURLToPath(file)
  throw invalidOption('file', 'a path or a file: URL', file)
}

/** A file that is open, and which one it is. */
interface Opened {
  readonly handle: FileHandle
  readonly ino: number
  readonly dev: number
}

class AppendedFile<O> implements FileWriter<O> {
  readonly name: string
  readonly capacity: number
  readonly maxBatch: number
  readonly #file: string
  readonly #encode: ByteWriterSettings<O>['encode']
  readonly #isSynced: boolean
  #opened: Opened | undefined
  // The one that each processor is in.
  readonly #rounds = new Map<string, Round>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(file: string, { name, capacity, maxBatch, encode }: ByteWriterSettings<O>, isSynced: boolean) {
    this.name = name
    this.capacity = capacity
    this.maxBatch = maxBatch
    this.#file = file
    this.#encode = encode
    this.#isSynced = isSynced
  }

  write(batch: WriteBatch<O>): Promise<void> {
    const { processor } = batch
    const round = this.#rounds.get(processor) ?? { hasFailed: false, count: 0 }
    this.#rounds.set(processor, round)
    round.count += 1
    const written = this.#queue(async () => {
      if (round.hasFailed) throw new Error(`${this.#file}: a write before this one failed`)
      try {
        await this.#append(encoded(batch, this.#encode))
      } catch (error) {
        round.hasFailed = true
        throw error
      }
    })
    // Runs right before the processor hears of it: what that hands over from then on is of another round.
    const settled = (): void => {
      round.count -= 1
      if (round.hasFailed || round.count === 0) this.#leave(processor, round)
    }
    written.then(settled, settled)
    return written
  }

  async reset(_epoch: number, _from: number, processor?: string): Promise<void> {
    for (const [name, round] of this.#rounds) {
      if (processor !== undefined && name !== processor) continue
      round.hasFailed = true
      this.#leave(name, round)
    }
    await this.#last
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue(() => this.#close())
  }

  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  #leave(processor: string, round: Round): void {
    if (this.#rounds.get(processor) === round) this.#rounds.delete(processor)
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const { handle, length } = await this.#ready()
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, at, bytes.length - at)
        at += bytesWritten
      }
      if (this.#isSynced) await handle.datasync()
    } catch (error) {
      await this.#undo(handle, length)
      throw error
    }
  }

  /** The file of that name, and its length: others may have moved it away, or made it shorter, since the last batch. */
  async #ready(): Promise<{ readonly handle: FileHandle; readonly length: number }> {
    const named = this.#opened === undefined ? undefined : await statOf(this.#file)
    if (this.#opened !== undefined && named?.ino === this.#opened.ino && named.dev === this.#opened.dev) {
      return { handle: this.#opened.handle, length: named.size }
    }
    await this.#close()
    const handle = await open(this.#file, 'a')
    try {
      if (this.#isSynced) await syncFolder(path.dirname(this.#file))
      const { ino, dev, size } = await handle.stat()
      this.#opened = { handle, ino, dev }
      return { handle, length: size }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Half a batch must not stay: it would be there twice. If it can't be removed, the next write opens the file anew. */
  async #undo(handle: FileHandle, length: number): Promise<void> {
    await handle.truncate(length).catch(() => this.#close().catch(() => {}))
  }

  async #close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await opened?.handle.close()
  }
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A file that was made is there after a failure of power only when its folder says so. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
