// What reaches a writer, and in which order.
import test from 'ava'
import { EventPipeline, SluiceError, type WriteItem } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { Recorder } from './recorder.ts'

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)

test('S1.1: processors come and go at run time without stopping others', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const steady = Recorder.eager<number>({ name: 'steady' })
  const guest = Recorder.eager<number>({ name: 'guest' })
  const first = await pipeline.addProcessor({ name: 'steady', process: ({ data }) => [data], writer: steady })
  for (const n of numbers(10)) await pipeline.publish(n)
  const second = await pipeline.addProcessor({ name: 'guest', process: ({ data }) => [-data], writer: guest })
  for (const n of numbers(10, 11)) await pipeline.publish(n)
  await second.caughtUp({ timeout: 5000 })
  await second.remove()
  for (const n of numbers(10, 21)) await pipeline.publish(n)
  await first.caughtUp({ timeout: 5000 })
  t.deepEqual(steady.values, numbers(30))
  t.deepEqual(
    guest.values,
    numbers(20).map(n => -n),
  )
  await t.throwsAsync(second.caughtUp(), { code: 'ERR_STAGE_STOPPED' })
})

test('S1.2: all processors read the same event from one ring, without a copy', async t => {
  await using pipeline = await EventPipeline.open<{ id: number }>()
  const seen: unknown[] = []
  const writer = Recorder.eager<number>()
  const add = async (name: string): Promise<void> => {
    const note = (event: unknown): void => void seen.push(event)
    await pipeline.addProcessor<number>({ name, process: note, writer })
  }
  await add('one')
  await add('two')
  const data = { id: 1 }
  await pipeline.publish(data)
  await waitFor(() => seen.length === 2)
  t.is(seen[0], seen[1])
  t.is((seen[0] as { data: unknown }).data, data)
})

test('S1.3: every event has a sequence number, contiguous from 1', async t => {
  await using pipeline = await EventPipeline.open<string>()
  const sequences = await Promise.all(['a', 'b', 'c'].map(text => pipeline.publish(text)))
  t.deepEqual(sequences, [1, 2, 3])
  t.is(await pipeline.publish('d'), 4)
  t.is(pipeline.metrics().last, 4)
})

test('S1.4, PIPE-2: a processor handles its sequences strictly in order, and only those of interest', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = Recorder.eager<number>()
  const processed: number[] = []
  const even = await pipeline.addProcessor<number>({
    name: 'even',
    interest: ({ data }) => data % 2 === 0,
    process: async ({ data }) => {
      processed.push(data)
      await turns(data % 3)
      return [data]
    },
    writer,
  })
  for (const n of numbers(20)) await pipeline.publish(n)
  await even.caughtUp({ timeout: 5000 })
  t.deepEqual(processed, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20])
  t.deepEqual(writer.values, processed)
})

test('S1.5, PIPE-6: outputs leave by (sequence, index), whichever computation is done first', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = Recorder.eager<string>({ maxBatch: 4 })
  const gates = numbers(4).map(() => deferred())
  const started: number[] = []
  const processor = await pipeline.addProcessor<string>({
    name: 'p',
    computeConcurrency: 4,
    process: async ({ data }) => {
      started.push(data)
      await gates[data - 1]?.promise
      return [`${data}a`, `${data}b`]
    },
    writer,
  })
  for (const n of numbers(4)) await pipeline.publish(n)
  await waitFor(() => started.length === 4)
  for (const n of [4, 3, 2]) gates[n - 1]?.resolve()
  await turns(3)
  t.deepEqual(writer.values, [])
  gates[0]?.resolve()
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, ['1a', '1b', '2a', '2b', '3a', '3b', '4a', '4b'])
  t.deepEqual(writer.places, ['1.0', '1.1', '2.0', '2.1', '3.0', '3.1', '4.0', '4.1'])
})

test('S1.8, PIPE-3: outputs come from nothing, arrays, generators, async generators and promises, and the last one is marked', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = Recorder.eager<string>()
  const processor = await pipeline.addProcessor<string>({
    name: 'kinds',
    process: ({ data }) => {
      if (data === 1) return undefined
      if (data === 2) return ['array', 'end']
      if (data === 3)
        return (function* () {
          yield 'generator'
          yield 'end'
        })()
      if (data === 4)
        return (async function* () {
          yield 'async generator'
          await turns()
          yield 'end'
        })()
      if (data === 5) return Promise.resolve(['promise', 'end'])
      if (data === 6) return Promise.resolve()
      return []
    },
    writer,
  })
  for (const n of numbers(7)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, ['array', 'end', 'generator', 'end', 'async generator', 'end', 'promise', 'end'])
  t.true(writer.items.every(({ value, last, index }) => last === (value === 'end') && index === (last ? 1 : 0)))
})

