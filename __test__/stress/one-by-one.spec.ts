import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { scaled } from '../helpers/scale.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

for (const containment of ['tree', 'group'] as const) {
  test(`'${containment}': ten thousand children one after the other all end as they did`, async t => {
    const rounds = scaled(10_000)
    let ok = 0
    for (let n = 0; n < rounds; n++) {
      const child = await spawn('sh', ['-c', `exit ${n % 8}`], { containment, stdout: 'ignore', stderr: 'ignore' })
      const { exitCode } = await child.closed
      if (exitCode === n % 8) ok += 1
    }
    t.is(ok, rounds)
  })
}
