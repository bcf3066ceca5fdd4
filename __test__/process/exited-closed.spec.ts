import anyTest from 'ava'
import { ProcessError, run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('exit is undefined before, and the same as exited and closed after', async t => {
  const child = await spawn('cat', [], { stdin: 'pipe' })
  t.is(child.exit, undefined)
  await child.stdin.end()
  t.like(await child.exited, { ok: true, exitCode: 0 })
  const exit = await child.closed
  t.like(exit, { ok: true, exitCode: 0, drained: true })
  t.is(child.exit, exit)
})

test('unread output delays nothing and is still there', async t => {
  const child = await spawn('echo', ['text'])
  await child.closed
  t.is(await child.stdout.text(), 'text\n')
})

test('neither rejects for a child that fails, but success does', async t => {
  const child = await spawn('sh', ['-c', 'echo why >&2; exit 4'])
  t.like(await child.closed, { ok: false, exitCode: 4 })
  const error = await t.throwsAsync(child.success(), {
    instanceOf: ProcessError,
    code: 'ERR_PROCESS_FAILED',
    message: /exit code 4.*\nwhy/su,
  })
  t.is(error.exitCode, 4)
  t.is(await child.stdout.text(), '')
})

test('after we ended it, the output that is there comes and then rejects', async t => {
  const child = await spawn('sh', ['-c', 'echo text; exec sleep 60'])
  await child.stdout.read({ maxBytes: 3 })
  await child.terminate()
  t.is(String(Buffer.from((await child.stdout.read()) ?? [])), 't\n')
  await t.throwsAsync(child.stdout.text(), { code: 'ERR_PROCESS_FAILED' })
})

test('after a kill the output ends as it does after an exit', async t => {
  const child = await spawn('sh', ['-c', 'echo text; exec sleep 60'])
  const first = await child.stdout.read()
  t.is(String(Buffer.from(first ?? [])), 'text\n')
  child.kill('SIGKILL')
  t.is(await child.stdout.read(), null)
  await child.closed
})
