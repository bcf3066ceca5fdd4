// What users write about journals. It is compiled, never run: each line that must not compile says so.
import { fileJournal, type Journal, type JournalRecord } from '../../index.ts'

export async function journals(): Promise<unknown[]> {
  await using journal: Journal = await fileJournal(new URL('file:///tmp/journal'), {
    durability: 'written',
    segmentBytes: 1 << 20,
  })
  const record: JournalRecord = { kind: 'event', sequence: 1, payload: Buffer.from('x') }
  const done: void = await journal.append([record, { kind: 'published', sequence: 1, processor: 'search', epoch: 2 }])
  for await (const { kind, sequence, payload } of journal.replay()) void [kind, sequence.toFixed(), payload?.byteLength]
  const durability: 'written' | 'synced' = journal.durability
  // @ts-expect-error there are three kinds
  await journal.append([{ kind: 'other', sequence: 1 }])
  // @ts-expect-error a record has a sequence
  await journal.append([{ kind: 'event' }])
  // @ts-expect-error it takes a sequence
  await journal.compact()
  return [done, durability]
}
