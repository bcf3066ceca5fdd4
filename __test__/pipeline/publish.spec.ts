// Publishing: who waits, who is let in, and what ends.
import test from 'ava'
import { EventPipeline, RefusedError, snapshot } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { Recorder } from './recorder.ts'

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
const same = ({ data }: { data: number }): number[] => [data]

test('PIPE-1: publish waits while the slowest processor is a ring behind, first come, first served', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 5 })
  const slow = new Recorder<number>({ name: 'slow', capacity: 1 })
  const one = await pipeline.addProcessor({ name: 'slow', process: same, writer: slow })
  const two = await pipeline.addProcessor({
    name: 'fast',
    process: same,
    writer: Recorder.eager<number>({ name: 'fast' }),
  })
  for (const n of numbers(5)) t.is(await pipeline.publish(n), n)
  const sixth = pipeline.publish(6)
  const seventh = pipeline.publish(7)
  t.is(await standing(sixth), 'pending')
  await two.caughtUp({ timeout: 5000 })
  slow.settle(0)
  t.is(await sixth, 6)
  t.is(await standing(seventh), 'pending')
  await t.throwsAsync(pipeline.publish(8, { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  await one.remove()
  t.is(await seventh, 7)
  t.is(await pipeline.publish(8), 8)
})

test('PIPE-1: any ring size holds exactly so many', async t => {
  for (const ring of [1, 2, 3, 7, 64]) {
    await using pipeline = await EventPipeline.open<number>({ ring })
    const processor = await pipeline.addProcessor({
      name: 'p',
      process: same,
      writer: new Recorder<number>({ capacity: 1000 }),
    })
    processor.pause()
    for (const n of numbers(ring)) await pipeline.publish(n, { timeout: 0 })
    await t.throwsAsync(pipeline.publish(0, { timeout: 0 }), { code: 'ERR_TIMEOUT' }, `ring ${ring}`)
    await processor.remove()
  }
})

test('an abort or a timeout ends the wait for admission, and nothing is published', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 1 })
  const writer = new Recorder<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  await pipeline.publish(1)
  const controller = new AbortController()
  const aborted = pipeline.publish(2, { signal: controller.signal })
  const late = pipeline.publish(3, { timeout: 5 })
  controller.abort()
  await t.throwsAsync(aborted, { code: 'ABORT_ERR', name: 'AbortError' })
  await t.throwsAsync(late, { code: 'ERR_TIMEOUT', name: 'TimeoutError' })
  await t.throwsAsync(pipeline.publish(4, { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  writer.settle(0)
  await processor.caughtUp({ timeout: 5000 })
  t.is(await pipeline.publish(5), 2)
  t.is(pipeline.metrics().last, 2)
  writer.settle(1)
})

test('a processor that comes late starts at the oldest event that is kept', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 8 })
  for (const n of numbers(20)) await pipeline.publish(n)
  const writer = Recorder.eager<number>()
  const processor = await pipeline.addProcessor({ name: 'late', process: same, writer })
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, numbers(8, 13))
})

test('a processor that is added while others publish loses its place to none of them', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 4 })
  for (const n of numbers(6)) await pipeline.publish(n)
  const writer = Recorder.eager<number>()
  const added = pipeline.addProcessor({ name: 'p', process: same, writer })
  const published = numbers(20, 7).map(n => pipeline.publish(n))
  const processor = await added
  await Promise.all(published)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, numbers(24, 3))
})

test('close takes no more events, delivers what was accepted, ends pauses, and may be called twice', async t => {
  const pipeline = await EventPipeline.open<number>({ ring: 2 })
  const writer = new Recorder<number>({ onWrite: async () => await turns() })
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  processor.pause()
  const accepted = [pipeline.publish(1), pipeline.publish(2)]
  const waiting = pipeline.publish(3)
  const closed = pipeline.close()
  const error = await t.throwsAsync(pipeline.publish(4), { instanceOf: RefusedError, code: 'ERR_CHANNEL_CLOSED' })
  t.is(error?.value, 4)
  await Promise.all([...accepted, closed, pipeline.close()])
  t.is(await waiting, 3)
  t.deepEqual(writer.values, [1, 2, 3])
  await t.throwsAsync(pipeline.addProcessor({ name: 'q', process: same, writer }), { code: 'ERR_INVALID_OPTION' })
})

test('close does not wait for a processor that has halted, and refuses who waits behind it', async t => {
  const pipeline = await EventPipeline.open<number>({ ring: 2 })
  const writer = new Recorder<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  await pipeline.publish(1)
  await pipeline.publish(2)
  const waiting = pipeline.publish(3)
  await waitFor(() => writer.calls.length > 0)
  for (let n = 0; n < writer.calls.length; n++) writer.fail(n, new Error('gone'))
  await t.throwsAsync(processor.caughtUp(), { code: 'ERR_NACK' })
  const closed = t.throwsAsync(pipeline.close(), { code: 'ERR_NACK' })
  await t.throwsAsync(waiting, { code: 'ERR_CHANNEL_CLOSED' })
  await closed
})

