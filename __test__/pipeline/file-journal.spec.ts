// Pipelines over the journal on disk: a process that dies at any moment, and the next one.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import anyTest, { type ExecutionContext } from 'ava'
import { EventPipeline, fileJournal, run, type Processor } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { packageRoot } from '../helpers/programs.ts'
import { survivesCrashes } from './crashes.ts'

const test = withCensus(anyTest, {
  warmUp: async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-pipeline-'))
    await (await fileJournal(folder)).close()
    await run('true')
    await rm(folder, { recursive: true, force: true })
  },
})

async function scratch(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-pipeline-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

/** A processor that hands on what it is given, and the values that it wrote. */
async function collecting(pipeline: EventPipeline<number>): Promise<{ processor: Processor; values: number[] }> {
  const values: number[] = []
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    process: ({ data }) => [data],
    writer: {
      name: 'w',
      capacity: 4,
      write: async ({ items }) => void values.push(...items.map(({ value }) => value)),
    },
  })
  return { processor, values }
}

test('S1.28: what is published and not processed is there after a restart, from the disk', async t => {
  const folder = path.join(await scratch(t), 'journal')
  const first = await EventPipeline.open<number>({ journal: await fileJournal(folder), ring: 64 })
  for (const n of numbers(50)) await first.publish(n)
  await first.close()
  const second = await EventPipeline.open<number>({ journal: await fileJournal(folder), ring: 8 })
  const { processor, values } = await collecting(second)
  t.is(await second.publish(51), 51)
  await processor.caughtUp({ timeout: 10_000 })
  t.deepEqual(values, numbers(51))
  await second.close()
  const third = await EventPipeline.open<number>({ journal: await fileJournal(folder) })
  t.is(third.metrics().last, 51)
  await third.close()
})

test('PIPE-1: sequences go up to the largest safe integer; the next publish is an error, and nothing is harmed', async t => {
  const folder = path.join(await scratch(t), 'journal')
  const largest = Number.MAX_SAFE_INTEGER
  const journal = await fileJournal(folder)
  await journal.append([{ kind: 'event', sequence: largest - 1, payload: Buffer.from('1') }])
  const pipeline = await EventPipeline.open<number>({ journal, ring: 8 })
  const { processor, values } = await collecting(pipeline)
  t.is(await pipeline.publish(2), largest)
  await processor.caughtUp({ timeout: 10_000 })
  for (let tries = 0; tries < 2; tries++) {
    await t.throwsAsync(pipeline.publish(3), { code: 'ERR_INVALID_OPTION' })
  }
  t.deepEqual(values, [1, 2])
  t.is(processor.published, largest)
  await pipeline.close()
})

test('PIPE-12: SIGKILL at random moments: every event is processed, in order, and only the unpublished end is repeated', async t => {
  await survivesCrashes(t, await scratch(t), 4)
})

test('PIPE-12: the worked example: what stores (sequence, index) has each row once, over two crashes', async t => {
  const { stdout } = await run(process.execPath, ['examples/pipeline/index.mjs'], { cwd: packageRoot, timeout: 60_000 })
  t.is([...stdout.matchAll(/^ok /gmu)].length, 3, stdout)
  t.is([...stdout.matchAll(/^killed after/gmu)].length, 2, stdout)
})
