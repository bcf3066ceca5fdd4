// A process that publishes to the journal on disk and writes rows into PostgreSQL, killed again and again at moments nobody chose.

import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { EventPipeline, fileJournal, type Processor } from '../../index.ts'
import { postgresWriter, type PostgresWriter } from '../../src/cluster/index.ts'
import { startHousehold } from '../helpers/household.ts'
import type { Postgres } from '../helpers/postgres.ts'

// Without a key: a row that is written twice is there twice.
const TABLE = 'CREATE TABLE crashed (sequence integer, index integer, value integer)'

interface Rows {
  readonly pipeline: EventPipeline<number>
  readonly processor: Processor
  readonly writer: PostgresWriter<number>
}

/** None, one or two rows for an event. */
function outputs(sequence: number): number[] {
  return sequence % 5 === 0 ? [] : sequence % 3 === 0 ? [sequence, -sequence] : [sequence]
}

/** The same in each life of the process. */
export async function openRows(folder: string, connectionString: string): Promise<Rows> {
  const journal = await fileJournal(path.join(folder, 'journal'), { durability: 'synced' })
  const pipeline = await EventPipeline.open<number>({ journal, ring: 64 })
  const writer = postgresWriter<number>({
    connectionString,
    table: 'crashed',
    toRow: ({ sequence, index, value }) => ({ sequence, index, value }),
    capacity: 16,
    maxBatch: 5,
  })
  const processor = await pipeline.addProcessor<number>({ name: 'rows', process: ({ data }) => outputs(data), writer })
  return { pipeline, processor, writer }
}

/** In the end there is each row once. */
export async function rowsSurviveCrashes(
  t: ExecutionContext,
  postgres: Postgres,
  folder: string,
  rounds: number,
): Promise<void> {
  await postgres.psql(TABLE).run()
  let known = 0
  for (let round = 1; round <= rounds; round++) {
    await using household = startHousehold('crashing-writer.ts', { args: [folder, postgres.connectionString()] })
    const last = await household.node.message<number>()
    t.true(last >= known, `event ${known} was published, and ${last} is the last one now`)
    for (let more = Math.floor(Math.random() * 200); more >= 0; more--) known = await household.node.message<number>()
    household.node.process.kill('SIGKILL')
    await household.node.exited
  }
  const { pipeline, processor, writer } = await openRows(folder, postgres.connectionString())
  await processor.caughtUp({ timeout: 20_000 })
  const { last } = pipeline.metrics()
  t.true(last >= known)
  await pipeline.close()
  await writer[Symbol.asyncDispose]()
  const { stdout } = await postgres.psql('SELECT * FROM crashed ORDER BY sequence, index').run()
  const expected = Array.from({ length: last }, (_, i) =>
    outputs(i + 1).map((value, index) => `${i + 1}|${index}|${value}`),
  )
  t.deepEqual(stdout.split('\n'), expected.flat())
}
