// A daemon of real children: readiness, lines and what holds them back, the end, what is left behind.

import anyTest from 'ava'
import { daemon, run, SpawnError, type DaemonEvent } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { isAlive } from '../helpers/processes.ts'
import { Counter, flood, stubborn } from '../helpers/programs.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const soon = { initial: 1, jitter: false }

test('without readyWhen it is ready when it has been started; stop ends it', async t => {
  const server = daemon('sleep', ['60'])
  t.is(server.state, 'starting')
  await server.ready
  t.is(server.state, 'ready')
  const { pid } = server
  t.true(pid !== undefined && isAlive(pid))
  t.like(await server.stop(), { signal: 'SIGTERM', isCanceled: false })
  t.is(server.state, 'stopped')
  t.is(server.pid, undefined)
  t.false(isAlive(pid!))
})

test('readyWhen looks at the lines of both streams, whatever its flags', async t => {
  for (const [script, readyWhen] of [
    ['echo warming; echo "server is up"; exec sleep 60', /is up$/u],
    ['echo warming; echo "server is up" >&2; exec sleep 60', /is up$/gu],
    ['echo 1; echo 2; exec sleep 60', (line: string) => line === '2'],
  ] as const) {
    await using server = daemon('sh', ['-c', script], { readyWhen })
    await server.ready
    t.is(server.state, 'ready')
  }
})

test('it starts again after a failure, and the events tell', async t => {
  // With its flag g a pattern goes on from where it found something.
  const server = daemon('sh', ['-c', 'echo up; exit 3'], { readyWhen: /up/gu, backoff: soon, maxRestarts: 2 })
  const events: DaemonEvent[] = []
  for await (const event of server.events()) events.push(event as DaemonEvent)
  t.deepEqual(
    events.map(({ type }) => type),
    [
      ...Array.from({ length: 2 }, () => ['started', 'ready', 'exited', 'restarting']).flat(),
      'started',
      'ready',
      'exited',
      'failed',
    ],
  )
  t.is(new Set(events.filter(({ type }) => type === 'started').map(({ pid }) => pid)).size, 3)
  t.true(events.every(({ at }) => Math.abs(at - Date.now()) < 60_000))
  t.is(server.restarts, 2)
  t.is(server.state, 'failed')
  t.like(await server.stopped, { exitCode: 3 })
  t.like(await server.stop(), { exitCode: 3 })
})

test('every line comes, in order, from the stream it was written to', async t => {
  const lines: string[] = []
  await using server = daemon('sh', ['-c', 'seq 1 20000; seq 1 3 >&2; printf last'], {
    onLine: (line, from) => void lines.push(`${from} ${line}`),
  })
  t.like(await server.stopped, { ok: true })
  const expected = Array.from({ length: 20_000 }, (_, index) => `stdout ${index + 1}`)
  t.deepEqual(
    lines.filter(line => line.startsWith('stdout')),
    [...expected, 'stdout last'],
  )
  t.deepEqual(
    lines.filter(line => line.startsWith('stderr')),
    ['stderr 1', 'stderr 2', 'stderr 3'],
  )
})

test('the promise of onLine holds the child back: it fills its pipe and no more', async t => {
  using counter = new Counter()
  const gate = deferred()
  let calls = 0
  const server = daemon(flood, ['--lines', '100', '--counter', counter.file], {
    onLine: async () => {
      calls++
      await gate.promise
    },
  })
  await waitFor(() => calls === 1 && counter.value > 0)
  let before = -1
  await waitFor(() => before === (before = counter.value), { interval: 100 })
  // One pipe, and one read of it.
  t.true(counter.value <= 4 * 65_536, `${counter.value}`)
  t.is(calls, 1)
  gate.resolve()
  await waitFor(() => counter.value > 1_000_000, { deadline: 20_000 })
  await server.stop()
})

