// A process that publishes and processes over the journal on disk, killed again and again at moments nobody chose.

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { EventPipeline, fileJournal, fileWriter } from '../../index.ts'
import { startHousehold } from '../helpers/household.ts'

/** Everything is in the end there, each life of the process went on in steps of one, and only between two a part is repeated. */
export async function survivesCrashes(t: ExecutionContext, folder: string, rounds: number): Promise<void> {
  const file = path.join(folder, 'lines')
  let known = 0
  for (let round = 1; round <= rounds; round++) {
    await using household = startHousehold('crashing-pipeline.ts', { args: [folder] })
    const last = await household.node.message<number>()
    t.true(last >= known, `event ${known} was published, and ${last} is the last one now`)
    for (let more = Math.floor(Math.random() * 100); more >= 0; more--) known = await household.node.message<number>()
    household.node.process.kill('SIGKILL')
    await household.node.exited
  }
  await using lines = fileWriter<number>(file)
  const pipeline = await EventPipeline.open<number>({
    journal: await fileJournal(path.join(folder, 'journal')),
    ring: 64,
  })
  const processor = await pipeline.addProcessor<number>({ name: 'lines', process: ({ data }) => [data], writer: lines })
  const { last } = pipeline.metrics()
  t.true(last >= known)
  await processor.caughtUp({ timeout: 10_000 })
  await pipeline.close()
  const written = (await readFile(file, 'utf8')).trimEnd().split('\n').map(Number)
  t.deepEqual(
    [...new Set(written)],
    Array.from({ length: last }, (_, i) => i + 1),
  )
  const back = written.slice(1).filter((line, i) => line !== (written[i] ?? 0) + 1)
  t.true(back.length <= rounds, `${back.length} repetitions`)
}
