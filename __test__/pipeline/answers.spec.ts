// What a writer answers, and what follows.
import test from 'ava'
import { EventPipeline, type DeadLetter, type Processor, type ProcessorOptions } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { MemoryJournal } from './memory-journal.ts'
import { Recorder, type RecorderOptions } from './recorder.ts'

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
const at = (count: number): string[] => numbers(count).map(n => `${n}.0`)

interface Scene {
  readonly pipeline: EventPipeline<number>
  readonly writer: Recorder<number>
  readonly processor: Processor
}

/** So many events with one output each; they reach the writer together. */
async function scene(
  count: number,
  options: Partial<ProcessorOptions<number, number>> = {},
  writing: RecorderOptions<number> = {},
): Promise<Scene> {
  const pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>(writing)
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    process: ({ data }) => [data],
    writer,
    ...options,
  })
  processor.pause()
  for (const n of numbers(count)) await pipeline.publish(n)
  processor.resume()
  await waitFor(() => writer.calls.length > 0)
  return { pipeline, writer, processor }
}

const quick = { initial: 0, jitter: false } as const

test("S1.11, PIPE-7: with ack 'none' an event is done when it is handed over, and places are taken until the write ends", async t => {
  const { pipeline, writer, processor } = await scene(5, { ack: 'none' }, { capacity: 3 })
  await waitFor(() => processor.published === 3)
  await turns(2)
  t.is(writer.items.length, 3)
  writer.settle(0)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, numbers(5))
  writer.settle(1)
  await pipeline.close()
})

test("PIPE-12: with ack 'none' nothing is sent twice", async t => {
  const { pipeline, writer, processor } = await scene(2, { ack: 'none', retry: { attempts: 5, ...quick } })
  const warnings: string[] = []
  const note = ({ message }: Error): void => void warnings.push(message)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  writer.fail(0, new Error('lost'))
  await waitFor(() => warnings.includes('lost'))
  await pipeline.publish(3)
  await waitFor(() => writer.calls.length === 2)
  writer.settle(1, { sequence: 3, index: 0, reason: 'refused' })
  await waitFor(() => warnings.includes('refused'))
  await processor.caughtUp({ timeout: 5000 })
  t.is(writer.calls.length, 2)
  await pipeline.close()
})

test("S1.11, PIPE-7: with ack 'batch' the end of a write acknowledges its batch, in order", async t => {
  const { pipeline, writer, processor } = await scene(6, {}, { maxBatch: 2 })
  await waitFor(() => writer.calls.length === 3)
  writer.settle(1)
  await turns(2)
  t.is(processor.published, 0)
  writer.settle(0)
  await waitFor(() => processor.published === 4)
  writer.settle(2)
  await processor.caughtUp({ timeout: 5000 })
  await pipeline.close()
})

test("S1.11, PIPE-7: with ack 'manual' the writer acknowledges each output, every so many, or a whole sequence", async t => {
  const { pipeline, writer, processor } = await scene(
    4,
    { ack: 'manual', process: ({ data }) => [data, data, data] },
    { onWrite: () => undefined },
  )
  const { link } = writer.last
  await waitFor(() => writer.items.length === 12)
  link.ack(1, 0)
  link.ack(1, 1)
  t.is(processor.published, 0)
  link.ack(1, 2)
  t.is(processor.published, 1)
  link.ack(2)
  t.is(processor.published, 2)
  // Everything before is meant too.
  link.ack(4, 1)
  t.is(processor.published, 3)
  // Old, repeated and never sent ones count nothing.
  for (const old of [1, 2, 3]) link.ack(old)
  t.is(processor.published, 3)
  link.ack(99)
  await processor.caughtUp({ timeout: 5000 })
  t.is(processor.published, 4)
  await pipeline.close()
})

test('S1.21: sending goes on until everything of the current sequences is out', async t => {
  const { pipeline, writer, processor } = await scene(
    3,
    { process: ({ data }) => numbers(7).map(() => data) },
    { capacity: 2, onWrite: async () => await turns() },
  )
  await processor.caughtUp({ timeout: 5000 })
  t.is(writer.items.length, 21)
  await pipeline.close()
})