test('a line beyond all bounds comes in pieces, and no character is cut', async t => {
  const text = 'ä€𝄞x'.repeat(400_000)
  const pieces: string[] = []
  await using server = daemon('cat', [], { input: `${text}\nshort\n`, onLine: line => void pieces.push(line) })
  await server.stopped
  t.is(pieces.pop(), 'short')
  t.true(pieces.length > 1 && pieces.every(piece => Buffer.byteLength(piece) <= 1024 * 1024))
  t.true(pieces.join('') === text)
})

test('what nobody listens to does not hold the child back', async t => {
  using counter = new Counter()
  const quiet = daemon(flood, ['--total', '1000000', '--counter', counter.file])
  await quiet.stopped
  t.is(counter.value, 1_000_000)
  const untilReady = daemon(flood, ['--lines', '100', '--total', '1000000'], { readyWhen: () => true })
  t.like(await untilReady.stopped, { ok: true })
  const piped = daemon(flood, ['--total', '1000000'], { stdout: 'pipe' })
  t.like(await piped.stopped, { ok: true })
})

test('a callback that throws is a process warning and disturbs nothing', async t => {
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', listen)
  const lines: string[] = []
  const server = daemon('sh', ['-c', 'echo 1; echo 2; echo 3'], {
    onLine: line => {
      lines.push(line)
      if (line === '1') throw new Error('thrown')
      return line === '2' ? Promise.reject(new Error('rejected')) : undefined
    },
    readyWhen: line => {
      if (line === '1') throw new Error('not yet')
      return line === '3'
    },
  })
  await server.ready
  await server.stopped
  t.deepEqual(lines, ['1', '2', '3'])
  await waitFor(() => warnings.length === 3)
  process.off('warning', listen)
  t.deepEqual(warnings.sort(), ['not yet', 'rejected', 'thrown'])
})

test('what can not be started is told by ready; leaving the block tells nothing more', async t => {
  const error = await t.throwsAsync(
    async () => {
      await using server = daemon('/nonexistent/program')
      await server.ready
    },
    { instanceOf: SpawnError, code: 'ENOENT' },
  )
  t.is(error.name, 'SpawnError')
})

test('who ends before it was ready rejects ready with what it said', async t => {
  const server = daemon('sh', ['-c', 'echo "no such database" >&2; exit 4'], { readyWhen: /never/u, restart: 'never' })
  const error = await t.throwsAsync(server.ready, { code: 'ERR_PROCESS_FAILED', message: /no such database/u })
  t.like(error, { exitCode: 4 })
  t.like(await server.stopped, { exitCode: 4 })
})

test('an abort ends the tree; one that came before starts nothing', async t => {
  const controller = new AbortController()
  const server = daemon('sh', ['-c', `${stubborn} & echo up; wait`], {
    signal: controller.signal,
    killTimeout: 100,
    readyWhen: /up/u,
    restart: 'always',
  })
  await server.ready
  controller.abort(new Error('over'))
  t.like(await server.stopped, { isCanceled: true })
  const late = daemon('true', [], { signal: controller.signal })
  await t.throwsAsync(late.ready, { name: 'AbortError' })
  await t.throwsAsync(late.stopped, { name: 'AbortError' })
})

test('stop is for the whole tree, and for one that is just being started', async t => {
  const server = daemon('sh', ['-c', `${stubborn} & echo up; wait`], { killTimeout: 100, readyWhen: /up/u })
  await server.ready
  await server.stop()
  for (let round = 0; round < 20; round++) {
    const young = daemon('sleep', ['60'], { restart: 'always' })
    t.like(await young.stop(), { signal: 'SIGTERM' })
    await t.throwsAsync(young.ready.then(() => Promise.reject(new Error('was ready'))))
  }
})

