import anyTest from 'ava'
import { getEventListeners } from 'node:events'
import { ProcessError, run, spawn, SpawnError } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('an aborted signal starts nothing', async t => {
  const reason = new Error('no')
  const error = await t.throwsAsync(run('true', [], { signal: AbortSignal.abort(reason) }), {
    instanceOf: SpawnError,
    code: 'ABORT_ERR',
    name: 'AbortError',
  })
  t.is(error.cause, reason)
})

test('an abort while it starts rejects at once', async t => {
  const controller = new AbortController()
  const spawned = spawn('sleep', ['60'], { signal: controller.signal })
  controller.abort()
  await t.throwsAsync(spawned, { code: 'ABORT_ERR' })
  t.is(getEventListeners(controller.signal, 'abort').length, 0)
})

test('an abort ends the tree and keeps what came', async t => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const child = await spawn('sh', ['-c', 'echo ready; exec sleep 60'], { signal: controller.signal })
  t.is(await child.stdout.lines().read(), 'ready')
  controller.abort(reason)
  t.like(await child.closed, { isCanceled: true, ok: false, signal: 'SIGTERM' })
  const error = await t.throwsAsync(child.success(), {
    instanceOf: ProcessError,
    code: 'ABORT_ERR',
    name: 'AbortError',
  })
  t.is(error.cause, reason)
  t.is(getEventListeners(controller.signal, 'abort').length, 0)
})

test('no listener stays, however it ends, and a late abort does nothing', async t => {
  const controller = new AbortController()
  const { signal } = controller
  await run('true', [], { signal })
  await t.throwsAsync(run('false', [], { signal }))
  await t.throwsAsync(run('no-such-program', [], { signal }))
  const child = await spawn('true', [], { signal })
  t.true((await child.closed).ok)
  t.is(getEventListeners(signal, 'abort').length, 0)
  controller.abort()
  t.true(child.exit?.ok)
})
