// A guard that answers nothing: a daemon that is being started can be stopped all the same.

import anyTest from 'ava'
import { daemon, run, SpawnError } from '../../index.ts'
import { shepherds, withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('stop and abort of a daemon whose start is not answered', async t => {
  const [shepherd] = shepherds()
  process.kill(shepherd!.pid, 'SIGSTOP')
  try {
    const server = daemon('sleep', ['60'], { killTimeout: 50, restart: 'always' })
    await t.throwsAsync(server.stop(), { instanceOf: SpawnError, code: 'ABORT_ERR' })
    await t.throwsAsync(server.ready, { code: 'ABORT_ERR' })
    await t.throwsAsync(server.stdin.write('x'), { code: 'ERR_WRITER_CLOSED' })
    t.is(server.state, 'stopped')

    const controller = new AbortController()
    const other = daemon('sleep', ['60'], { signal: controller.signal })
    controller.abort(new Error('over'))
    await t.throwsAsync(other.stopped, { name: 'AbortError' })
  } finally {
    process.kill(shepherd!.pid, 'SIGCONT')
  }
  t.is((await run('echo', ['works'])).stdout, 'works')
})