test('caughtUp waits for what is published by then, and can be given up', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: 1 })
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  await processor.caughtUp({ timeout: 0 })
  await pipeline.publish(1)
  const first = processor.caughtUp()
  await pipeline.publish(2)
  const second = processor.caughtUp()
  await t.throwsAsync(processor.caughtUp({ timeout: 0 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(processor.caughtUp({ timeout: 5 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(processor.caughtUp({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  writer.settle(0)
  await first
  t.is(await standing(second), 'pending')
  await waitFor(() => writer.calls.length === 2)
  writer.settle(1)
  await second
})

test('PIPE-14: metrics tell lag, watermarks in order, credit, idle time, the age of the oldest, retries and dead letters', async t => {
  await using pipeline = await EventPipeline.open<number>({ name: 'orders' })
  const writer = new Recorder<number>({ capacity: 2 })
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  processor.pause()
  for (const n of numbers(9)) await pipeline.publish(n)
  processor.resume()
  await waitFor(() => writer.items.length === 2)
  await waitFor(() => (pipeline.metrics().processors['p']?.headOfLineMs ?? 0) > 0)
  const metrics = pipeline.metrics()
  t.like(metrics, { kind: 'pipeline', name: 'orders', last: 9 })
  t.true(snapshot().pipelines.some(({ name, last }) => name === 'orders' && last === 9))
  const p = metrics.processors['p']
  t.like(p, { lag: 9, sent: 2, acked: 0, published: 0, credit: 0, retries: 0, deadLetters: 0 })
  t.true(p !== undefined && p.claimed >= p.computed && p.computed >= p.sent && p.writerIdleMs >= 0)
  writer.settle(0)
  await waitFor(() => processor.published === 2)
  t.is(pipeline.metrics().processors['p']?.lag, 7)
  await processor.remove()
  t.deepEqual(pipeline.metrics().processors, {})
})

test('a bad option is an error that names it', async t => {
  const refused = async (options: object, name: string): Promise<void> => {
    const error = await t.throwsAsync(EventPipeline.open(options as never), { code: 'ERR_INVALID_OPTION' })
    t.regex(error?.message ?? '', new RegExp(name, 'u'))
  }
  await refused({ ring: 0 }, '`ring`')
  await refused({ ring: 1.5 }, '`ring`')
  await refused({ journal: {} }, '`journal.append`')
  await refused({ log: { append() {} } }, '`log.read`')
  await refused({ codec: {} }, '`codec.encode`')
  await refused({ name: 1 }, '`name`')
  await using pipeline = await EventPipeline.open<number>()
  const writer = Recorder.eager<number>()
  const good = { name: 'p', process: same, writer }
  const wrong = async (options: object, name: string): Promise<void> => {
    const error = await t.throwsAsync(pipeline.addProcessor({ ...good, ...options }), {
      code: 'ERR_INVALID_OPTION',
    })
    t.true(error?.message.includes(`\`${name}\``), error?.message)
  }
  await wrong({ name: '' }, 'name')
  await wrong({ process: 1 }, 'process')
  await wrong({ interest: 1 }, 'interest')
  await wrong({ writer: 'nobody' }, 'writer')
  await wrong({ writer: { name: 'w', capacity: 0, write: async () => {} } }, 'writer.capacity')
  await wrong({ lookahead: { items: 0 } }, 'lookahead.items')
  await wrong({ lookahead: { maxBytes: -1 } }, 'lookahead.maxBytes')
  await wrong({ computeConcurrency: 0 }, 'computeConcurrency')
  await wrong({ ack: 'some' }, 'ack')
  await wrong({ ackTimeout: 0 }, 'ackTimeout')
  await wrong({ ackTimeout: '5' as unknown as number }, 'ackTimeout')
  await wrong({ retry: { attempts: 0 } }, 'retry.attempts')
  await wrong({ onExhausted: 'dead-letter' }, 'deadLetter')
  await wrong({ onExhausted: 'retry' }, 'onExhausted')
  await wrong({ unorderedWithin: 1 }, 'unorderedWithin')
  await pipeline.addProcessor(good)
  await wrong({}, 'name')
  await wrong({ name: 'q', writer: Recorder.eager<number>() }, 'writer.name')
  t.throws(() => pipeline.addWriter(writer), { code: 'ERR_INVALID_OPTION' })
})

test('who waits behind a processor that has halted is let in when it is removed, and the writer is free', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 2 })
  const writer = new Recorder<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  for (const n of numbers(2)) await pipeline.publish(n)
  const waiting = numbers(3, 3).map(n => pipeline.publish(n))
  await waitFor(() => writer.items.length === 2)
  for (let n = 0; n < writer.calls.length; n++) writer.fail(n, new Error('gone'))
  await t.throwsAsync(processor.caughtUp(), { code: 'ERR_NACK' })
  t.is(await standing(waiting[0] as Promise<number>), 'pending')
  await Promise.all([processor.remove(), processor.remove()])
  t.deepEqual(await Promise.all(waiting), numbers(3, 3))
  t.deepEqual(pipeline.metrics().processors, {})
  const second = Recorder.eager<number>()
  const next = await pipeline.addProcessor({ name: 'p', process: same, writer: second })
  await next.caughtUp({ timeout: 5000 })
  t.deepEqual(second.values, numbers(2, 4))
})

test('a processor that is removed during close is not waited for, and is no failure', async t => {
  const pipeline = await EventPipeline.open<number>({ ring: 2 })
  const writer = new Recorder<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  for (const n of numbers(2)) await pipeline.publish(n)
  const waiting = pipeline.publish(3)
  const closed = pipeline.close()
  t.is(await standing(closed), 'pending')
  await processor.remove()
  t.is(await waiting, 3)
  await closed
})

test('a writer that two processors share is left once, however often one of them is removed', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: 2 })
  const one = await pipeline.addProcessor({ name: 'one', process: same, writer })
  await pipeline.addProcessor({ name: 'two', process: same, writer })
  await Promise.all([one.remove(), one.remove(), one.remove()])
  await pipeline.addProcessor({ name: 'three', process: same, writer: 'recorder' })
  for (const n of numbers(9)) await pipeline.publish(n)
  await turns(5)
  t.is(writer.items.length, 2)
  for (let n = 0; n < 18; n++) {
    await waitFor(() => writer.calls.length > n || writer.items.length === 18)
    writer.settle(n)
  }
})