test('S1.22, PIPE-8: a nack goes back to its output; what came before it counts', async t => {
  const { pipeline, writer, processor } = await scene(5, { retry: { attempts: 3, ...quick } })
  writer.settle(0, { sequence: 3, index: 0, reason: 'busy' })
  await waitFor(() => writer.calls.length === 2)
  t.is(processor.published, 2)
  t.deepEqual(writer.places, [...at(5), '3.0', '4.0', '5.0'])
  writer.settle(1)
  await processor.caughtUp({ timeout: 5000 })
  t.is(pipeline.metrics().processors['p']?.retries, 1)
  await pipeline.close()
})

test('S1.22, PIPE-8: a nack with retryAfter waits that long, without any retry option too', async t => {
  const { pipeline, writer, processor } = await scene(1)
  const before = performance.now()
  writer.settle(0, { sequence: 1, index: 0, retryAfter: 30 })
  await waitFor(() => writer.calls.length === 2)
  t.true(performance.now() - before > 25)
  writer.settle(1)
  await processor.caughtUp({ timeout: 5000 })
  await pipeline.close()
})

test('S1.22, PIPE-8: a write that throws is tried as often as said, then the processor halts, and only this one', async t => {
  const pipeline = await EventPipeline.open<number>()
  let tries = 0
  const writer = new Recorder<number>({
    name: 'bad',
    onWrite: ({ items }) => {
      if (items.some(({ value }) => value === 1)) tries += 1
      throw new Error('no disk')
    },
  })
  const other = Recorder.eager<number>({ name: 'good' })
  const bad = await pipeline.addProcessor<number>({
    name: 'bad',
    process: ({ data }) => [data],
    retry: { attempts: 3, ...quick },
    writer,
  })
  const good = await pipeline.addProcessor<number>({ name: 'good', process: ({ data }) => [data], writer: other })
  await pipeline.publish(1)
  const error = await t.throwsAsync(bad.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK' })
  t.like(error?.cause, { message: 'no disk' })
  t.is(tries, 3)
  await pipeline.publish(2)
  await good.caughtUp({ timeout: 5000 })
  t.is(tries, 3)
  // Who resumes a processor that halted gets all tries again.
  bad.resume()
  await t.throwsAsync(bad.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK' })
  t.is(tries, 6)
  // Its events are lost with the pipeline, and that is told.
  await t.throwsAsync(pipeline.close(), { code: 'ERR_NACK' })
})

test('S1.22, PIPE-8: without a retry option the first failure halts', async t => {
  const { pipeline, writer, processor } = await scene(1)
  writer.fail(0, new Error('once'))
  await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK' })
  t.is(writer.calls.length, 1)
  await processor.remove()
  await pipeline.close()
})

test('S1.22, PIPE-8: after the last try deadLetter gets the outputs of that event, and the rest goes on', async t => {
  const letters: DeadLetter<number>[] = []
  const { pipeline, writer, processor } = await scene(
    5,
    {
      process: ({ data }) => [data, data * 10],
      retry: { attempts: 3, ...quick },
      onExhausted: 'dead-letter',
      deadLetter: async letter => {
        await turns()
        letters.push(letter)
      },
    },
    {
      onWrite: ({ items }) => {
        if (items.some(({ value }) => value === 3)) throw new Error('poison')
      },
    },
  )
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(
    letters.map(({ sequence, items, reason }) => [sequence, items, (reason as Error).message]),
    [[3, [3, 30], 'poison']],
  )
  const written = writer.calls.filter(({ batch }) => batch.items.every(({ value }) => value !== 3))
  t.deepEqual(
    [...new Set(written.flatMap(({ batch }) => batch.items.map(({ value }) => value)))],
    [1, 10, 2, 20, 4, 40, 5, 50],
  )
  // It was in the batch that failed first, then alone.
  t.is(writer.items.filter(({ value }) => value === 3).length, 3)
  t.is(pipeline.metrics().processors['p']?.deadLetters, 1)
  await pipeline.close()
})

test('PIPE-8: without another try too, of several events that failed together only the one to blame is given up', async t => {
  const letters: number[] = []
  const { pipeline, writer, processor } = await scene(
    5,
    { onExhausted: 'dead-letter', deadLetter: ({ sequence }) => void letters.push(sequence) },
    {
      onWrite: ({ items }) => {
        if (items.some(({ value }) => value === 3)) throw new Error('poison')
      },
    },
  )
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(letters, [3])
  const taken = writer.calls.filter(({ batch }) => batch.items.every(({ value }) => value !== 3))
  t.deepEqual(
    taken.flatMap(({ batch }) => batch.items.map(({ value }) => value)),
    [1, 2, 4, 5],
  )
  await pipeline.close()
})

test('a writer that takes its batch apart is sent the same again, and acknowledges all of it', async t => {
  const seen: string[] = []
  let isBroken = true
  const { pipeline, processor } = await scene(
    3,
    { retry: { attempts: 3, ...quick }, process: ({ data }) => [data, -data] },
    {
      onWrite: ({ items }) => {
        seen.push(items.map(({ value }) => value).join())
        ;(items as unknown[]).splice(0)
        if (isBroken) {
          isBroken = false
          throw new Error('once')
        }
      },
    },
  )
  await processor.caughtUp({ timeout: 5000 })
  const all = '1,-1,2,-2,3,-3'
  t.is(seen[0], all)
  t.is(seen.slice(1).join(), all)
  t.is(processor.published, 3)
  await pipeline.close()
})

test('PIPE-8: behind a refused output nothing is sent before it is acknowledged', async t => {
  const { pipeline, writer, processor } = await scene(3, { retry: { attempts: 9, ...quick } }, { maxBatch: 1 })
  await waitFor(() => writer.calls.length === 3)
  writer.fail(0, new Error('no'))
  await waitFor(() => writer.calls.length === 4)
  await turns(3)
  t.deepEqual(writer.places, [...at(3), '1.0'])
  writer.settle(3)
  await waitFor(() => writer.calls.length === 6)
  writer.settle(4)
  writer.settle(5)
  await processor.caughtUp({ timeout: 5000 })
  await pipeline.close()
})

test('S1.15, PIPE-8: with unorderedWithin, a nack in the midst of a batch spares what came after it and is acknowledged', async t => {
  const { pipeline, writer, processor } = await scene(
    1,
    { process: () => [1, 2, 3, 4], unorderedWithin: true, retry: { attempts: 2, ...quick } },
    { maxBatch: 2 },
  )
  await waitFor(() => writer.calls.length === 2)
  writer.settle(1)
  await turns(2)
  writer.settle(0, { sequence: 1, index: 1 })
  await waitFor(() => writer.calls.length === 3)
  t.deepEqual(writer.places, ['1.0', '1.1', '1.2', '1.3', '1.1'])
  t.is(processor.published, 0)
  writer.settle(2)
  await processor.caughtUp({ timeout: 5000 })
  t.is(pipeline.metrics().processors['p']?.credit, 16)
  await pipeline.close()
})

test('PIPE-8: a nack that names an output buries that one alone, and a fatal one at once', async t => {
  const letters: DeadLetter<number>[] = []
  const { pipeline, writer, processor } = await scene(1, {
    process: () => [1, 2, 3],
    retry: { attempts: 9, ...quick },
    onExhausted: 'dead-letter',
    deadLetter: letter => void letters.push(letter),
  })
  writer.settle(0, { sequence: 1, index: 1, fatal: true, reason: 'bad row' })
  await waitFor(() => writer.calls.length === 2)
  t.deepEqual(letters, [{ sequence: 1, items: [2], reason: 'bad row' }])
  t.deepEqual(writer.places, ['1.0', '1.1', '1.2', '1.2'])
  writer.settle(1)
  await processor.caughtUp({ timeout: 5000 })
  await pipeline.close()
})

test('PIPE-8: a deadLetter that throws halts the processor with ERR_NACK; nothing is lost', async t => {
  let isBroken = true
  const letters: unknown[] = []
  const { pipeline, writer, processor } = await scene(
    1,
    {
      onExhausted: 'dead-letter',
      deadLetter: letter => {
        if (isBroken) throw new Error('no letters')
        letters.push(letter)
      },
    },
    {
      onWrite: () => {
        throw new Error('no')
      },
    },
  )
  const error = await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK' })
  t.like(error?.cause, { message: 'no letters' })
  isBroken = false
  processor.resume()
  await processor.caughtUp({ timeout: 5000 })
  t.is(letters.length, 1)
  t.is(writer.calls.length, 2)
  await pipeline.close()
})

test('PIPE-8: an acknowledgement that does not come in time counts as a nack', async t => {
  const { pipeline, writer, processor } = await scene(2, { ackTimeout: 20, retry: { attempts: Infinity, ...quick } })
  await waitFor(() => writer.items.length >= 3)
  t.deepEqual(writer.places.slice(0, 3), ['1.0', '2.0', '1.0'])
  // The late end of the first call is that of an attempt which counts no more.
  writer.settle(0)
  await turns(2)
  t.is(processor.published, 0)
  await waitFor(() => {
    for (let n = 1; n < writer.calls.length; n++) writer.settle(n)
    return processor.published === 2
  })
  await processor.caughtUp({ timeout: 5000 })
  await pipeline.close()
})

test('PIPE-8: the time for an acknowledgement also counts for what is sent again', async t => {
  const { pipeline, writer, processor } = await scene(2, { ackTimeout: 30, retry: { attempts: Infinity, ...quick } })
  writer.settle(0, { sequence: 2, index: 0 })
  await waitFor(() => writer.calls.length >= 3)
  t.deepEqual(writer.places.slice(0, 4), ['1.0', '2.0', '2.0', '2.0'])
  await waitFor(() => {
    writer.settle(writer.calls.length - 1)
    return processor.published === 2
  })
  await pipeline.close()
})

test('PIPE-8: what was sent behind a nack is not acknowledged by its late answer', async t => {
  const { pipeline, writer, processor } = await scene(4, { ack: 'manual' }, { maxBatch: 2, onWrite: () => undefined })
  await waitFor(() => writer.calls.length === 2)
  const { link } = writer.last
  link.nack({ sequence: 2, index: 0, retryAfter: 5 })
  // Known from before the nack: all but the first is to come again.
  link.ack(4)
  t.is(processor.published, 1)
  await waitFor(() => writer.items.length === 7)
  link.ack(4)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.places, [...at(4), '2.0', '3.0', '4.0'])
  await pipeline.close()
})

test('process that throws is tried again with its attempt, then halts or is buried; outputs that are out stay so', async t => {
  const attempts: number[] = []
  const letters: DeadLetter<number>[] = []
  const pipeline = await EventPipeline.open<number>()
  const writer = Recorder.eager<number>({ maxBatch: 1 })
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    lookahead: { items: 2 },
    async *process({ data }, { attempt }) {
      attempts.push(attempt)
      for (let i = 0; i < 4; i++) {
        await turns(2)
        if (i === 3 && attempt < 3) throw new Error('shaky')
        yield data * 10 + i
      }
      if (data === 2) throw new Error('never')
    },
    retry: { attempts: 3, ...quick },
    onExhausted: 'dead-letter',
    deadLetter: letter => void letters.push(letter),
    writer,
  })
  await pipeline.publish(1)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(attempts, [1, 2, 3])
  t.deepEqual(writer.values, [10, 11, 12, 13])
  await pipeline.publish(2)
  await pipeline.publish(3)
  await processor.caughtUp({ timeout: 5000 })
  t.like(letters, [{ sequence: 2, items: [] }])
  t.deepEqual(writer.values.slice(-4), [30, 31, 32, 33])
  await pipeline.close()
})

