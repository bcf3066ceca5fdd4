// Pipelines for a long time: very long sequences, and a writer that stands still for seconds.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { EventPipeline } from '../../index.ts'
import { deferred } from '../helpers/deferred.ts'
import { ownHeap } from '../helpers/usage.ts'
import { staysTrue } from '../helpers/wait-for.ts'
import { survivesCrashes } from '../pipeline/crashes.ts'

const MiB = 1024 * 1024

test.serial('S1.13: one sequence with ten million outputs stays in bounded memory', async t => {
  const total = 10_000_000
  await using pipeline = await EventPipeline.open<number>()
  let count = 0
  let peak = 0
  const before = ownHeap()
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    *process() {
      for (let n = 1; n <= total; n++) yield n
    },
    writer: {
      name: 'w',
      capacity: 1000,
      write: async ({ items }) => {
        const next = count + items.length
        if (Math.floor(count / 1e6) !== Math.floor(next / 1e6)) peak = Math.max(peak, ownHeap())
        count = next
      },
    },
  })
  await pipeline.publish(1)
  await processor.caughtUp()
  t.is(count, total)
  t.true(peak - before < 8 * MiB, `${(peak - before) / MiB} MiB more`)
})

test.serial('S1.13: a writer that stops for ten seconds delays no other processor, and nothing grows', async t => {
  await using pipeline = await EventPipeline.open<number>({ ring: 10_000 })
  const goOn = deferred()
  let late = 0
  let early = 0
  const stopped = await pipeline.addProcessor<number>({
    name: 'stopped',
    process: ({ data }) => [data],
    writer: {
      name: 'stopped',
      capacity: 10,
      write: async ({ items }) => {
        await goOn.promise
        late += items.length
      },
    },
  })
  const free = await pipeline.addProcessor<number>({
    name: 'free',
    process: ({ data }) => [data],
    writer: { name: 'free', capacity: 10, write: async ({ items }) => void (early += items.length) },
  })
  for (let n = 0; n < 10_000; n++) await pipeline.publish(n)
  const waiting = pipeline.publish(10_000)
  await free.caughtUp()
  t.is(early, 10_000)
  const before = ownHeap()
  await staysTrue(() => late === 0, 10_000, 'the writer has stopped')
  t.true(ownHeap() - before < MiB)
  t.is(late, 0)
  goOn.resolve()
  t.is(await waiting, 10_001)
  await stopped.caughtUp()
  t.is(late, 10_001)
})

test.serial('PIPE-12: two hundred crashes lose nothing and keep the order', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-pipeline-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await survivesCrashes(t, folder, 200)
})
