import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const HOLDER = 'sleep 60 & echo hi'
// The default of drainTimeout, and what a busy machine adds.
const DRAIN = 1000
const SLACK = 1500

test('a descendant that holds the pipe does not hold the result', async t => {
  const before = performance.now()
  const result = await run('sh', ['-c', `${HOLDER}; echo $!`], { lines: true })
  const took = performance.now() - before
  t.like(result, { ok: true, drained: false })
  t.is(result.stdout[0], 'hi')
  t.true(took >= DRAIN - 5 && took < DRAIN + SLACK, `${took} ms`)
  process.kill(Number(result.stdout[1]))
})

test('what a descendant writes after the exit is readable, also after closed', async t => {
  const child = await spawn('sh', ['-c', 'exec 3<&0; (read line <&3; printf "$line") & printf first;'], {
    stdin: 'pipe',
    drainTimeout: 50,
  })
  t.false((await child.closed).drained)
  await child.stdin.write('later\n')
  t.is(await child.stdout.text(), 'firstlater')
  await child.stdin.end().catch(() => undefined)
})

test('closed waits for the end of the pipe, and no longer than drainTimeout', async t => {
  const child = await spawn('sh', ['-c', HOLDER], { drainTimeout: 300 })
  const exit = await child.exited
  t.is(exit.exitCode, 0)
  t.is((await child.stdout.read())?.length, 3)
  t.false((await child.closed).drained)
  // The holder is still there, so this is no end.
  t.is(child.stdout.tryRead(), undefined)
  await child.terminate()
  t.is(await child.stdout.read(), null)
  await waitFor(() => child.stdout.isClosed)
})
