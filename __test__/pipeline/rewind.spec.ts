// Starting anew: rewind, epochs, removal. In memory, where what the ring holds is all there is.
import test from 'ava'
import { EventPipeline, type Writer } from '../../index.ts'
import { deferred } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { Recorder } from './recorder.ts'

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
const same = ({ data }: { data: number }): number[] => [data]

test('S1.34, PIPE-10: a rewind starts anew at any event that is kept, in a new epoch of which the writer is told', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 8 })
  const writer = Recorder.eager<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  for (const n of numbers(20)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.resets, [])
  writer.items.length = 0
  processor.pause()
  await processor.rewind(15)
  t.is(processor.published, 14)
  processor.resume()
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.resets, [[2, 15]])
  t.deepEqual(writer.values, numbers(6, 15))
  t.is(writer.last.batch.epoch, 2)
  t.is(writer.last.link.epoch, 2)
  await processor.rewind(13)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values.slice(6), numbers(8, 13))
  await t.throwsAsync(processor.rewind(12), { code: 'ERR_SEQUENCE_TRIMMED' })
  await t.throwsAsync(processor.rewind(22), { code: 'ERR_INVALID_OPTION' })
  await t.throwsAsync(processor.rewind(0), { code: 'ERR_INVALID_OPTION' })
  // A rewind that is refused changes nothing.
  t.is(await pipeline.publish(21), 21)
  await processor.caughtUp({ timeout: 5000 })
  t.is(writer.values.at(-1), 21)
})

test('S1.34, PIPE-10: late acknowledgements, nacks and grants of an old epoch are ignored', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: 4 })
  const processor = await pipeline.addProcessor({ name: 'p', process: same, ack: 'manual', writer })
  for (const n of numbers(6)) await pipeline.publish(n)
  await waitFor(() => writer.items.length === 4)
  const old = writer.last.link
  await processor.rewind(1)
  await waitFor(() => writer.items.length === 8)
  old.ack(6)
  old.grant(100)
  old.nack({ sequence: 1, index: 0, fatal: true })
  for (let n = 0; n < writer.calls.length - 1; n++) writer.fail(n, new Error('late'))
  await turns(3)
  t.is(processor.published, 0)
  t.is(writer.items.length, 8)
  const { link } = writer.last
  link.ack(4)
  await waitFor(() => writer.items.length === 10)
  link.ack(6)
  await processor.caughtUp({ timeout: 5000 })
})

test('PIPE-11: nothing of a new epoch is written before the writer has been told of it, and nothing of an old one after', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const gate = deferred()
  const order: string[] = []
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    async *process({ data }) {
      await turns()
      yield data
    },
    writer: {
      name: 'w',
      capacity: 2,
      async write({ epoch }) {
        order.push(`write ${epoch}`)
      },
      async reset(epoch, from) {
        order.push(`reset ${epoch} from ${from}`)
        await gate.promise
        order.push('told')
      },
    },
  })
  for (const n of numbers(10)) await pipeline.publish(n)
  await waitFor(() => order.length > 1)
  const rewound = processor.rewind(1)
  await turns(5)
  const before = order.length
  t.is(order.at(-1), 'reset 2 from 1')
  gate.resolve()
  await rewound
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual([...new Set(order.slice(0, before - 1))], ['write 1'])
  t.deepEqual([...new Set(order.slice(before + 1))], ['write 2'])
})

test('a rewind aborts what is computed, and closes its source', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const aborted: unknown[] = []
  let closed = 0
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    process: ({ data }, { signal }) => {
      if (data === 2) return new Promise(resolve => signal.addEventListener('abort', () => resolve([])))
      signal.addEventListener('abort', () => aborted.push(data))
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => {}),
          return: async () => {
            closed += 1
            return { done: true, value: undefined }
          },
        }),
      }
    },
    computeConcurrency: 2,
    writer: Recorder.eager<number>(),
  })
  await pipeline.publish(1)
  await pipeline.publish(2)
  await waitFor(() => pipeline.metrics().processors['p']?.claimed === 2)
  await processor.rewind(1)
  t.deepEqual(aborted, [1])
  t.is(closed, 1)
  await processor.remove()
})

