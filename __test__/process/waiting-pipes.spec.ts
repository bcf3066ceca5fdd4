import anyTest from 'ava'
import { command, limit, run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { processInfo } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

const MEBIBYTE = 1024 * 1024

test('writes that wait for a child that sleeps go whole and in their order when it wakes', async t => {
  const child = await spawn('sh', ['-c', 'kill -STOP $$; exec cat'], { stdin: 'pipe' })
  await waitFor(() => processInfo(child.pid)?.state === 'T')
  const writes = [1, 2, 3, 4].map(async byte => await child.stdin.write(new Uint8Array(MEBIBYTE).fill(byte)))
  t.is(child.stdin.pendingBytes + child.stdin.bytesWritten, 4 * MEBIBYTE)
  child.kill('SIGCONT')
  const output = child.stdout.bytes()
  await Promise.all(writes)
  await child.stdin.end()
  t.is(child.stdin.bytesWritten, 4 * MEBIBYTE)
  const expected = new Uint8Array(4 * MEBIBYTE).map((_, at) => 1 + Math.floor(at / MEBIBYTE))
  t.true(Buffer.from(await output).equals(expected))
  await child.success()
})

test('writes that wait reject when the child is killed, each once, and kill is not held up by them', async t => {
  const child = await spawn('sleep', ['600'], { stdin: 'pipe' })
  const outcomes = [1, 2, 3, 4].map(async () => {
    return await child.stdin.write(new Uint8Array(2 * MEBIBYTE)).then(
      () => 'written',
      (error: NodeJS.ErrnoException) => error.code,
    )
  })
  t.true(child.kill('SIGKILL'))
  t.deepEqual(await Promise.all(outcomes), ['EPIPE', 'EPIPE', 'EPIPE', 'EPIPE'])
  t.like(await child.closed, { signal: 'SIGKILL' })
})

test('a read that waits gets what comes after the end of the input, then the end', async t => {
  const child = await spawn('base64', [], { stdin: 'pipe' })
  const [first, second] = [child.stdout.read(), child.stdout.read()]
  await child.stdin.end('hello')
  t.is(Buffer.from((await first) ?? []).toString(), 'aGVsbG8=\n')
  t.is(await second, null)
  await child.success()
})

test('two hundred thousand pieces of one byte are the same at the other end', async t => {
  const pieces = Array.from({ length: 200_000 }, (_, at) => String.fromCodePoint(97 + (at % 26)))
  t.is((await run('cat', [], { input: pieces })).stdout, pieces.join(''))
})

test('time that is up ends a child that takes none of its input, and one that has taken all of it', async t => {
  for (const input of [new Uint8Array(8 * MEBIBYTE), 'all of it']) {
    await t.throwsAsync(run('sleep', ['600'], { input, timeout: 100 }), { code: 'ERR_TIMEOUT' })
  }
})

test('an end that races the exit of its child is no failure of either', async t => {
  const race = async (): Promise<void> => {
    const child = await spawn('true', [], { stdin: 'pipe' })
    await child.stdin.end()
    t.true((await child.closed).ok)
  }
  const slot = limit(8)
  await Promise.all(Array.from({ length: 100 }, async () => await slot(race)))
})

test('a hundred that exit at once all tell their own code, and nothing else', async t => {
  const slot = limit(8)
  const exit3 = command('sh', ['-c', 'exit 3'], { reject: false })
  const results = await Promise.all(Array.from({ length: 100 }, async () => await slot(async () => await exit3.run())))
  t.true(results.every(({ stdout, stderr, exitCode }) => stdout === '' && stderr === '' && exitCode === 3))
})

test('a stop and what follows is no exit', async t => {
  const child = await spawn('sh', ['-c', 'kill -STOP $$; exit 7'])
  await waitFor(() => processInfo(child.pid)?.state === 'T')
  t.is(child.exit, undefined)
  t.true(child.kill('SIGCONT'))
  t.like(await child.closed, { exitCode: 7 })
})
