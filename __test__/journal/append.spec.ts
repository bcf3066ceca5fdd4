import anyTest from 'ava'
import { pathToFileURL } from 'node:url'
import { fileJournal, type JournalRecord } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { event, events, JournalFolder, replayed, sequences } from '../helpers/journals.ts'
import { sleepsOfThread } from '../helpers/usage.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

async function openAndClose(): Promise<void> {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  await journal.append([event(1)])
}

const test = withCensus(anyTest, { warmUp: openAndClose })

const every: readonly JournalRecord[] = [
  { kind: 'event', sequence: 1 },
  { kind: 'event', sequence: 2, payload: new Uint8Array(0) },
  { kind: 'event', sequence: Number.MAX_SAFE_INTEGER, payload: new Uint8Array([1, 2, 3]) },
  { kind: 'published', sequence: 0, processor: 'search' },
  {
    kind: 'published',
    sequence: 2 ** 40 + 7,
    processor: '\uFEFFé😀',
    epoch: 0,
    payload: new Uint8Array(300_000).fill(9),
  },
  { kind: 'epoch', sequence: 3, processor: '', epoch: Number.MAX_SAFE_INTEGER },
]

for (const durability of ['synced', 'written'] as const) {
  test(`S1.11 PIPE-9 every field of every kind comes back as it was, also after a new opening (${durability})`, async t => {
    using folder = new JournalFolder()
    {
      await using journal = await fileJournal(folder.path, { durability })
      t.is(journal.durability, durability)
      await journal.append(every)
      t.deepEqual(await replayed(journal), every)
    }
    await using again = await fileJournal(pathToFileURL(folder.path))
    t.is(again.durability, 'synced')
    t.deepEqual(await replayed(again), every)
  })
}

test('appends are in the journal in the order of their calls, however large they are', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path, { segmentBytes: 10_000 })
  const sizes = [0, 1, 100_000, 5, 3_000_000, 17]
  await Promise.all(sizes.map(async (size, at) => await journal.append([event(at + 1, size)])))
  const records = await replayed(journal)
  t.deepEqual(sequences(records), [1, 2, 3, 4, 5, 6])
  t.deepEqual(
    records.map(({ payload }) => payload?.length),
    sizes,
  )
})

test('an append of nothing is done at once', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  await journal.append([])
  t.deepEqual(await replayed(journal), [])
})

test('over the byte budget appends park, and come in when earlier ones are acknowledged', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  const before = process.memoryUsage().arrayBuffers
  const payload = new Uint8Array(4 * 1024 * 1024)
  const appends = Array.from({ length: 25 }, (_, at) => journal.append([{ kind: 'event', sequence: at + 1, payload }]))
  // All of them together would be 100 MiB.
  t.true(process.memoryUsage().arrayBuffers - before < 60 * 1024 * 1024)
  await Promise.all(appends)
  t.deepEqual(
    sequences(await replayed(journal)),
    Array.from({ length: 25 }, (_, at) => at + 1),
  )
})

test('a parked append whose record was spoilt meanwhile is refused alone', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  const large = journal.append([event(1, 20_000_000)])
  const spoilt = { kind: 'event' as const, sequence: 2 }
  const parked = journal.append([spoilt])
  const after = journal.append([event(3)])
  spoilt.sequence = -1
  await large
  await t.throwsAsync(parked, { code: 'ERR_INVALID_OPTION', message: /sequence/u })
  await after
  t.deepEqual(sequences(await replayed(journal)), [1, 3])
})

test('what is too large is refused with the record itself', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  const record = event(1, 64 * 1024 * 1024)
  const error = await t.throwsAsync<Error & { value?: unknown }>(journal.append([record]), {
    code: 'ERR_ITEM_TOO_LARGE',
  })
  t.is(error?.value, record)
  const payload = new Uint8Array(50 * 1024 * 1024)
  const many = Array.from({ length: 6 }, (_, at) => ({ kind: 'event' as const, sequence: at, payload }))
  await t.throwsAsync(journal.append(many), { code: 'ERR_ITEM_TOO_LARGE' })
  await journal.append([event(2)])
  t.deepEqual(sequences(await replayed(journal)), [2])
})

test('all that append in one turn are one group', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  await journal.append([event(1)])
  const before = sleepsOfThread('sluicegate-jrnl')
  await Promise.all(events(2, 2001).map(async record => await journal.append([record])))
  // A group sleeps while it syncs and when it is done: as many sleeps as appends would be a sync for each.
  t.true(sleepsOfThread('sluicegate-jrnl') - before < 200)
})

test('PIPE-15 S1.31 an idle journal never wakes', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  await journal.append([event(1)])
  let before = -1
  // It lies down a moment after it has answered.
  await waitFor(() => before === (before = sleepsOfThread('sluicegate-jrnl')), { interval: 50 })
  await turns(2000)
  t.is(sleepsOfThread('sluicegate-jrnl'), before)
})

test('two journals of one process know nothing of each other', async t => {
  using one = new JournalFolder()
  using other = new JournalFolder()
  await using first = await fileJournal(one.path)
  await using second = await fileJournal(other.path)
  await Promise.all([first.append(events(1, 100)), second.append(events(5, 9)), first.append(events(101, 200))])
  t.is((await replayed(first)).length, 200)
  t.deepEqual(sequences(await replayed(second)), [5, 6, 7, 8, 9])
})
