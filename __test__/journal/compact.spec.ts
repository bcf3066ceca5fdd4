import test from 'ava'
import { fileJournal } from '../../index.ts'
import { events, JournalFolder, replayed, sequences } from '../helpers/journals.ts'

test('PIPE-9 compaction removes whole segments below the sequence, and nothing at or above it', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path, { segmentBytes: 2000 })
  for (let from = 1; from < 1000; from += 10) await journal.append(events(from, from + 9))
  const before = folder.segments()
  await journal.compact(500)
  const after = folder.segments()
  t.true(after.length < before.length * 0.6)
  t.deepEqual(after, before.slice(-after.length))
  const [first = 0, ...rest] = sequences(await replayed(journal))
  t.true(first > 1 && first <= 500)
  t.is(rest.at(-1), 1000)
  t.is(rest.length, 1000 - first)
})

test('after compaction the last word on each processor and the newest event are still there', async t => {
  using folder = new JournalFolder()
  {
    await using journal = await fileJournal(folder.path, { segmentBytes: 2000 })
    await journal.append([
      { kind: 'published', sequence: 3, processor: 'idle', payload: new Uint8Array([1]) },
      { kind: 'epoch', sequence: 4, processor: 'idle', epoch: 2 },
    ])
    for (let from = 1; from < 500; from += 10) {
      await journal.append(events(from, from + 9))
      await journal.append([{ kind: 'published', sequence: from + 9, processor: 'busy' }])
    }
    await journal.compact(501)
  }
  t.true(folder.segments().length <= 3)
  await using journal = await fileJournal(folder.path)
  const records = await replayed(journal)
  t.is(sequences(records).at(-1), 500)
  const words = records.filter(({ kind }) => kind !== 'event')
  t.deepEqual(words.filter(({ kind, processor }) => kind === 'published' && processor === 'idle').at(-1), {
    kind: 'published',
    sequence: 3,
    processor: 'idle',
    payload: new Uint8Array([1]),
  })
  t.deepEqual(words.filter(({ kind }) => kind === 'epoch').at(-1), {
    kind: 'epoch',
    sequence: 4,
    processor: 'idle',
    epoch: 2,
  })
  t.is(words.filter(({ processor }) => processor === 'busy').at(-1)?.sequence, 500)
})

test('appends and a replay go on during a compaction', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path, { segmentBytes: 3000 })
  await journal.append(events(1, 2000))
  const records = journal.replay()[Symbol.asyncIterator]()
  t.is((await records.next()).value?.sequence, 1)
  await Promise.all([journal.compact(1500), journal.append(events(2001, 2100)), journal.compact(1800)])
  let last = 1
  for (let step = await records.next(); !step.done; step = await records.next()) {
    t.true(step.value.sequence > last)
    last = step.value.sequence
  }
  t.is(last, 2000)
})