test('PIPE-3: a string is no list of outputs', async t => {
  await using pipeline = await EventPipeline.open<number>({ journal: undefined as never })
  const processor = await pipeline.addProcessor<string>({
    name: 'text',
    process: () => 'text' as never,
    writer: Recorder.eager<string>(),
  })
  await pipeline.publish(1)
  const error = await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK' })
  t.true(SluiceError.is(error?.cause, 'ERR_INVALID_OPTION'))
  await processor.remove()
})

test('S1.8, S1.14: outputs are pulled as they are sent, never all at once, and an endless source can be left', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: 4, maxBatch: 2 })
  let pulled = 0
  let isClosed = false
  const processor = await pipeline.addProcessor<number>({
    name: 'endless',
    lookahead: { items: 6 },
    *process() {
      try {
        for (;;) yield pulled++
      } finally {
        isClosed = true
      }
    },
    writer,
  })
  await pipeline.publish(1)
  await waitFor(() => writer.calls.length === 2)
  await turns(3)
  t.is(writer.items.length, 4)
  t.is(pulled, 4 + 6)
  writer.settle(0)
  await waitFor(() => writer.calls.length === 3)
  t.is(pulled, 6 + 6)
  await processor.remove()
  t.true(isClosed)
})

for (const kind of ['a generator', 'an array']) {
  test(`S1.16: a million outputs of ${kind} for a writer that fulfils at once leave the event loop its turns`, async t => {
    const count = 1_000_000
    function* generated(): Generator<number, void, unknown> {
      yield* numbers(count)
    }
    await using pipeline = await EventPipeline.open<number>()
    let written = 0
    const processor = await pipeline.addProcessor<number>({
      name: 'p',
      process: () => (kind === 'an array' ? numbers(count) : generated()),
      writer: {
        name: 'fast',
        capacity: 16,
        write: ({ items }) => {
          written += items.length
          return Promise.resolve()
        },
      },
    })
    await pipeline.publish(1)
    await waitFor(() => written > 0)
    t.true(written < count, `${written}`)
    await processor.remove()
  })
}

test('S1.9: one batch holds several small sequences, and one sequence fills several batches', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: 4 })
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    process: ({ data }) => Array.from({ length: data }, () => data),
    writer,
  })
  processor.pause()
  for (const n of [1, 2, 6]) await pipeline.publish(n)
  processor.resume()
  await waitFor(() => writer.calls.length === 1)
  writer.settle(0)
  await waitFor(() => writer.calls.length === 2)
  writer.settle(1)
  await waitFor(() => writer.calls.length === 3)
  writer.settle(2)
  await processor.caughtUp({ timeout: 5000 })
  const of = (items: readonly WriteItem<number>[]): string[] =>
    items.map(({ sequence, index }) => `${sequence}.${index}`)
  t.deepEqual(
    writer.calls.map(({ batch }) => of(batch.items)),
    [['1.0', '2.0', '2.1', '3.0'], ['3.1', '3.2', '3.3', '3.4'], ['3.5']],
  )
})

test('S1.10: a sequence is done only when all its outputs are written', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: 2 })
  const processor = await pipeline.addProcessor<number>({ name: 'p', process: () => [1, 2, 3], writer })
  await pipeline.publish(1)
  await waitFor(() => writer.calls.length === 1)
  writer.settle(0)
  await waitFor(() => writer.calls.length === 2)
  t.is(processor.published, 0)
  writer.settle(1)
  await processor.caughtUp({ timeout: 5000 })
  t.is(processor.published, 1)
})

test('S1.15: the oldest sequence holds up those behind it in its processor, and the order within one may be given up', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<string>({ capacity: 6, maxBatch: 2 })
  const processor = await pipeline.addProcessor<string>({
    name: 'p',
    process: ({ data }) => ['a', 'b', 'c', 'd'].map(text => text + data),
    retry: { attempts: 2, initial: 0, jitter: false },
    unorderedWithin: true,
    writer,
  })
  await pipeline.publish(1)
  await waitFor(() => writer.calls.length === 2)
  // The second half of the event is written, then the first one fails: it alone goes again.
  writer.settle(1)
  await turns(2)
  t.is(processor.published, 0)
  writer.fail(0, new Error('no'))
  await waitFor(() => writer.calls.length === 3)
  t.deepEqual(writer.values, ['a1', 'b1', 'c1', 'd1', 'a1', 'b1'])
  writer.settle(2)
  await processor.caughtUp({ timeout: 5000 })
  t.is(writer.calls.length, 3)
})

