// Writing to a daemon: in order, to the child that runs, and over a restart to the next one.

import anyTest from 'ava'
import { daemon, run, SluiceError, type ByteWriter } from '../../index.ts'
import { DaemonInput } from '../../src/process/daemon/daemon-input.ts'
import { withCensus } from '../helpers/census.ts'
import { standing } from '../helpers/deferred.ts'
import { FakeChild } from '../helpers/fake-child.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const soon = { initial: 1, jitter: false }

test('writes arrive in the order they were made, also those made before the start', async t => {
  const lines: string[] = []
  await using server = daemon('cat', [], { onLine: line => void lines.push(line) })
  const bytes = new Uint8Array([48, 10])
  const written = [server.stdin.write(bytes)]
  bytes[0] = 0x78
  for (let line = 1; line < 500; line++) written.push(server.stdin.write(`${line}\n`))
  await Promise.all(written)
  await waitFor(() => lines.length === 500)
  t.deepEqual(
    lines,
    Array.from({ length: 500 }, (_, line) => String(line)),
  )
})

test('a write that finds no child waits for the next one', async t => {
  const lines: string[] = []
  await using server = daemon('sh', ['-c', 'read line; echo "$$ $line"; [ "$line" = die ] && exit 1; cat'], {
    onLine: line => void lines.push(line),
    backoff: soon,
  })
  const events = server.events()[Symbol.asyncIterator]()
  await server.stdin.write('die\n')
  while ((await events.next()).value?.type !== 'exited');
  t.not(server.state, 'ready')
  const written = [server.stdin.write('one\n'), server.stdin.write('two\n')]
  await Promise.all(written)
  await waitFor(() => lines.length === 3)
  t.deepEqual(
    lines.map(line => line.replace(/^\d+ /u, '')),
    ['die', 'one', 'two'],
  )
  t.is(server.restarts, 1)
})

test('a write that meets a child that just died goes whole to the next one', async () => {
  const lines: string[] = []
  const server = daemon('sh', ['-c', 'echo up; exec cat'], {
    readyWhen: /up/u,
    onLine: line => void lines.push(line),
    backoff: soon,
    maxRestarts: 100,
  })
  await server.ready
  for (let round = 1; round <= 10; round++) {
    const { pid } = server
    process.kill(pid!, 'SIGKILL')
    // Its pipe is broken before we were told of the exit, now and then; whatever the pipe took is lost with the child.
    while (server.pid === pid) {
      await server.stdin.write('.').catch(() => {})
      await turns()
    }
    await server.stdin.write(`\nround ${round}\n`)
    await waitFor(() => lines.includes(`round ${round}`))
  }
  await server.stop()
})

/** A child whose pipe takes so many bytes of a write, and then is broken; without a number it takes all. */
function childWith(taken?: number): { child: FakeChild; writes: string[] } {
  const child = new FakeChild(1)
  const writes: string[] = []
  const stdin = {
    bytesWritten: 0,
    async write(chunk: string) {
      writes.push(chunk)
      stdin.bytesWritten += taken ?? chunk.length
      if (taken !== undefined) throw new SluiceError('EPIPE', 'write EPIPE')
    },
  }
  child.stdin = stdin as unknown as ByteWriter
  return { child, writes }
}

test('what a dead child took nothing of goes to the next one, and nothing is written twice', async t => {
  const input = new DaemonInput()
  const [dying, dead, next] = [childWith(0), childWith(), childWith()]
  dead.child.quit(1)
  input.open(dying.child)
  const written = Promise.all([input.write('one'), input.write('two')])
  await turns()
  t.deepEqual(dying.writes, ['one'])
  dying.child.quit(1)
  await turns()
  input.shut(dying.child)
  input.open(dead.child)
  await turns()
  input.open(next.child)
  await written
  t.deepEqual([dying.writes, dead.writes, next.writes], [['one'], [], ['one', 'two']])

  const half = childWith(2)
  half.child.quit(0)
  half.child.exit = undefined
  input.open(half.child)
  await t.throwsAsync(input.write('torn'), { code: 'EPIPE' })
  t.deepEqual(half.writes, ['torn'])
})

test('a child that only closed its stdin breaks the write, and nothing waits for ever', async t => {
  await using server = daemon('sh', ['-c', 'exec <&-; echo up; exec sleep 60'], { readyWhen: /up/u })
  await server.ready
  await t.throwsAsync(server.stdin.write('x'), { code: 'EPIPE' })
})

test('a write that fills the pipe of a child that reads nothing holds up no stop', async t => {
  await using server = daemon('sleep', ['600'])
  await server.ready
  const first = server.stdin.write(new Uint8Array(4 * 1024 * 1024))
  const behind = server.stdin.write('y')
  t.is(await standing(first), 'pending')
  t.like(await server.stop(), { signal: 'SIGTERM' })
  await t.throwsAsync(first, { code: 'EPIPE' })
  await t.throwsAsync(behind, { code: 'ERR_WRITER_CLOSED' })
})

test('a write is given up by signal or timeout, while it waits', async t => {
  await using server = daemon('sh', ['-c', 'exit 1'], { backoff: { initial: 30_000, jitter: false } })
  await waitFor(() => server.state === 'backoff')
  await t.throwsAsync(server.stdin.write('x', { timeout: 10 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(server.stdin.write('x', { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  const controller = new AbortController()
  const parked = server.stdin.write('x', { signal: controller.signal })
  const behind = server.stdin.write('y')
  controller.abort()
  await t.throwsAsync(parked, { code: 'ABORT_ERR' })
  t.is(await standing(behind), 'pending')
  await server.stop()
  await t.throwsAsync(behind, { code: 'ERR_WRITER_CLOSED' })
  await t.throwsAsync(server.stdin.write('z'), { code: 'ERR_WRITER_CLOSED' })
  await t.throwsAsync(server.stdin.write(5 as never), { code: 'ERR_INVALID_OPTION' })
})

test('without a pipe there is nothing to write to', async t => {
  for (const options of [{ stdin: 'ignore' }, { input: 'given' }] as const) {
    await using server = daemon('sleep', ['60'], options)
    await server.ready
    await t.throwsAsync(server.stdin.write('x'), { code: 'ERR_WRITER_CLOSED' })
  }
})