test('what comes before an event that can not be processed is still written; what comes after waits', async t => {
  const pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>()
  let isBroken = true
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    computeConcurrency: 4,
    process: async ({ data }) => {
      if (data === 3 && isBroken) throw new Error('broken')
      return [data]
    },
    writer,
  })
  for (const n of numbers(4)) await pipeline.publish(n)
  await waitFor(() => writer.items.length === 2)
  t.is(await standing(processor.caughtUp()), 'pending')
  for (let n = 0; n < writer.calls.length; n++) writer.settle(n)
  await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK' })
  t.is(processor.published, 2)
  t.deepEqual(writer.values, [1, 2])
  isBroken = false
  processor.resume()
  await waitFor(() => writer.items.length === 4)
  for (let n = 0; n < writer.calls.length; n++) writer.settle(n)
  await processor.caughtUp({ timeout: 5000 })
  await pipeline.close()
})

test('interest that throws is a failure of the event like any other', async t => {
  const pipeline = await EventPipeline.open<number>()
  let asked = 0
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    interest: () => {
      asked += 1
      if (asked < 3) throw new Error('who knows')
      return false
    },
    process: () => t.fail('it was of no interest') as undefined,
    retry: { attempts: 3, ...quick },
    writer: Recorder.eager<number>(),
  })
  await pipeline.publish(1)
  await processor.caughtUp({ timeout: 5000 })
  t.is(asked, 3)
  await pipeline.close()
})