test('S1.15: with the order kept, all that came after a failed output goes again', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<string>({ capacity: 6, maxBatch: 2 })
  const processor = await pipeline.addProcessor<string>({
    name: 'p',
    process: ({ data }) => ['a', 'b', 'c', 'd'].map(text => text + data),
    retry: { attempts: 2, initial: 0, jitter: false },
    writer,
  })
  await pipeline.publish(1)
  await waitFor(() => writer.calls.length === 2)
  writer.settle(1)
  await turns(2)
  writer.fail(0, new Error('no'))
  await waitFor(() => writer.calls.length === 3)
  writer.settle(2)
  await waitFor(() => writer.calls.length === 4)
  writer.settle(3)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, ['a1', 'b1', 'c1', 'd1', 'a1', 'b1', 'c1', 'd1'])
})

test('S1.16: a processor that is stuck delays no other', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 64 })
  const stuck = await pipeline.addProcessor<number>({
    name: 'stuck',
    process: () => new Promise<readonly number[]>(() => {}),
    writer: Recorder.eager<number>({ name: 'one' }),
  })
  const writer = Recorder.eager<number>({ name: 'two' })
  const free = await pipeline.addProcessor({ name: 'free', process: ({ data }) => [data], writer })
  for (const n of numbers(64)) await pipeline.publish(n, { timeout: 5000 })
  await free.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, numbers(64))
  t.is(stuck.published, 0)
  await stuck.remove()
})

test('S1.18, PIPE-2: what is of no interest is published in order and at once, and a run of it in one step', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 128 })
  const writer = new Recorder<number>()
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    interest: ({ data }) => data === 50,
    process: ({ data }) => [data],
    writer,
  })
  for (const n of numbers(100)) await pipeline.publish(n)
  await waitFor(() => writer.calls.length === 1)
  t.is(processor.published, 49)
  await waitFor(() => pipeline.metrics().processors['p']?.claimed === 100)
  writer.settle(0)
  await processor.caughtUp({ timeout: 5000 })
  t.is(processor.published, 100)
})

test('S1.19: an event without outputs is published and costs no credit', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: 1 })
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    process: ({ data }) => (data === 1 ? [1] : []),
    writer,
  })
  await pipeline.publish(1)
  await waitFor(() => writer.calls.length === 1)
  for (const n of numbers(10, 2)) await pipeline.publish(n)
  await waitFor(() => pipeline.metrics().processors['p']?.claimed === 11)
  t.is(writer.calls.length, 1)
  writer.settle(0)
  await processor.caughtUp({ timeout: 5000 })
  t.is(writer.calls.length, 1)
})

test('S1.25: interest is asked in the order of publication, before anything is computed', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const asked: number[] = []
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    interest: ({ sequence }) => {
      asked.push(sequence)
      return false
    },
    process: () => t.fail('nothing is of interest') as undefined,
    writer: Recorder.eager<number>(),
  })
  for (const n of numbers(5)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(asked, numbers(5))
})

test('S1.37: a processor takes several sequences at a time, as many as its look-ahead allows', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: 2 })
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    lookahead: { items: 100, sequences: 5 },
    process: ({ data }) => [data],
    writer,
  })
  for (const n of numbers(30)) await pipeline.publish(n)
  await waitFor(() => pipeline.metrics().processors['p']?.claimed === 7)
  await turns(2)
  t.is(pipeline.metrics().processors['p']?.claimed, 7)
  await processor.remove()
})

test('S1.32: the writer gets the very values that process gave', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = Recorder.eager<object>()
  const value = { big: true }
  const processor = await pipeline.addProcessor<object>({ name: 'p', process: () => [value], writer })
  await pipeline.publish(1)
  await processor.caughtUp({ timeout: 5000 })
  t.is(writer.items[0]?.value, value)
})

test('a pause stops taking and sending, not acknowledging', async t => {
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: 1 })
  const processor = await pipeline.addProcessor<number>({ name: 'p', process: ({ data }) => [data], writer })
  for (const n of numbers(3)) await pipeline.publish(n)
  await waitFor(() => writer.calls.length === 1)
  processor.pause()
  writer.settle(0)
  await waitFor(() => processor.published === 1)
  t.is(await standing(processor.caughtUp()), 'pending')
  t.is(writer.calls.length, 1)
  processor.resume()
  await waitFor(() => writer.calls.length === 2)
  await processor.remove()
})
