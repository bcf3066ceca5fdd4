// Pipelines for a long time, and many processors at once: very long sequences, writers that stop, processors that fail, and crashes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { EventPipeline, type Processor, type ProcessorOptions } from '../../index.ts'
import { deferred } from '../helpers/deferred.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { scaled } from '../helpers/scale.ts'
import { ownHeap } from '../helpers/usage.ts'
import { survivesCrashes } from '../pipeline/crashes.ts'

const MiB = 1024 * 1024
const same = ({ data }: { data: number }): number[] => [data]

/** Counts what it gets, and looks at the memory now and then. */
class Counter {
  readonly name: string
  readonly capacity = 1000
  readonly #every: number
  count = 0
  peak = 0

  constructor(name: string, every: number) {
    this.name = name
    this.#every = every
  }

  async write({ items }: { readonly items: readonly unknown[] }): Promise<void> {
    const next = this.count + items.length
    if (Math.floor(this.count / this.#every) !== Math.floor(next / this.#every)) {
      this.peak = Math.max(this.peak, ownHeap())
    }
    this.count = next
  }
}

test.serial('S1.13: one sequence with ten million outputs stays in bounded memory', async t => {
  const total = scaled(10_000_000)
  await using pipeline = await EventPipeline.open<number>()
  const writer = new Counter('w', total / 10)
  const before = ownHeap()
  let made = 0
  let ahead = 0
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    *process() {
      for (made = 1; made <= total; made++) {
        ahead = Math.max(ahead, made - writer.count)
        yield made
      }
    },
    writer,
  })
  await pipeline.publish(1)
  await processor.caughtUp()
  t.is(writer.count, total)
  // What is under way at the writer, what is to follow it, and the one that waits for its successor.
  t.true(ahead <= writer.capacity + 2 * writer.capacity + 1, `${ahead} outputs at once`)
  t.true(writer.peak - before < 8 * MiB, `${(writer.peak - before) / MiB} MiB more`)
})

test.serial('S1.13: a writer that stops for ten seconds delays no other processor, and nothing grows', async t => {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  const total = scaled(10_000)
  await using pipeline = await EventPipeline.open<number>({ ring: total })
  const goOn = deferred()
  const options = { process: same, ackTimeout: 1000, retry: { attempts: Infinity, max: 500 } }
  let calls = 0
  let late = 0
  const stopped = await pipeline.addProcessor<number>({
    ...options,
    name: 'stopped',
    writer: {
      name: 'stopped',
      capacity: 10,
      write: async ({ items }) => {
        calls += 1
        await goOn.promise
        late += items.length
      },
    },
  })
  const early = new Counter('free', total)
  const free = await pipeline.addProcessor<number>({ ...options, name: 'free', writer: early })
  for (let n = 0; n < total; n++) await pipeline.publish(n)
  const waiting = pipeline.publish(total)
  await free.caughtUp()
  t.is(early.count, total)
  const before = ownHeap()
  for (let second = 0; second < 10; second++) {
    await clock.advance(1000)
    t.true(clock.timers <= 1)
  }
  t.true(ownHeap() - before < MiB)
  // What is sent again each time its acknowledgement is overdue are the same few.
  t.true(calls > 3 && calls < 100, `${calls} calls`)
  t.is(late, 0)
  t.is(stopped.published, 0)
  goOn.resolve()
  await clock.advance(1000)
  t.is(await waiting, total + 1)
  await stopped.caughtUp()
  await free.caughtUp()
  t.is(early.count, total + 1)
})

test.serial('S1.13, S1.16: processors that always fail cost no memory, and no other its events', async t => {
  const total = scaled(500_000)
  await using pipeline = await EventPipeline.open<number>()
  let letters = 0
  const doomed = { onExhausted: 'dead-letter', deadLetter: () => void (letters += 1) } as const
  const refuse = async (): Promise<void> => {
    throw new Error('no')
  }
  const kinds: Omit<ProcessorOptions<number, number>, 'name'>[] = [
    {
      process: () => {
        throw new Error('no')
      },
      writer: new Counter('never', 1),
    },
    { process: same, writer: { name: 'refusing', capacity: 64, write: refuse } },
    {
      // oxlint-disable-next-line require-yield -- it fails before it gives anything
      async *process() {
        throw new Error('no')
      },
      writer: new Counter('never either', 1),
    },
  ]
  const failing = await Promise.all(
    kinds.map((kind, n) => pipeline.addProcessor<number>({ ...kind, ...doomed, name: `failing ${n}` })),
  )
  const writer = new Counter('good', total / 10)
  const good = await pipeline.addProcessor<number>({ name: 'good', process: same, writer })
  const before = ownHeap()
  for (let n = 0; n < total; n++) await pipeline.publish(n)
  for (const processor of [...failing, good]) await processor.caughtUp()
  t.is(writer.count, total)
  t.is(letters, 3 * total)
  t.true(writer.peak - before < 8 * MiB, `${(writer.peak - before) / MiB} MiB more`)
})

test.serial(
  'S1.16, S1.35: of a thousand processors on one writer a stuck one and a halted one disturb no other',
  async t => {
    const events = scaled(3000)
    await using pipeline = await EventPipeline.open<number>({ ring: 2 * events })
    const counter = new Counter('all', 100 * events)
    const stuck = deferred()
    pipeline.addWriter<number>({
      name: 'all',
      capacity: 4000,
      maxBatch: 64,
      write: async batch => {
        if (batch.processor === 'p7') await stuck.promise
        if (batch.processor === 'p8') throw new Error('no')
        await counter.write(batch)
      },
    })
    const before = ownHeap()
    const processors: Processor[] = []
    for (let n = 0; n < 1000; n++) {
      processors.push(await pipeline.addProcessor<number>({ name: `p${n}`, process: same, writer: 'all' }))
    }
    for (let n = 0; n < events; n++) await pipeline.publish(n)
    for (const [n, processor] of processors.entries()) if (n !== 7 && n !== 8) await processor.caughtUp()
    t.is(counter.count, 998 * events)
    t.is(processors[7]?.published, 0)
    await t.throwsAsync(processors[8]?.caughtUp() ?? Promise.resolve(), { code: 'ERR_NACK' })
    // The specs' loader makes private fields of entries in weak maps, which takes about four times what the built package does.
    t.true(counter.peak - before < 128 * MiB, `${(counter.peak - before) / MiB} MiB more`)
    stuck.resolve()
    await processors[7]?.caughtUp()
    await processors[8]?.remove()
  },
)

test.serial(
  'PIPE-12: two hundred crashes lose nothing, keep the order, and repeat only what was not acknowledged',
  async t => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-pipeline-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    await survivesCrashes(t, folder, scaled(200))
  },
)
