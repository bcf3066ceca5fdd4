import type { ExecutionContext } from 'ava'
import { fileJournal, type Journal } from '../../index.ts'
import { diskTest as test } from '../helpers/disk-faults.ts'
import { event, events, JournalFolder, replayed, sequences } from '../helpers/journals.ts'

/** Everything but `close` is refused, with the call that failed as the cause. */
async function isPoisoned(t: ExecutionContext, journal: Journal, code: string): Promise<void> {
  const error = await t.throwsAsync<Error & { cause?: { code?: string } }>(journal.append([event(99)]), {
    code: 'ERR_JOURNAL_POISONED',
  })
  t.is(error?.cause?.code, code)
  await t.throwsAsync(replayed(journal), { code: 'ERR_JOURNAL_POISONED' })
  await t.throwsAsync(journal.compact(5), { code: 'ERR_JOURNAL_POISONED' })
}

test('short writes are continued until the record is whole', async (t, fail) => {
  using folder = new JournalFolder()
  {
    fail(3, -1, -1)
    await using journal = await fileJournal(folder.path, { segmentBytes: 500 })
    await Promise.all(events(1, 50).map(async record => await journal.append([record])))
    t.deepEqual(await replayed(journal), events(1, 50))
  }
  await using journal = await fileJournal(folder.path)
  t.deepEqual(await replayed(journal), events(1, 50))
})

test('PIPE-9 EIO of fdatasync poisons: all that wait and all that comes later is ERR_JOURNAL_POISONED', async (t, fail) => {
  using folder = new JournalFolder()
  const journal = await fileJournal(folder.path)
  await journal.append([event(1)])
  fail(-1, -1, 0)
  const outcomes = await Promise.allSettled(events(2, 65).map(async record => await journal.append([record])))
  t.true(outcomes.every(({ status }) => status === 'rejected'))
  // The disk works again, but what it has of the failed write is not known.
  fail(-1, -1, -1)
  await isPoisoned(t, journal, 'EIO')
  await journal.close()
  await using again = await fileJournal(folder.path)
  t.is(sequences(await replayed(again))[0], 1)
  await again.append([event(1000)])
})

test('PIPE-9 ENOSPC poisons at any byte, and every acknowledged record is there afterwards', async (t, fail) => {
  for (let room = 0; room < 180; room += 7) {
    using folder = new JournalFolder()
    const journal = await fileJournal(folder.path)
    await journal.append([event(1)])
    fail(-1, room, -1)
    const outcomes = await Promise.allSettled(events(2, 6).map(async record => await journal.append([record])))
    fail(-1, -1, -1)
    t.true(outcomes.every(({ status }) => status === 'rejected'))
    await isPoisoned(t, journal, 'ENOSPC')
    await journal.close()
    await using again = await fileJournal(folder.path)
    const found = sequences(await replayed(again))
    t.deepEqual(found, [1, 2, 3, 4, 5, 6].slice(0, found.length))
    t.true(found.length > 0)
  }
})

test('parked appends are refused too when the journal is poisoned', async (t, fail) => {
  using folder = new JournalFolder()
  const journal = await fileJournal(folder.path)
  fail(-1, -1, 0)
  const payload = new Uint8Array(10_000_000)
  const appends = Array.from({ length: 5 }, (_, at) => journal.append([{ kind: 'event', sequence: at, payload }]))
  for (const { status } of await Promise.allSettled(appends)) t.is(status, 'rejected')
  await journal.close()
})

test('a sync that fails when a segment is added poisons as well', async (t, fail) => {
  for (const syncs of [0, 1, 2, 3]) {
    using folder = new JournalFolder()
    const journal = await fileJournal(folder.path, { segmentBytes: 100 })
    await journal.append([event(1)])
    fail(-1, -1, syncs)
    await t.throwsAsync(journal.append(events(2, 10)), { code: 'ERR_JOURNAL_POISONED' })
    fail(-1, -1, -1)
    await journal.close()
    await using again = await fileJournal(folder.path)
    const found = sequences(await replayed(again))
    t.deepEqual(
      found,
      events(1, found.length).map(({ sequence }) => sequence),
    )
  }
})

test("with 'written' a failed sync is told by close", async (t, fail) => {
  using folder = new JournalFolder()
  const journal = await fileJournal(folder.path, { durability: 'written' })
  fail(-1, -1, 0)
  await journal.append([event(1)])
  await t.throwsAsync(journal.close(), { code: 'ERR_JOURNAL_POISONED' })
  fail(-1, -1, -1)
  await using again = await fileJournal(folder.path)
  t.is((await replayed(again)).length, 1)
})

test('a disk that fails while a journal is opened is the error of the system, and leaves no lock', async (t, fail) => {
  using folder = new JournalFolder()
  fail(-1, 10, -1)
  await t.throwsAsync(fileJournal(folder.path), { code: 'ENOSPC' })
  for (const syncs of [0, 1, 2]) {
    fail(-1, -1, syncs)
    await t.throwsAsync(fileJournal(folder.path), { code: 'EIO' })
  }
  fail(-1, -1, -1)
  await using journal = await fileJournal(folder.path)
  await journal.append([event(1)])
})
