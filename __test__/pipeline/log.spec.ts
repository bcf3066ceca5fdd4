// Pipelines over a log that others share: cursors, fencing, and a log that goes away.
import test from 'ava'
import { EventPipeline, type Processor } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { MemoryLog } from './memory-log.ts'
import { Recorder } from './recorder.ts'

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
const same = ({ data }: { data: number }): number[] => [data]

async function added(pipeline: EventPipeline<number>, writer: Recorder<number>, name = 'p'): Promise<Processor> {
  return await pipeline.addProcessor<number>({ name, process: same, writer })
}

test('S1.1: what one pipeline publishes the processors of another one handle', async t => {
  const log = new MemoryLog()
  const here = await EventPipeline.open<number>({ log })
  const there = await EventPipeline.open<number>({ log: log.another() })
  const [one, two] = [Recorder.eager<number>(), Recorder.eager<number>()]
  const first = await added(here, one, 'here')
  await added(there, two, 'there')
  t.deepEqual(await Promise.all(numbers(100).map(n => here.publish(n))), numbers(100))
  t.true(log.appends < 10, `${log.appends} appends`)
  await first.caughtUp({ timeout: 5000 })
  await waitFor(() => two.items.length === 100)
  t.deepEqual(one.values, numbers(100))
  t.deepEqual(two.values, numbers(100))
  await here.close()
  await there.close()
})

test('S1.28: a processor resumes at its cursor', async t => {
  const log = new MemoryLog()
  const pipeline = await EventPipeline.open<number>({ log })
  const processor = await added(pipeline, Recorder.eager<number>())
  for (const n of numbers(5)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  await pipeline.close()
  t.true(log.isClosed)
  const again = await EventPipeline.open<number>({ log: log.another() })
  const writer = Recorder.eager<number>()
  const resumed = await added(again, writer)
  t.is(resumed.published, 5)
  await again.publish(6)
  await resumed.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, [6])
  t.deepEqual(writer.resets, [[2, 6]])
  await again.close()
})

test('S1.33, PIPE-11: a second owner of a processor fences off the first, which sends and commits nothing more', async t => {
  const log = new MemoryLog()
  const old = await EventPipeline.open<number>({ log })
  const oldWriter = new Recorder<number>({ capacity: 2 })
  const first = await added(old, oldWriter)
  for (const n of numbers(6)) await old.publish(n)
  await waitFor(() => oldWriter.items.length === 2)
  const young = await EventPipeline.open<number>({ log: log.another() })
  const writer = Recorder.eager<number>()
  const second = await added(young, writer)
  await waitFor(() => second.published === 6)
  t.deepEqual(writer.values, numbers(6))
  for (let n = 0; n < oldWriter.calls.length; n++) oldWriter.settle(n)
  await t.throwsAsync(first.caughtUp({ timeout: 5000 }), { code: 'ERR_SEQUENCE_FENCED' })
  const count = oldWriter.calls.length
  first.resume()
  await turns(3)
  t.is(oldWriter.calls.length, count)
  t.deepEqual(await log.another().cursor('p'), { sequence: 6, epoch: 2 })
  await old.close()
  await young.close()
})

test('S1.34, PIPE-10: a rewind takes a new epoch; what the log no longer has is ERR_SEQUENCE_TRIMMED', async t => {
  const log = new MemoryLog()
  const pipeline = await EventPipeline.open<number>({ log })
  const writer = Recorder.eager<number>()
  const processor = await added(pipeline, writer)
  for (const n of numbers(5)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  log.trim(2)
  await t.throwsAsync(processor.rewind(2), { code: 'ERR_SEQUENCE_TRIMMED' })
  await processor.rewind(3)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, [1, 2, 3, 4, 5, 3, 4, 5])
  t.deepEqual(writer.resets, [[2, 3]])
  t.deepEqual(await log.another().cursor('p'), { sequence: 5, epoch: 2 })
  await pipeline.close()
  // A pipeline that has read nothing yet knows what its cursor says.
  const again = await EventPipeline.open<number>({ log: log.another() })
  const resumed = await added(again, Recorder.eager<number>())
  await t.throwsAsync(resumed.rewind(2), { code: 'ERR_SEQUENCE_TRIMMED' })
  t.is(resumed.published, 5)
  t.is(await again.publish(6), 6)
  await resumed.caughtUp({ timeout: 5000 })
  await again.close()
})

