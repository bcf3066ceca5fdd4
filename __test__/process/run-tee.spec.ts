import anyTest from 'ava'
import { PassThrough, Writable } from 'node:stream'
import { ProcessError, run } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { flood } from '../helpers/programs.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('output is collected and copied', async t => {
  const copies = { stdout: new PassThrough(), stderr: new PassThrough() }
  const { stdout, stderr } = await run('sh', ['-c', 'echo out; echo err >&2'], { tee: copies })
  t.is(stdout, 'out')
  t.is(stderr, 'err')
  t.is(String(copies.stdout.read()), 'out\n')
  t.is(String(copies.stderr.read()), 'err\n')
})

test('the child waits for a slow target, and all arrives', async t => {
  let length = 0
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk: Uint8Array, _encoding, taken) {
      length += chunk.length
      setImmediate(taken)
    },
  })
  await run(flood, ['--total', '1000000'], { tee: { stdout: slow }, encoding: 'buffer' })
  t.is(length, 1_000_000)
})

test('a target that fails ends the tree, and is the cause', async t => {
  const cause = new Error('full')
  const failing = new Writable({ write: (_chunk, _encoding, taken) => taken(cause) })
  const error = await t.throwsAsync(run(flood, [], { tee: { stdout: failing } }), { instanceOf: ProcessError })
  t.is(error.cause, cause)
})

test('a target that never takes more does not outlive the timeout', async t => {
  const stuck = new Writable({ highWaterMark: 1, write() {} })
  t.like(await run(flood, [], { tee: { stdout: stuck }, timeout: 300, reject: false }), { timedOut: true })
})

test('nor does it outlive the timeout or the signal when the child is long over', async t => {
  const stuck = (): Writable => new Writable({ highWaterMark: 1, write() {} })
  const late = run('echo', ['x'], { tee: { stdout: stuck() }, timeout: 300 })
  const error = await t.throwsAsync(late, { instanceOf: ProcessError, code: 'ERR_PROCESS_FAILED', message: /tee/u })
  t.like(error, { exitCode: 0, stdout: 'x', ok: false })
  const control = new AbortController()
  const stderr = stuck()
  const unwanted = run('sh', ['-c', 'echo x >&2'], { tee: { stderr }, signal: control.signal, reject: false })
  await waitFor(() => stderr.writableLength > 0)
  control.abort(new Error('enough'))
  t.like(await unwanted, { ok: false, exitCode: 0, stderr: 'x' })
})

test('no listener stays on the target', async t => {
  const target = new PassThrough()
  target.resume()
  const count = (): number => target.eventNames().reduce((sum, name) => sum + target.listenerCount(name), 0)
  const before = count()
  await run('echo', ['x'], { tee: { stdout: target } })
  t.is(count(), before)
})
