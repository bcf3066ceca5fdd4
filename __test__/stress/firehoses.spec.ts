import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { echoServer } from '../helpers/programs.ts'
import { scaled } from '../helpers/scale.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true'), deadline: 10_000 })
const PINGS = 500

test('200 firehoses that are all read do not keep a ping from its echo', async t => {
  const hoses = await Promise.all(Array.from({ length: scaled(200) }, async () => await spawn('yes')))
  const echo = await spawn(echoServer, [], { stdin: 'pipe' })
  const abort = new AbortController()
  const drains = hoses.map(async ({ stdout }) => {
    while (!abort.signal.aborted) await stdout.read()
  })
  const times: number[] = []
  const ping = new Uint8Array(64).fill(120)
  for (let pings = 0; pings < PINGS; pings++) {
    const begun = performance.now()
    await echo.stdin.write(ping)
    await echo.stdout.readExactly(ping.length)
    times.push(performance.now() - begun)
  }
  abort.abort()
  await Promise.all(drains)
  t.true(hoses.every(({ stdout }) => stdout.bytesRead > 0))
  times.sort((a, b) => a - b)
  const [p50 = 0, p99 = 0] = [times[PINGS / 2], times[PINGS * 0.99]]
  t.log({ p50, p99 })
  // 10 ms are the aim; the processors of the machine are shared with 200 others.
  t.true(p99 < 40, `p99 ${p99} ms`)
  await Promise.all([...hoses, echo].map(async child => await child.terminate()))
})
