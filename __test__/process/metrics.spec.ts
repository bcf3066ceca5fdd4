import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('bytes, calls and what waits in the pipe are counted', async t => {
  const child = await spawn('cat', [], { stdin: 'pipe' })
  await child.stdin.write('abcde')
  await waitFor(() => child.metrics().pipedBytes === 5)
  t.is((await child.stdout.read())?.length, 5)
  await child.stdin.end()
  t.is(await child.stdout.read(), null)
  await child.closed
  const metrics = child.metrics()
  t.like(metrics, { kind: 'process', pid: child.pid, file: 'cat', bytesRead: 5, bytesWritten: 5, pipedBytes: 0 })
  t.true(metrics.reads >= 2 && metrics.writes >= 1 && metrics.uptimeMs > 0)
  t.is(child.exit?.durationMs, metrics.uptimeMs)
})