test('S1.27: credit and the window of what is under way outlive a write that crashes', async t => {
  const { pipeline, writer, processor } = await scene(
    20,
    { retry: { attempts: 2, ...quick } },
    { capacity: 4, maxBatch: 2 },
  )
  await waitFor(() => writer.calls.length === 2)
  writer.fail(0, new Error('crash'))
  writer.fail(1, new Error('crash'))
  for (let n = 2; processor.published < 20; n++) {
    await waitFor(() => processor.published === 20 || writer.calls.length > n)
    writer.settle(n)
  }
  t.deepEqual([...new Set(writer.values)], numbers(20))
  t.is(pipeline.metrics().processors['p']?.credit, 4)
  await pipeline.close()
})

test('PIPE-8: a nack that is returned and names no output of its batch refuses the batch, with the reason', async t => {
  const { pipeline, writer, processor } = await scene(3)
  writer.settle(0, { sequence: 99, index: 0, retryAfter: 0 })
  const error = await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK' })
  t.like(error?.cause, { code: 'ERR_INVALID_OPTION' })
  t.is(processor.published, 0)
  processor.resume()
  await waitFor(() => writer.items.length === 6)
  for (let n = 1; n < writer.calls.length; n++) writer.settle(n)
  await processor.caughtUp({ timeout: 5000 })
  t.is(pipeline.metrics().processors['p']?.credit, 16)
  await pipeline.close()
})

