// Kills a process that appends, again and again, and looks at what is left each time.

import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileJournal, type JournalRecord } from '../../index.ts'
import { startNode } from './children.ts'
import { event, JournalFolder, replayed, sequences } from './journals.ts'
import { waitFor } from './wait-for.ts'

/** What the killed processes have said so far. */
interface Said {
  acknowledged: number
  below: number
}

/** Resolves when every round has left every acknowledged record; throws with what is missing. */
export async function crashRounds(rounds: number, durability: 'written' | 'synced'): Promise<number> {
  using folder = new JournalFolder()
  const said: Said = { acknowledged: 0, below: 1 }
  for (let round = 0; round < rounds; round++) {
    await crash(folder, durability, said)
    await using journal = await fileJournal(folder.path, { segmentBytes: 20_000 })
    check(await replayed(journal), said)
  }
  return said.acknowledged
}

async function crash(folder: JournalFolder, durability: string, said: Said): Promise<void> {
  // A file, for what is in a pipe may hold up the writer.
  const notes = path.join(folder.path, 'said')
  writeFileSync(notes, '')
  await using node = startNode(new URL('../fixtures/journal-writer.ts', import.meta.url), {
    args: [folder.path, durability, notes],
  })
  // Early in a round the file is being cut and continued, later it grows, rotates and is compacted.
  const enough = 1 + Math.floor(Math.random() ** 3 * 10_000)
  const died = node.exited.then(() => Promise.reject(new Error(`the writer ended by itself: ${node.stderr}`)))
  await Promise.race([died, waitFor(() => statSync(notes).size >= enough, { deadline: 60_000, interval: 2 })])
  died.catch(() => {})
  node.process.kill('SIGKILL')
  await node.exited
  for (const line of readFileSync(notes, 'utf8').split('\n')) hear(line, said)
}

function hear(line: string, said: Said): void {
  const number = Number(line)
  if (number > 0) said.acknowledged = Math.max(said.acknowledged, number)
  else said.below = Math.max(said.below, -number)
}

function check(records: readonly JournalRecord[], { acknowledged, below }: Said): void {
  const found = sequences(records)
  const [first = Infinity] = found
  const last = found.at(-1) ?? 0
  if (first > below) throw new Error(`the first event is ${first}, but nothing from ${below} on was given up`)
  if (last < acknowledged) throw new Error(`the last event is ${last}, but ${acknowledged} was acknowledged`)
  for (const [at, sequence] of found.entries()) {
    if (sequence !== first + at) throw new Error(`event ${first + at} is missing before ${sequence}`)
  }
  for (const { kind, sequence, payload } of records) {
    if (kind !== 'event') continue
    const expected = event(sequence, sequence % 700).payload as Uint8Array
    if (Buffer.compare(payload ?? Buffer.alloc(0), expected) !== 0) throw new Error(`event ${sequence} has other bytes`)
  }
  const published = records.filter(({ processor }) => processor === 'busy').at(-1)?.sequence ?? 0
  if (published < acknowledged) throw new Error(`published ${published}, but ${acknowledged} was acknowledged`)
  if (!records.some(({ processor }) => processor === 'idle')) throw new Error('the idle processor is forgotten')
}
