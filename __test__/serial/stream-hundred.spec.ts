import anyTest from 'ava'
import { randomBytes } from 'node:crypto'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { echoServer } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

for (const readAhead of [0, 65_536]) {
  test(`a hundred children at once give back exactly what each was sent: readAhead ${readAhead}`, async t => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const sent = randomBytes(65_536)
        const child = await spawn(echoServer, ['--block', '1000'], { stdin: 'pipe', readAhead })
        const [bytes] = await Promise.all([child.stdout.bytes(), child.stdin.end(sent)])
        return (await child.success()).ok && Buffer.compare(bytes, sent) === 0
      }),
    )
    t.true(answers.every(Boolean))
  })
}
