import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('output that a descendant writes within the time is waited for', async t => {
  const result = await run('sh', ['-c', 'printf A; (sleep 0.3; printf B) &'])
  t.like(result, { stdout: 'AB', drained: true })
})

test('a descendant that holds the pipe is not waited for longer than that', async t => {
  const before = performance.now()
  const result = await run('sh', ['-c', 'sleep 60 & echo $!'], { drainTimeout: 200, leftovers: 'leave' })
  t.like(result, { drained: false, ok: true })
  t.true(performance.now() - before < 5000)
  process.kill(Number(result.stdout))
})

test('closed comes then too, and a sweep frees the pipe', async t => {
  const child = await spawn('sh', ['-c', 'sleep 60 & exit 0'], { drainTimeout: 100 })
  t.like(await child.closed, { exitCode: 0, drained: false })
  await child.terminate()
  t.is(await child.stdout.read(), null)
})
