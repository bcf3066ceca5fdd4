import { readFileSync, statSync, truncateSync, unlinkSync } from 'node:fs'
import test from 'ava'
import { fileJournal } from '../../index.ts'
import { event, events, JournalFolder, replayed, sequences } from '../helpers/journals.ts'

/** A journal of three records in one segment, and how long the segment was after each. */
async function written(folder: JournalFolder): Promise<{ segment: string; ends: number[] }> {
  await using journal = await fileJournal(folder.path)
  const [segment = ''] = folder.segments()
  const ends = [statSync(segment).size]
  for (let sequence = 1; sequence <= 3; sequence++) {
    await journal.append([event(sequence, 40)])
    ends.push(statSync(segment).size)
  }
  return { segment, ends }
}

test('PIPE-9 a last record that is torn at any length is cut, and the journal goes on behind the cut', async t => {
  using folder = new JournalFolder()
  const { segment, ends } = await written(folder)
  const [, , second = 0, third = 0] = ends
  for (let length = third - 1; length >= second; length--) {
    truncateSync(segment, length)
    {
      await using journal = await fileJournal(folder.path)
      t.deepEqual(await replayed(journal), [event(1, 40), event(2, 40)], `cut to ${length}`)
      await journal.append([event(3, 40)])
    }
    await using journal = await fileJournal(folder.path)
    t.is((await replayed(journal)).length, 3)
  }
})

test('PIPE-9 a bad record before good ones is ERR_JOURNAL_CORRUPT with segment and place, and nothing is changed', async t => {
  using folder = new JournalFolder()
  const { segment, ends } = await written(folder)
  const whole = readFileSync(segment)
  for (let at = 0; at < (ends[2] ?? 0); at++) {
    folder.flip(segment, at)
    const place = ends.filter(end => end <= at).at(-1) ?? 0
    const error = await t.throwsAsync<Error & { path?: string; offset?: number }>(fileJournal(folder.path), {
      code: 'ERR_JOURNAL_CORRUPT',
    })
    t.is(error?.path, segment)
    t.is(error?.offset, place, `byte ${at}`)
    t.true(error?.message.includes(`${segment} is corrupt at byte ${place}`))
    folder.flip(segment, at)
    t.deepEqual(readFileSync(segment), whole)
  }
  await using journal = await fileJournal(folder.path)
  t.is((await replayed(journal)).length, 3)
})

test('a flipped byte in the very last record can not be told from a torn one: the record is cut', async t => {
  using folder = new JournalFolder()
  const { segment, ends } = await written(folder)
  folder.flip(segment, -1)
  await using journal = await fileJournal(folder.path)
  t.is((await replayed(journal)).length, 2)
  t.is(statSync(segment).size, ends[2] ?? 0)
})

test('damage anywhere but in the last segment, and a missing segment, is ERR_JOURNAL_CORRUPT', async t => {
  using folder = new JournalFolder()
  {
    await using journal = await fileJournal(folder.path, { segmentBytes: 300 })
    await journal.append(events(1, 30))
  }
  const segments = folder.segments()
  t.true(segments.length > 4)
  for (const segment of segments.slice(0, -1)) {
    folder.flip(segment, -1)
    await t.throwsAsync(fileJournal(folder.path), { code: 'ERR_JOURNAL_CORRUPT', message: new RegExp(segment, 'u') })
    folder.flip(segment, -1)
  }
  unlinkSync(segments[2] ?? '')
  await t.throwsAsync(fileJournal(folder.path), { code: 'ERR_JOURNAL_CORRUPT', message: /segment is missing/u })
})

test('bytes that go bad while the journal is open end the replay with ERR_JOURNAL_CORRUPT; appends go on', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path, { segmentBytes: 1000 })
  await journal.append(events(1, 100))
  const [first = ''] = folder.segments()
  folder.flip(first, 60)
  const records = journal.replay()[Symbol.asyncIterator]()
  const steps = await Promise.allSettled([records.next(), records.next()])
  t.is(steps[0].status === 'rejected' && (steps[0].reason as { code?: string }).code, 'ERR_JOURNAL_CORRUPT')
  t.like(steps[1], { status: 'fulfilled', value: { done: true } })
  await journal.append([event(101)])
  folder.flip(first, 60)
  t.is(sequences(await replayed(journal)).length, 101)
})