test('rewinds at once come one after the other', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = Recorder.eager<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  for (const n of numbers(5)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  await Promise.all([processor.rewind(3), processor.rewind(1), processor.rewind(1)])
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.resets, [
    [2, 3],
    [3, 1],
    [4, 1],
  ])
  t.deepEqual(writer.values.slice(-5), numbers(5))
})

test('a rewind ends a halt; a reset that fails halts, and the rewind rejects', async t => {
  await using pipeline = await EventPipeline.open<number>()
  let isBroken = true
  let resets = 0
  const written: number[] = []
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    process: same,
    writer: {
      name: 'w',
      capacity: 1,
      async write({ items }) {
        if (isBroken) throw new Error('broken')
        written.push(...items.map(({ value }) => value))
      },
      async reset() {
        resets += 1
        if (resets === 1) throw new Error('no reset')
      },
    },
  })
  await pipeline.publish(1)
  await t.throwsAsync(processor.caughtUp(), { code: 'ERR_NACK' })
  await t.throwsAsync(processor.rewind(1), { message: 'no reset' })
  await t.throwsAsync(processor.caughtUp(), { message: 'no reset' })
  isBroken = false
  await processor.rewind(1)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(written, [1])
})

test('S1.30: a processor may be thrown away and made anew at any time, and a removed one does nothing more', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 16 })
  const seen = new Set<number>()
  for (let round = 0; round < 5; round++) {
    const writer = Recorder.eager<number>()
    const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
    await pipeline.publish(round)
    await pipeline.publish(round)
    if (round % 2 === 0) await processor.caughtUp({ timeout: 5000 })
    await processor.remove()
    await processor.remove()
    const count = writer.calls.length
    await turns(2)
    t.is(writer.calls.length, count)
    for (const { sequence } of writer.items) seen.add(sequence)
  }
  const last = await pipeline.addProcessor({ name: 'p', process: same, writer: Recorder.eager<number>() })
  await last.caughtUp({ timeout: 5000 })
  t.is(last.published, 10)
  t.true(seen.size >= 6)
})

test('S1.33: one name has one sender', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>()
  const options = { name: 'p', process: same, writer }
  const [first, second] = await Promise.allSettled([pipeline.addProcessor(options), pipeline.addProcessor(options)])
  t.is(first.status, 'fulfilled')
  t.is(second.status, 'rejected')
})

test('PIPE-10: a writer that serves several processors is told which of them starts anew, and the others go on', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const resets: unknown[] = []
  const written: string[] = []
  const gate = deferred()
  const writer: Writer<number> = {
    name: 'w',
    capacity: 8,
    write: async ({ processor, items }) => void written.push(...items.map(({ value }) => `${processor}${value}`)),
    reset: async (...told) => {
      resets.push(told)
      await gate.promise
    },
  }
  const one = await pipeline.addProcessor({ name: 'a', process: same, writer })
  const two = await pipeline.addProcessor({ name: 'b', process: same, writer })
  for (const n of numbers(2)) await pipeline.publish(n)
  await one.caughtUp({ timeout: 5000 })
  await two.caughtUp({ timeout: 5000 })
  const rewound = one.rewind(2)
  await pipeline.publish(3)
  await two.caughtUp({ timeout: 5000 })
  t.deepEqual(resets, [[2, 2, 'a']])
  t.deepEqual(
    written.filter(text => text.startsWith('a')),
    ['a1', 'a2'],
  )
  gate.resolve()
  await rewound
  await one.caughtUp({ timeout: 5000 })
  t.deepEqual(
    written.filter(text => text.startsWith('a')),
    ['a1', 'a2', 'a2', 'a3'],
  )
})

test('a removal does not wait for a reset that never ends', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer: Writer<number> = {
    name: 'w',
    capacity: 8,
    write: async () => {},
    reset: () => new Promise(() => {}),
  }
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  await pipeline.publish(1)
  await processor.caughtUp({ timeout: 5000 })
  void processor.rewind(1)
  await turns(2)
  await processor.remove()
  t.deepEqual(pipeline.metrics().processors, {})
})
