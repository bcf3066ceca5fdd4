// A file that is open for appending. It is a bare descriptor, since a FileHandle that is collected unclosed ends the process: one that nobody
// has any more is closed without a word.
import { close, fdatasync, fstat, ftruncate, open, write, type Stats } from 'node:fs'
import { promisify } from 'node:util'

const opened = promisify(open)
const written = promisify(write)
const synced = promisify(fdatasync)
const looked = promisify(fstat)
const cut = promisify(ftruncate)
const closed = promisify(close)

const lost = new FinalizationRegistry<number>(fd => close(fd, () => {}))

export class OpenFile {
  readonly #fd: number

  private constructor(fd: number) {
    this.#fd = fd
    lost.register(this, fd, this)
  }

  /** Makes it if need be. */
  static async at(path: string): Promise<OpenFile> {
    return new OpenFile(await opened(path, 'a'))
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await written(this.#fd, bytes, at, bytes.length - at)
      at += bytesWritten
    }
  }

  async sync(): Promise<void> {
    await synced(this.#fd)
  }

  async stat(): Promise<Stats> {
    return await looked(this.#fd)
  }

  async truncate(length: number): Promise<void> {
    await cut(this.#fd, length)
  }

  async close(): Promise<void> {
    lost.unregister(this)
    await closed(this.#fd)
  }
}
