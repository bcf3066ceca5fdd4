import anyTest from 'ava'
import { ProcessError, run } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { forker, stubborn } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('a timeout ends the child and keeps what came', async t => {
  const error = await t.throwsAsync(run('sh', ['-c', 'echo partial; exec sleep 60'], { timeout: 300 }), {
    instanceOf: ProcessError,
    code: 'ERR_TIMEOUT',
    name: 'TimeoutError',
  })
  t.like(error, { timedOut: true, isCanceled: false, ok: false, stdout: 'partial', signal: 'SIGTERM' })
})

test('reject: false fulfils with timedOut', async t => {
  t.like(await run('sleep', ['60'], { timeout: 100, reject: false }), { timedOut: true, ok: false })
})

test('what ignores the first signal is killed', async t => {
  const result = await run(stubborn, [], { timeout: 200, killTimeout: 100, reject: false })
  t.like(result, { timedOut: true, signal: 'SIGKILL' })
  t.regex(result.stdout, /^ready /u)
})

test('the whole tree is gone when the rejection comes', async t => {
  const result = await run(forker, ['--depth', '2', '--stubborn', 'all', '--setsid'], {
    timeout: 300,
    killTimeout: 100,
    reject: false,
  })
  t.true(result.timedOut)
})

test('a child in time is not touched by its timeout', async t => {
  t.like(await run('true', [], { timeout: 60_000 }), { ok: true, timedOut: false })
  t.like(await run('true', [], { timeout: 2 ** 40 }), { ok: true })
})
