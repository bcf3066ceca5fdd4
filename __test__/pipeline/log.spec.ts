// Pipelines over a log that others share: cursors, fencing, and a log that goes away.
import test from 'ava'
import { EventPipeline, type Processor } from '../../index.ts'
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
