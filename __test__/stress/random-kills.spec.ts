import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { scaled } from '../helpers/scale.ts'
import { turns } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const LANES = 64

for (const containment of ['tree', 'group'] as const) {
  test(`'${containment}': of 10,000 children at 64-way, killed at random, no exit is lost`, async t => {
    const count = scaled(10_000)
    const outcomes = new Map<string, number>()
    let begun = 0
    const lane = async (): Promise<void> => {
      while (begun < count) {
        const own = begun++
        const child = await spawn('sh', ['-c', `sleep 0.008; exit ${own % 200}`], { containment })
        const until = performance.now() + Math.random() * 5
        while (performance.now() < until) await turns()
        child.kill('SIGKILL')
        const { exitCode, signal, lost } = await child.closed
        const outcome = lost ? 'lost' : exitCode === own % 200 ? 'ended' : signal === 'SIGKILL' ? 'killed' : 'wrong'
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    t.log(Object.fromEntries(outcomes))
    t.is((outcomes.get('ended') ?? 0) + (outcomes.get('killed') ?? 0), begun)
  })
}