test('PIPE-10: a processor that nobody knew starts at the oldest event of the log, one that was known misses what is gone', async t => {
  const log = new MemoryLog()
  const pipeline = await EventPipeline.open<number>({ log })
  await log.another().acquire('known')
  for (const n of numbers(5)) await pipeline.publish(n)
  log.trim(2)
  const writer = Recorder.eager<number>({ name: 'of the fresh' })
  const fresh = await added(pipeline, writer, 'fresh')
  t.is(fresh.published, 2)
  await fresh.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, [3, 4, 5])
  const known = await added(pipeline, Recorder.eager<number>({ name: 'of the known' }), 'known')
  await t.throwsAsync(known.caughtUp({ timeout: 5000 }), { code: 'ERR_SEQUENCE_TRIMMED' })
  // Where it began is kept: what is dropped before it has published anything is missed too.
  const late = await added(pipeline, new Recorder<number>({ name: 'of the late', capacity: 1 }), 'late')
  t.is(late.published, 2)
  t.deepEqual(await log.another().cursor('late'), { sequence: 2, epoch: 1 })
  await late.remove()
  await pipeline.close()
})

test('a log that can not be reached for a while loses nothing', async t => {
  const log = new MemoryLog()
  const pipeline = await EventPipeline.open<number>({ log })
  const writer = new Recorder<number>({ capacity: 2 })
  const processor = await added(pipeline, writer)
  for (const n of numbers(2)) await pipeline.publish(n)
  await waitFor(() => writer.items.length === 2)
  log.isDown = true
  log.wake()
  for (let n = 0; n < writer.calls.length; n++) writer.settle(n)
  await t.throwsAsync(pipeline.publish(3), { message: 'connection refused' })
  await turns(3)
  t.is(processor.published, 0)
  log.isDown = false
  t.is(await pipeline.publish(3), 3)
  await waitFor(() => writer.items.length === 3, { deadline: 10_000 })
  for (let n = 0; n < writer.calls.length; n++) writer.settle(n)
  await processor.caughtUp({ timeout: 10_000 })
  t.deepEqual(writer.values, [1, 2, 3])
  await pipeline.close()
})

test('a log that somebody else closed halts its processors, and nothing waits for it', async t => {
  for (const isRead of [true, false]) {
    const log = new MemoryLog()
    const pipeline = await EventPipeline.open<number>({ log })
    const writer = new Recorder<number>()
    const processor = await added(pipeline, writer)
    await pipeline.publish(1)
    await waitFor(() => writer.calls.length === 1)
    const caughtUp = processor.caughtUp({ timeout: 20_000 })
    await log[Symbol.asyncDispose]()
    // Either the next read or the next commit finds out.
    if (isRead) log.wake()
    else writer.settle(0)
    await t.throwsAsync(caughtUp, { code: 'ERR_CHANNEL_CLOSED' })
    await pipeline.close()
  }
})