test('the last lines come before stop fulfils, but a callback that never ends does not hold it up', async t => {
  const lines: string[] = []
  const script = 'trap "seq 1 1000; exit 0" TERM; echo up; while :; do sleep 0.05; done'
  const polite = daemon('sh', ['-c', script], {
    readyWhen: /up/u,
    onLine: (line, from) => void (from === 'stdout' && lines.push(line)),
  })
  await polite.ready
  t.like(await polite.stop(), { ok: true })
  t.is(lines.at(-1), '1000')
  t.is(lines.length, 1001)

  const stuck = daemon('sh', ['-c', 'echo 1; echo 2; exec sleep 60'], {
    onLine: () => new Promise<void>(() => {}),
    drainTimeout: 20,
  })
  await stuck.ready
  t.like(await stuck.stop(), { signal: 'SIGTERM' })
  // The same for one that had ended by itself: its restart waits for the callback, stop does not.
  let calls = 0
  const ended = daemon('sh', ['-c', 'echo 1; exit 1'], {
    onLine: () => {
      calls++
      return new Promise<void>(() => {})
    },
    drainTimeout: 20,
  })
  await waitFor(() => calls === 1)
  await waitFor(() => ended.pid === undefined)
  t.is(await standing(ended.stopped), 'pending')
  t.like(await ended.stop(), { exitCode: 1 })
  t.is(calls, 1)
})

test('stop takes all that a child left in its pipe, however much of it is read late', async t => {
  const COUNT = 100_000
  let count = 0
  let last = ''
  const script = `echo up; trap "seq 1 ${COUNT}; exit 0" TERM; echo up; while :; do sleep 0.05; done`
  const server = daemon('sh', ['-c', script], {
    pipeSize: 1024 * 1024,
    readyWhen: () => count === 1,
    onLine: (line, from) => {
      if (from === 'stderr') return
      count++
      last = line
    },
  })
  await server.ready
  const pid = server.pid!
  const stopped = server.stop()
  // The event loop stands still until the child is gone.
  while (isAlive(pid));
  t.like(await stopped, { ok: true })
  t.is(last, String(COUNT))
  t.is(count, COUNT + 2)
})

test('a descendant that holds the pipes delays a restart by no more than drainTimeout, and is gone after it', async t => {
  let ups = 0
  const server = daemon('sh', ['-c', 'sleep 60 & echo up; exit 1'], {
    onLine: () => void ups++,
    drainTimeout: 20,
    backoff: soon,
    maxRestarts: 2,
  })
  t.like(await server.stopped, { exitCode: 1, drained: false })
  t.is(ups, 3)
  t.is(server.restarts, 2)
  t.is(server.state, 'failed')
  // The last one was followed by no other, so what it left lives on until the daemon is stopped.
  await server.stop()
})

test('bad options are refused at once, by their name', async t => {
  const wrong: readonly [object, RegExp][] = [
    [{ restart: 'sometimes' }, /`restart`/u],
    [{ maxRestarts: -1 }, /`maxRestarts`/u],
    [{ within: Number.NaN }, /`within`/u],
    [{ backoff: { factor: 0 } }, /`backoff.factor`/u],
    [{ onLine: 'log' }, /`onLine`/u],
    [{ readyWhen: 'up' }, /`readyWhen`/u],
    [{ readyWhen: /up/u, stdio: 'ignore' }, /`readyWhen`/u],
    [{ onLine: () => {}, stdout: 'inherit', stderr: { tail: 5 } }, /`onLine`/u],
    [{ timeout: 5 }, /`timeout`/u],
    [{ input: ['a'] }, /`input`/u],
    [{ signal: {} }, /`signal`/u],
    [{ unknown: 1 }, /`unknown`/u],
  ]
  for (const [options, message] of wrong) {
    t.throws(() => daemon('true', [], options as never), { code: 'ERR_INVALID_OPTION', message })
  }
  await using fed = daemon('cat', [], { input: ['a'], restart: 'never' })
  t.like(await fed.stopped, { ok: true })
})

test('it may have a terminal, whose lines are heard, and which holds nobody back when there is no listener', async t => {
  const lines: string[] = []
  await using heard = daemon('sh', ['-c', 'test -t 1 && echo up; exec sleep 60'], {
    terminal: true,
    readyWhen: /^up/u,
    onLine: line => void lines.push(line),
  })
  await heard.ready
  t.deepEqual(lines, ['up'])
  using counter = new Counter()
  await using unheard = daemon(flood, ['--counter', counter.file], { terminal: true })
  await unheard.ready
  await waitFor(() => counter.value > 1 << 20)
})
