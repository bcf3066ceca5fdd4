// A file as a writer: appends batches one after the other. A batch that fails leaves nothing of itself behind.
import type { Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalidOption } from '../errors.ts'
import { byteWriterSettings, encoded, type ByteWriterOptions, type ByteWriterSettings } from './encoding.ts'
import { OpenFile } from './open-file.ts'
import type { Nack, WriteBatch, Writer } from './types.ts'

/** A file that outputs are appended to. */
export interface FileWriterOptions<O> extends ByteWriterOptions<O> {
  /** Acknowledge only what is on the disk: an fdatasync for each batch. False by default. */
  sync?: boolean
}

/** A writer whose file is closed by disposal, after what is under way. */
export interface FileWriter<O> extends Writer<O>, AsyncDisposable {}

const LINE_FEED = Buffer.from('\n')

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
  const settings = byteWriterSettings(options, 'file')
  const { sync = false } = options
  if (typeof sync !== 'boolean') throw invalidOption('sync', 'a boolean', sync)
  return new AppendedFile(pathOf(file), settings, sync)
}

function pathOf(file: string | URL): string {
  // Resolved now: the program may change its folder later.
  if (typeof file === 'string' && file !== '' && !file.includes('\0')) return path.resolve(file)
  if (file instanceof URL && file.protocol === 'file:') return fileURLToPath(file)
  throw invalidOption('file', 'a path or a file: URL', file)
}

/** A file that is open, and which one it is. */
interface Opened {
  readonly handle: OpenFile
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
  readonly #isLines: boolean
  #opened: Opened | undefined
  // A crash has cut its last line, which shall not swallow the next one.
  #isTorn = false
  // The one that each processor is in.
  readonly #rounds = new Map<string, Round>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(file: string, { name, capacity, maxBatch, encode, isLines }: ByteWriterSettings<O>, isSynced: boolean) {
    this.name = name
    this.capacity = capacity
    this.maxBatch = maxBatch
    this.#file = file
    this.#encode = encode
    this.#isSynced = isSynced
    this.#isLines = isLines
  }

  write(batch: WriteBatch<O>): Promise<void | Nack> {
    const { processor } = batch
    const round = this.#rounds.get(processor) ?? { hasFailed: false, count: 0 }
    this.#rounds.set(processor, round)
    round.count += 1
    const written = this.#queue(async () => {
      if (round.hasFailed) throw new Error(`${this.#file}: a write before this one failed`)
      try {
        const { bytes, nack } = encoded(batch, this.#encode)
        round.hasFailed = nack !== undefined
        if (nack === undefined || bytes.length > 0) await this.#append(bytes)
        return nack
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

  #queue<R>(work: () => Promise<R>): Promise<R> {
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
      await handle.append(this.#isTorn ? Buffer.concat([LINE_FEED, bytes]) : bytes)
      if (this.#isSynced) await handle.sync()
      this.#isTorn = false
    } catch (error) {
      await this.#undo(handle, length)
      throw error
    }
  }

  /** The file of that name, and its length: others may have moved it away, or made it shorter, since the last batch. */
  async #ready(): Promise<{ readonly handle: OpenFile; readonly length: number }> {
    const named = this.#opened === undefined ? undefined : await statOf(this.#file)
    if (this.#opened !== undefined && named?.ino === this.#opened.ino && named.dev === this.#opened.dev) {
      return { handle: this.#opened.handle, length: named.size }
    }
    await this.#close()
    const handle = await OpenFile.at(this.#file)
    try {
      if (this.#isSynced) await syncFolder(path.dirname(this.#file))
      const { ino, dev, size } = await handle.stat()
      this.#isTorn = this.#isLines && size > 0 && !(await endsLine(this.#file, size))
      this.#opened = { handle, ino, dev }
      return { handle, length: size }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Half a batch must not stay: it would be there twice. If it can't be removed, the next write opens the file anew. */
  async #undo(handle: OpenFile, length: number): Promise<void> {
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

/** Of a file that may not be read nobody knows. */
async function endsLine(file: string, size: number): Promise<boolean> {
  const last = Buffer.alloc(1)
  try {
    const handle = await open(file)
    try {
      await handle.read(last, 0, 1, size - 1)
    } finally {
      await handle.close()
    }
  } catch {
    return true
  }
  return last.equals(LINE_FEED)
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
