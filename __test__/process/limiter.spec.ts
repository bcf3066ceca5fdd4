import anyTest from 'ava'
import { command, daemon, limitChildren, run, Semaphore, spawn, stream, type RunOptions } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { descendantsOf } from '../helpers/processes.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('a permit is taken before the start and is back with closed', async t => {
  const limiter = new Semaphore(1)
  const child = await spawn('cat', [], { stdin: 'pipe', limiter })
  t.is(limiter.available, 0)
  const second = spawn('true', [], { limiter })
  await new Promise(resolve => void setImmediate(resolve))
  t.is(limiter.waiting, 1)
  await child.stdin.end()
  await child.exited
  t.is(limiter.waiting, 0)
  await (
    await second
  ).closed
  t.is(limiter.available, 1)
})

test('no more live at once than there are permits, whatever becomes of them', async t => {
  const limiter = new Semaphore(3)
  let most = 0
  const outcomes = Array.from({ length: 40 }, async (_, index) => {
    const options: RunOptions = { limiter, reject: false, ...(index % 4 === 1 && { timeout: 5 }) }
    const [file, args] = index % 4 === 0 ? ['no-such-program', []] : ['sleep', [index % 4 === 1 ? '60' : '0.01']]
    await run(file, args, options).catch(() => undefined)
    most = Math.max(
      most,
      descendantsOf(process.pid).filter(({ name, state }) => name === 'sleep' && state !== 'Z').length,
    )
  })
  await Promise.all(outcomes)
  t.true(most > 0 && most <= 3, String(most))
  t.is(limiter.available, 3)
  t.is(limiter.waiting, 0)
})

test('a start that fails, is given up, or is refused gives its permit back', async t => {
  const limiter = new Semaphore(1)
  await t.throwsAsync(spawn('no-such-program', [], { limiter }), { code: 'ENOENT' })
  await t.throwsAsync(run('true', [], { limiter, signal: AbortSignal.abort() }), {
    code: 'ABORT_ERR',
    name: 'AbortError',
  })
  await t.throwsAsync(run('true', [], { limiter, timeout: 0 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(run('true', [], { limiter, extraFds: [1_000_000] }), { code: 'EBADF' })
  t.is(limiter.available, 1)
})

test('an abort ends the wait, starts nothing and takes nothing', async t => {
  const limiter = new Semaphore(1)
  const permit = await limiter.acquire()
  const control = new AbortController()
  const waiting = run('true', [], { limiter, signal: control.signal })
  control.abort(new Error('enough'))
  const error = await t.throwsAsync(waiting, { code: 'ABORT_ERR', name: 'AbortError' })
  t.is((error.cause as Error).message, 'enough')
  t.is(limiter.waiting, 0)
  permit.release()
  t.is(limiter.available, 1)
})

test('a limiter that is closed is the error', async t => {
  const limiter = new Semaphore(1)
  limiter.close()
  await t.throwsAsync(spawn('true', [], { limiter }), { code: 'ERR_SEMAPHORE_CLOSED' })
})

test('the wait does not count for the timeout', async t => {
  const limiter = new Semaphore(1)
  const permit = await limiter.acquire()
  const waiting = run('true', [], { limiter, timeout: 60_000 })
  permit.release()
  t.true((await waiting).ok)
})

test('a pipe is admitted as a whole, and two of them never hold each other up', async t => {
  const limiter = new Semaphore(2)
  const other = new Semaphore(2)
  const pipes = Array.from({ length: 6 }, async (_, index) => {
    const [first, second] = index % 2 ? [limiter, other] : [other, limiter]
    const pipe = command('echo', ['text'], { limiter: first }).pipe('cat', [], { limiter: second })
    return (await pipe.run()).stdout
  })
  t.deepEqual(await Promise.all(pipes), Array<string>(6).fill('text'))
  const same = command('echo', ['text'], { limiter }).pipe('cat', [], { limiter })
  t.is((await Promise.all([same.run(), same.run(), same.run()])).length, 3)
  t.is(limiter.available + other.available, 4)
  await t.throwsAsync(same.pipe('cat', [], { limiter }).run(), { code: 'ERR_INVALID_OPTION' })
  await t.throwsAsync(same.pipe('no-such-program').run(), { code: 'ENOENT' })
  await waitFor(() => limiter.available === 2, { deadline: 5000 })
})

test('a stream that is left while it waits starts nothing', async t => {
  const limiter = new Semaphore(1)
  const permit = await limiter.acquire()
  const reader = stream('sh', ['-c', 'echo started >&2'], { limiter, stderr: 'inherit' })
  const read = reader.read()
  await t.throwsAsync(Promise.all([read, reader.cancel()]), { code: 'ERR_READER_CLOSED' })
  await turns()
  t.is(limiter.waiting, 0)
  permit.release()
  await waitFor(() => limiter.available === 1, { deadline: 5000 })
  t.is(await stream('echo', ['x'], { limiter }).text(), 'x\n')
  await waitFor(() => limiter.available === 1, { deadline: 5000 })
})

test('each start of a daemon is admitted, and one that is stopped while it waits starts nothing', async t => {
  const limiter = new Semaphore(1)
  const first = daemon('sleep', ['60'], { limiter })
  await first.ready
  t.is(limiter.available, 0)
  const second = daemon('sleep', ['60'], { limiter })
  await waitFor(() => limiter.waiting === 1, { deadline: 5000, what: 'the second daemon in the line' })
  await first.stop()
  await second.ready
  // No child is there that would have to be given time.
  const third = daemon('sleep', ['60'], { limiter, killTimeout: Infinity })
  await waitFor(() => limiter.waiting === 1, { deadline: 5000, what: 'the third daemon in the line' })
  await t.throwsAsync(third.stop(), { code: 'ABORT_ERR' })
  t.is(limiter.waiting, 0)
  await second.stop()
  await waitFor(() => limiter.available === 1, { deadline: 5000, what: 'the permit' })
})

test('a permit that can not be given back is a process warning, and the child is closed all the same', async t => {
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', listen)
  const release = (): void => {
    throw new Error('refused')
  }
  const limiter = { acquire: async () => ({ release }) } as unknown as Semaphore
  t.true((await run('true', [], { limiter })).ok)
  await t.throwsAsync(run('no-such-program', [], { limiter }), { code: 'ENOENT' })
  await waitFor(() => warnings.length === 2)
  process.off('warning', listen)
  t.deepEqual(warnings, ['refused', 'refused'])
})

test('the cap holds for all children of this thread, beside a limiter', async t => {
  limitChildren(2)
  try {
    const limiter = new Semaphore(1)
    const one = await spawn('cat', [], { stdin: 'pipe' })
    const two = await spawn('cat', [], { stdin: 'pipe', limiter })
    let started = 0
    const waiting = [run('true'), run('true', [], { limiter })].map(
      async child => await child.then(() => void started++),
    )
    await new Promise(resolve => void setImmediate(resolve))
    t.is(started, 0)
    await one.stdin.end()
    await waiting[0]
    t.is(limiter.waiting, 1)
    await two.stdin.end()
    await waiting[1]
    await t.throwsAsync(command('true').pipe('cat').pipe('cat').run(), { code: 'ERR_INVALID_OPTION' })
    t.throws(() => limitChildren(0), { code: 'ERR_INVALID_OPTION' })
  } finally {
    limitChildren(Infinity)
  }
  t.true((await run('true')).ok)
})