test('PIPE-8: a nack that is returned for what another one took back already takes all that came before', async t => {
  const { pipeline, writer, processor } = await scene(4)
  writer.last.link.nack({ sequence: 3, index: 0, retryAfter: 0 })
  writer.settle(0, { sequence: 4, index: 0, retryAfter: 0 })
  await waitFor(() => processor.published === 2)
  await waitFor(() => writer.calls.length === 2)
  t.deepEqual(writer.places, [...at(4), '3.0', '4.0'])
  writer.settle(1)
  await processor.caughtUp({ timeout: 5000 })
  t.is(pipeline.metrics().processors['p']?.credit, 16)
  await pipeline.close()
})

test('PIPE-8: a nack that is returned for what is acknowledged refuses what came after it', async t => {
  for (const ack of ['batch', 'manual'] as const) {
    const { pipeline, writer, processor } = await scene(4, { ack })
    writer.last.link.ack(2)
    writer.settle(0, { sequence: 1, index: 0, retryAfter: 0 })
    await waitFor(() => writer.calls.length === 2)
    t.deepEqual(writer.places, [...at(4), '3.0', '4.0'])
    t.is(processor.published, 2)
    writer.last.link.ack(4)
    writer.settle(1)
    await processor.caughtUp({ timeout: 5000 })
    t.is(pipeline.metrics().processors['p']?.credit, 16)
    await pipeline.close()
  }
})

test('S1.11: acknowledgement and journal are chosen apart: with each of them a processor resumes behind what is done', async t => {
  for (const ack of ['none', 'batch', 'manual'] as const) {
    const journal = new MemoryJournal()
    const options = { name: 'p', ack, process: ({ data }: { data: number }): number[] => [data] }
    const onWrite: RecorderOptions<number>['onWrite'] = ({ items }, link) => {
      if (ack === 'manual') link.ack(items.at(-1)?.sequence ?? 0)
    }
    for (const from of [1, 6]) {
      const pipeline = await EventPipeline.open<number>({ journal })
      const writer = new Recorder<number>({ onWrite })
      const processor = await pipeline.addProcessor<number>({ ...options, writer })
      for (const n of numbers(5, from)) await pipeline.publish(n)
      await processor.caughtUp({ timeout: 5000 })
      t.deepEqual(writer.values, numbers(5, from), ack)
      await pipeline.close()
    }
  }
})
