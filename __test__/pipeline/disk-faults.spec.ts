// A disk that fails below a pipeline: who hears of it, and what is there when it is opened again.
import { EventPipeline, fileJournal, type Processor } from '../../index.ts'
import { diskTest as test } from '../helpers/disk-faults.ts'
import { JournalFolder } from '../helpers/journals.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { Recorder } from './recorder.ts'

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
const poisoned = { code: 'ERR_JOURNAL_POISONED' } as const

async function opened(folder: JournalFolder, ring = 8, segmentBytes = 64 * 1024): Promise<EventPipeline<number>> {
  return await EventPipeline.open<number>({ journal: await fileJournal(folder.path, { segmentBytes }), ring })
}

async function added(pipeline: EventPipeline<number>, writer: Recorder<number>, name = 'p'): Promise<Processor> {
  return await pipeline.addProcessor<number>({ name, process: ({ data }) => [data], writer })
}

test('PIPE-9: a sync that fails is ERR_JOURNAL_POISONED for every publish, who waits for room too, and for every processor', async (t, fail) => {
  using folder = new JournalFolder()
  const pipeline = await opened(folder)
  const writer = new Recorder<number>()
  const other = new Recorder<number>({ name: 'other' })
  const processors = [await added(pipeline, writer), await added(pipeline, other, 'q')]
  for (const n of numbers(8)) await pipeline.publish(n)
  const waiting = [9, 10].map(n => t.throwsAsync(pipeline.publish(n), poisoned))
  await waitFor(() => writer.items.length === 8 && other.items.length === 8)
  fail(-1, -1, 0)
  for (const { calls } of [writer, other]) for (const { answer } of calls) answer.resolve()
  for (const processor of processors) await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), poisoned)
  await Promise.all(waiting)
  // The disk works again, but what it has is not known before the journal is opened again.
  fail(-1, -1, -1)
  await t.throwsAsync(pipeline.publish(11), poisoned)
  await t.throwsAsync(added(pipeline, Recorder.eager<number>({ name: 'late' }), 'late'), poisoned)
  for (const processor of processors) {
    processor.resume()
    await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), poisoned)
    t.is(processor.published, 0)
  }
  await pipeline.close()

  const again = await opened(folder)
  const second = Recorder.eager<number>()
  const resumed = await added(again, second)
  await added(again, Recorder.eager<number>({ name: 'other' }), 'q')
  t.is(await again.publish(9), 9)
  await resumed.caughtUp({ timeout: 5000 })
  t.deepEqual(second.values.slice(-1), [9])
  t.deepEqual(second.values, numbers(second.values.length, 10 - second.values.length))
  await again.close()
})

test('PIPE-9: a disk that is full at any byte loses no event that was published, and gives none out twice', async (t, fail) => {
  for (let room = 0; room < 400; room += 23) {
    using folder = new JournalFolder()
    const pipeline = await opened(folder)
    const processor = await added(pipeline, Recorder.eager<number>())
    for (const n of numbers(3)) await pipeline.publish(n)
    await processor.caughtUp({ timeout: 5000 })
    fail(-1, room, -1)
    const outcomes = []
    for (const n of numbers(4, 4)) outcomes.push(...(await Promise.allSettled([pipeline.publish(n)])))
    fail(-1, -1, -1)
    const known = 3 + outcomes.filter(({ status }) => status === 'fulfilled').length
    t.true(outcomes.slice(known - 3).every(({ status }) => status === 'rejected'))
    await pipeline.close()

    const again = await opened(folder)
    t.true(again.metrics().last >= known, `room ${room}: ${again.metrics().last} of ${known}`)
    const writer = Recorder.eager<number>({ name: 'fresh' })
    const fresh = await added(again, writer, 'fresh')
    await fresh.caughtUp({ timeout: 5000 })
    t.deepEqual(writer.values, numbers(again.metrics().last))
    await again.close()
  }
})

test('PIPE-9: bytes that go bad meanwhile are ERR_JOURNAL_CORRUPT for the processor that needs them, and for no other', async t => {
  using folder = new JournalFolder()
  // Known to the journal, and not here any more: its events are kept.
  const before = await opened(folder)
  await added(before, Recorder.eager<number>(), 'absent')
  await before.close()
  const pipeline = await opened(folder, 8, 500)
  const writer = Recorder.eager<number>({ name: 'other' })
  const needs = await added(pipeline, Recorder.eager<number>())
  const other = await added(pipeline, writer, 'q')
  for (const n of numbers(100)) await pipeline.publish(n)
  await needs.caughtUp({ timeout: 5000 })
  const [oldest = ''] = folder.segments()
  folder.flip(oldest, -30)
  await needs.rewind(1)
  await t.throwsAsync(needs.caughtUp({ timeout: 5000 }), { code: 'ERR_JOURNAL_CORRUPT' })
  t.is(other.published, 100)
  const waiting = pipeline.publish(101)
  folder.flip(oldest, -30)
  needs.resume()
  t.is(await waiting, 101)
  for (const processor of [needs, other]) await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, numbers(101))
  await pipeline.close()
})