test('PIPE-1: publish waits while a processor of this pipeline is a ring behind', async t => {
  const log = new MemoryLog()
  const pipeline = await EventPipeline.open<number>({ log, ring: 4 })
  const writer = new Recorder<number>({ capacity: 1 })
  const processor = await added(pipeline, writer)
  for (const n of numbers(4)) await pipeline.publish(n)
  await t.throwsAsync(pipeline.publish(5, { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  await waitFor(() => writer.calls.length === 1)
  writer.settle(0)
  await waitFor(() => processor.published === 1)
  t.is(await pipeline.publish(5, { timeout: 0 }), 5)
  await processor.remove()
  await pipeline.close()
})

test('many events at once are appended a bounded number at a time, in order', async t => {
  const log = new MemoryLog()
  const pipeline = await EventPipeline.open<number>({ log, ring: 4096 })
  t.deepEqual(await Promise.all(numbers(1200).map(n => pipeline.publish(n))), numbers(1200))
  t.is(log.largestAppend, 500)
  await pipeline.close()
})

test('caughtUp waits for what others have appended, before the log was first read too', async t => {
  const log = new MemoryLog()
  const there = await EventPipeline.open<number>({ log })
  for (const n of numbers(5)) await there.publish(n)
  const here = await EventPipeline.open<number>({ log })
  const writer = new Recorder<number>()
  const processor = await added(here, writer)
  const caughtUp = processor.caughtUp()
  t.is(await standing(caughtUp), 'pending')
  await t.throwsAsync(processor.caughtUp({ timeout: 0 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(processor.caughtUp({ timeout: 5 }), { code: 'ERR_TIMEOUT' })
  await waitFor(() => writer.items.length === 5)
  for (let n = 0; n < writer.calls.length; n++) writer.settle(n)
  await caughtUp
  t.is(processor.published, 5)
  log.isDown = true
  await t.throwsAsync(processor.caughtUp(), { message: 'connection refused' })
  log.isDown = false
  await here.close()
  await there.close()
})

test('close delivers what was there when it was called, and settles although others go on appending', async t => {
  const log = new MemoryLog()
  const there = await EventPipeline.open<number>({ log })
  const here = await EventPipeline.open<number>({ log })
  let isOpen = true
  const writer = new Recorder<number>({
    onWrite: async ({ items }) => {
      for (const { value } of items) if (isOpen) await there.publish(value + 1)
    },
  })
  for (const n of numbers(20)) await there.publish(n)
  await added(here, writer)
  await here.close()
  isOpen = false
  t.deepEqual(writer.values.slice(0, 20), numbers(20))
  await there.close()
})

test('close lets in who waits for room, also where others have filled the ring', async t => {
  const log = new MemoryLog()
  const there = await EventPipeline.open<number>({ log })
  const here = await EventPipeline.open<number>({ log, ring: 4 })
  const writer = new Recorder<number>({ capacity: 1 })
  await added(here, writer)
  for (const n of numbers(4)) await here.publish(n)
  const waiting = here.publish(5)
  for (const n of numbers(20, 6)) await there.publish(n)
  const closed = here.close()
  for (let n = 0; n < 25; n++) {
    await waitFor(() => writer.calls.length > n)
    writer.settle(n)
  }
  t.is(await waiting, 25)
  await closed
  t.deepEqual(writer.values.slice(-1), [5])
  await there.close()
})

test('an event that is too large for the log is refused alone', async t => {
  const log = new MemoryLog()
  log.largest = 3
  const pipeline = await EventPipeline.open<number>({ log })
  const outcomes = await Promise.allSettled([1, 22, 4444, 333].map(n => pipeline.publish(n)))
  t.like(outcomes[2], { status: 'rejected', reason: { code: 'ERR_ITEM_TOO_LARGE' } })
  t.deepEqual(
    outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    [1, 2, 3],
  )
  await pipeline.close()
})

test('an event of the log that the codec can not read halts its processor, and is not read again and again', async t => {
  const log = new MemoryLog()
  log.payloads.push(Buffer.from('1'), Buffer.from('no JSON'), Buffer.from('3'))
  const pipeline = await EventPipeline.open<number>({ log })
  const writer = Recorder.eager<number>()
  const processor = await added(pipeline, writer)
  const error = await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK' })
  t.regex(error?.message ?? '', /Event 2 /u)
  log.payloads[1] = Buffer.from('2')
  processor.resume()
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual([...new Set(writer.values)], numbers(3))
  await pipeline.close()
})

test('PIPE-11: a removal waits for the epoch that a rewind is taking, so the next owner is not fenced off', async t => {
  const log = new MemoryLog()
  const pipeline = await EventPipeline.open<number>({ log })
  const first = await added(pipeline, Recorder.eager<number>())
  for (const n of numbers(3)) await pipeline.publish(n)
  await first.caughtUp({ timeout: 5000 })
  const gate = deferred()
  log.beforeAcquire = async () => await gate.promise
  const rewound = first.rewind(1)
  await turns()
  const removed = first.remove()
  const again = first.remove()
  t.is(await standing(removed), 'pending')
  t.is(await standing(again), 'pending')
  log.beforeAcquire = undefined
  gate.resolve()
  await t.throwsAsync(rewound, { code: 'ERR_STAGE_STOPPED' })
  await Promise.all([removed, again])
  const writer = Recorder.eager<number>()
  const next = await added(pipeline, writer)
  await next.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, numbers(3))
  t.deepEqual(await log.another().cursor('p'), { sequence: 3, epoch: 3 })
  await pipeline.close()
})
