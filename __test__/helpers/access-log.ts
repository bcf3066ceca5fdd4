// A compressed log of any size, and what a plain program makes of it.

import { createHash } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'

export interface Entry {
  readonly id: number
  readonly path: string
  readonly status: number
  readonly ms: number
}

/** What is asked of the log: the failed requests, each as one line. */
export const isFailed = (entry: Entry): boolean => entry.status >= 500
export const rowOf = (entry: Entry): string => `${entry.id}\t${entry.status}\t${entry.path}\n`

const LINES = 8192

function entryOf(id: number): Entry {
  // A multiplicative hash: the same in every run, and without a pattern that compresses away.
  const noise = Math.imul(id, 0x9e3779b1) >>> 0
  return {
    id,
    path: `/ä/${noise.toString(36)}/${noise % 977}`,
    status: [200, 200, 301, 404, 503][noise % 5] ?? 200,
    ms: noise % 3000,
  }
}

export class AccessLog implements Disposable {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-log-'))
  readonly file: string = path.join(this.#folder, 'access.log.gz')
  readonly output: string = path.join(this.#folder, 'failed.tsv')
  lines = 0
  /** How many rows are expected, and the digest of all of them. */
  rows = 0
  readonly digest: string

  /** At least so many bytes when it is unpacked. */
  constructor(bytes: number) {
    const hash = createHash('sha256')
    for (let written = 0; written < bytes;) {
      const entries = Array.from({ length: LINES }, (_, i) => entryOf(this.lines + i))
      const text = entries.map(entry => `${JSON.stringify(entry)}\n`).join('')
      appendFileSync(this.file, gzipSync(text, { level: 1 }))
      written += Buffer.byteLength(text)
      this.lines += entries.length
      for (const entry of entries.filter(isFailed)) {
        this.rows += 1
        hash.update(rowOf(entry))
      }
    }
    this.digest = hash.digest('hex')
  }

  /** The digest of what was written. */
  written(): string {
    return createHash('sha256').update(readFileSync(this.output)).digest('hex')
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
