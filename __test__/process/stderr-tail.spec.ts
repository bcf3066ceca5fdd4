import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { flood } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('a flood on stderr never blocks a child nobody listens to', async t => {
  const child = await spawn(flood, ['--fd', '2', '--total', '3000000'])
  t.is(child.stderr, undefined)
  t.like(await child.closed, { ok: true })
  t.is(Buffer.byteLength(child.stderrTail, 'latin1') > 0, true)
})

test('the tail is the last bytes', async t => {
  const child = await spawn('sh', ['-c', 'printf 0123456789 >&2'], { stderr: { tail: 4 } })
  await child.closed
  t.is(child.stderrTail, '6789')
  t.like(await run('sh', ['-c', 'printf 0123456789 >&2'], { stderr: { tail: 4 } }), {
    stderr: '6789',
    stderrTail: '6789',
  })
})

test('with a pipe it is the last of what was read', async t => {
  const child = await spawn('sh', ['-c', 'echo text >&2'], { stderr: 'pipe' })
  t.is(await child.stderr.text(), 'text\n')
  t.is(child.stderrTail, 'text\n')
  await child.closed
})
