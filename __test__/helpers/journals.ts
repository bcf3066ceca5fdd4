// Journals in folders that go away, and what a test asks of their records.

import { mkdtempSync, readdirSync, rmSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Journal, JournalRecord } from '../../index.ts'

/** A new folder for a journal. */
export class JournalFolder implements Disposable {
  readonly path: string = mkdtempSync(path.join(tmpdir(), 'sluicegate-journal-'))

  /** Its segments, oldest first. */
  segments(): string[] {
    const names = readdirSync(this.path).filter(name => name.endsWith('.segment'))
    return names.sort().map(name => path.join(this.path, name))
  }

  /** Changes one byte of a segment; from its end if negative. */
  flip(segment: string, at: number): void {
    const bytes = readFileSync(segment)
    const place = at < 0 ? bytes.length + at : at
    bytes[place] = (bytes[place] ?? 0) ^ 0x20
    writeFileSync(segment, bytes)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** An event whose payload depends on its sequence. */
export function event(sequence: number, size: number = sequence % 50): JournalRecord {
  return { kind: 'event', sequence, payload: new Uint8Array(size).fill(sequence % 251) }
}

export function events(from: number, to: number): JournalRecord[] {
  return Array.from({ length: to - from + 1 }, (_, at) => event(from + at))
}

export async function replayed(journal: Journal): Promise<JournalRecord[]> {
  const records: JournalRecord[] = []
  for await (const record of journal.replay()) records.push(record)
  return records
}

export function sequences(records: readonly JournalRecord[]): number[] {
  return records.filter(({ kind }) => kind === 'event').map(({ sequence }) => sequence)
}
