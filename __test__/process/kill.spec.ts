import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { stubborn } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('kill sends SIGTERM, or what it is told', async t => {
  for (const [signal, expected] of [
    [undefined, 'SIGTERM'],
    ['SIGKILL', 'SIGKILL'],
    [10, 'SIGUSR1'],
    [40, 40],
  ] as const) {
    const child = await spawn('sleep', ['60'])
    t.true(signal === undefined ? child.kill() : child.kill(signal))
    const exit = await child.closed
    t.like(exit, { signal: expected, exitCode: null, ok: false, timedOut: false, isCanceled: false })
  }
})

test('0 probes, and after the exit nothing is reached', async t => {
  const child = await spawn('cat', [], { stdin: 'pipe' })
  t.true(child.kill(0))
  await child.stdin.end()
  await child.exited
  t.false(child.kill(0))
  t.false(child.kill('SIGKILL'))
  await child.closed
  t.false(child.kill('SIGKILL'))
})

test('killTree reaches a descendant that the child waits for', async t => {
  const child = await spawn('sh', ['-c', `${stubborn}; exit 7`])
  t.regex((await child.stdout.lines().read()) ?? '', /^ready /u)
  t.true(child.killTree('SIGKILL'))
  t.like(await child.closed, { signal: 'SIGKILL' })
  await child.terminate()
})
