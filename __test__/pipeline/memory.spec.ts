// Memory that does not grow, however much goes through or stands still. Measured, so this file runs alone in its process.
import test from 'ava'
import { EventPipeline, type Processor } from '../../index.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { ownHeap } from '../helpers/usage.ts'
import { Recorder } from './recorder.ts'

const MiB = 1024 * 1024
const same = ({ data }: { data: number }): number[] => [data]

/** Counts what it gets and forgets it. */
class Drain {
  readonly capacity = 256
  readonly name: string
  count = 0
  peak = 0
  sum = 0

  constructor(name = 'drain') {
    this.name = name
  }

  async write({ items }: { readonly items: readonly { readonly value: number }[] }): Promise<void> {
    for (const { value } of items) this.sum += value
    const before = this.count
    this.count += items.length
    if (Math.floor(before / 100_000) !== Math.floor(this.count / 100_000)) {
      this.peak = Math.max(this.peak, ownHeap())
    }
  }
}

test.serial('S1.13: one sequence with a million outputs takes no more memory than one with a thousand', async t => {
  const total = 1_000_000
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Drain()
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    *process() {
      for (let n = 1; n <= total; n++) yield n
    },
    writer,
  })
  const before = ownHeap()
  await pipeline.publish(1)
  await processor.caughtUp({ timeout: 60_000 })
  t.is(writer.count, total)
  t.is(writer.sum, (total * (total + 1)) / 2)
  t.true(writer.peak - before < 8 * MiB, `${(writer.peak - before) / MiB} MiB more`)
})

test.serial('S1.13: a writer that stops stops its publishers, and nothing grows meanwhile', async t => {
  await using pipeline = await EventPipeline.open<{ text: string }>({ ring: 64 })
  const stopped = new Recorder<string>({ name: 'stopped', capacity: 8 })
  const drain = new Drain('other')
  const stuck = await pipeline.addProcessor<string>({
    name: 'stuck',
    *process({ data }) {
      for (;;) yield data.text
    },
    writer: stopped,
  })
  const free = await pipeline.addProcessor<number>({
    name: 'free',
    process: ({ sequence }) => [sequence],
    writer: drain,
  })
  const text = 'x'.repeat(1000)
  const before = ownHeap()
  let admitted = 0
  const controller = new AbortController()
  const publishing = (async (): Promise<void> => {
    for (;;) {
      await pipeline.publish({ text }, { signal: controller.signal })
      admitted += 1
    }
  })()
  await turns(500)
  t.is(admitted, 64)
  t.is(stopped.items.length, 8)
  await free.caughtUp({ timeout: 5000 })
  t.is(drain.count, 64)
  t.true(ownHeap() - before < 2 * MiB)
  controller.abort()
  await t.throwsAsync(publishing, { code: 'ABORT_ERR' })
  await stuck.remove()
})

test.serial('S1.13, S1.16: a processor that always fails costs no memory, and no other its events', async t => {
  await using pipeline = await EventPipeline.open<number>()
  let letters = 0
  const bad = await pipeline.addProcessor<number>({
    name: 'bad',
    process: ({ data }) => {
      throw new Error(`${data}`)
    },
    onExhausted: 'dead-letter',
    deadLetter: () => void (letters += 1),
    writer: Recorder.eager<number>({ name: 'none' }),
  })
  const worse = await pipeline.addProcessor<number>({
    name: 'worse',
    process: same,
    onExhausted: 'dead-letter',
    deadLetter: () => void (letters += 1),
    writer: {
      name: 'refusing',
      capacity: 8,
      write: async () => {
        throw new Error('no')
      },
    },
  })
  const drain = new Drain()
  const good = await pipeline.addProcessor<number>({ name: 'good', process: same, writer: drain })
  const total = 20_000
  for (let n = 0; n < 2000; n++) await pipeline.publish(n)
  const before = ownHeap()
  for (let n = 2000; n < total; n++) await pipeline.publish(n)
  for (const processor of [bad, worse, good]) await processor.caughtUp({ timeout: 60_000 })
  t.is(drain.count, total)
  t.is(letters, 2 * total)
  t.true(ownHeap() - before < 4 * MiB, `${(ownHeap() - before) / MiB} MiB more`)
})

test.serial('S1.35: a thousand processors cost a few KiB each, and all get everything', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 128 })
  const drain = new Drain()
  pipeline.addWriter<number>(drain)
  const processors: Processor[] = []
  const before = ownHeap()
  for (let n = 0; n < 1000; n++) {
    processors.push(await pipeline.addProcessor<number>({ name: `p${n}`, process: same, writer: 'drain' }))
  }
  const each = (ownHeap() - before) / 1000
  t.true(each < 8 * 1024, `${Math.round(each)} bytes each`)
  for (let n = 0; n < 300; n++) await pipeline.publish(1)
  for (const processor of processors) await processor.caughtUp({ timeout: 60_000 })
  t.is(drain.count, 300_000)
  t.true(ownHeap() - before < 40 * MiB, `${(ownHeap() - before) / MiB} MiB in all`)
})

test.serial('PIPE-8: a refused batch goes again as a whole, however large it is', async t => {
  const count = 200_000
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Recorder<number>({ capacity: count })
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    process: () => Array.from({ length: count }, (_, i) => i),
    retry: { attempts: 2, initial: 0 },
    writer,
  })
  await pipeline.publish(1)
  await waitFor(() => writer.calls.length === 1, { deadline: 20_000 })
  writer.fail(0, new Error('no'))
  await waitFor(() => writer.calls.length === 2, { deadline: 20_000 })
  t.is(writer.last.batch.items.length, count)
  writer.settle(1)
  await processor.caughtUp({ timeout: 20_000 })
})

test.serial('S1.30: processors that come and go leave nothing behind, though no event comes', async t => {
  await using pipeline = await EventPipeline.open<number>()
  pipeline.addWriter<number>(new Drain())
  const comeAndGo = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      const processor = await pipeline.addProcessor<number>({ name: 'p', process: same, writer: 'drain' })
      await processor.rewind(1)
      await processor.remove()
    }
  }
  await comeAndGo(1000)
  const before = ownHeap()
  for (let round = 0; round < 3; round++) {
    await comeAndGo(1000)
    t.true(ownHeap() - before < 2 * MiB, `${(ownHeap() - before) / MiB} MiB more`)
  }
})
