// The end of a child on a terminal: nothing of its session is left, whoever ended it, and a terminal that nobody reads is hung up.
import anyTest from 'ava'
import { run, spawn, stream } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { isAlive, processInfo } from '../helpers/processes.ts'
import { stubborn } from '../helpers/programs.ts'
import { Screen } from '../helpers/screen.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

for (const containment of ['tree', 'group'] as const) {
  test(`terminate ends it, and what its output had not told before is cut: ${containment}`, async t => {
    const child = await spawn('sh', ['-c', 'sleep 600 | cat; echo never'], { terminal: true, containment })
    const exit = await child.terminate()
    t.like(exit, { signal: 'SIGTERM', drained: true })
    await t.throwsAsync(child.stdout.text(), { code: 'ERR_PROCESS_FAILED' })
    t.false(child.killTree())
  })

  test(`a timeout and an abort do too: ${containment}`, async t => {
    const late = await t.throwsAsync(
      run('sh', ['-c', 'echo before; sleep 600'], { terminal: true, containment, timeout: 1500 }),
      { code: 'ERR_TIMEOUT' },
    )
    t.like(late, { timedOut: true, stdout: 'before' })
    const control = new AbortController()
    const child = await spawn('cat', [], { terminal: true, containment, signal: control.signal })
    control.abort()
    t.like(await child.closed, { isCanceled: true })
  })

  test(`canceling the output hangs the terminal up: ${containment}`, async t => {
    const child = await spawn('sh', ['-c', 'trap "exit 7" HUP; echo ready; while :; do sleep 0.05; done'], {
      terminal: true,
      containment,
    })
    const screen = new Screen(child)
    await screen.shows('ready')
    await child.stdout.cancel()
    t.like(await child.closed, { exitCode: 7 })
    t.true(child.stdin.isClosed)
    await t.throwsAsync(child.stdin.write('x'), { code: 'EPIPE' })
    await t.notThrowsAsync(child.stdin.end())
  })

  test(`an interactive shell ignores SIGTERM, but not SIGHUP and not SIGKILL: ${containment}`, async t => {
    const start = async () => {
      const child = await spawn('bash', ['--norc', '-i'], { terminal: true, containment, env: { PS1: 'ready> ' } })
      await new Screen(child).shows('ready> ')
      return child
    }
    const deaf = await start()
    t.like(await deaf.terminate({ killTimeout: 100 }), { signal: 'SIGKILL' })
    await deaf.stdout.cancel()
    const polite = await start()
    // bash looks for signals before it waits for a key and while it does; one that comes in between has to wait for a key.
    await waitFor(() => processInfo(polite.pid)?.state === 'S')
    t.like(await polite.terminate({ killSignal: 'SIGHUP', killTimeout: 60_000 }), { signal: 'SIGHUP' })
    await polite.stdout.cancel()
  })
}

test('killTree reaches jobs of a shell, which lead groups of their own', async t => {
  const child = await spawn('bash', ['--norc', '-i'], { terminal: true, env: { PS1: 'ready> ' } })
  const screen = new Screen(child)
  await screen.shows('ready> ')
  await screen.type('sleep 600 & echo "job=$!"\n')
  const [, job = ''] = await screen.shows(/job=(\d+)/u)
  t.true(isAlive(Number(job)))
  t.true(child.killTree('SIGKILL'))
  t.like(await child.closed, { signal: 'SIGKILL' })
  await waitFor(() => !isAlive(Number(job)))
  await child.stdout.cancel()
})

test('what leaves the session is found too, and ignores the hang-up', async t => {
  const child = await spawn('sh', ['-c', `${stubborn} --setsid; echo up; wait; read x`], {
    terminal: true,
    killTimeout: 100,
  })
  const screen = new Screen(child)
  const [, pid = ''] = await screen.shows(/ready (\d+)/u)
  t.true(isAlive(Number(pid)))
  await child.terminate()
  t.false(isAlive(Number(pid)))
})

test('leftovers are killed if that was asked, and keep the terminal if not', async t => {
  const script = 'trap "" HUP; sleep 600 & echo "$!"'
  const killed = await run('sh', ['-c', script], { terminal: true, leftovers: 'kill' })
  await waitFor(() => !isAlive(Number(killed.stdout)))
  const child = await spawn('sh', ['-c', script], { terminal: true, drainTimeout: 0 })
  t.like(await child.closed, { exitCode: 0, drained: false })
  const job = Number(new TextDecoder().decode((await child.stdout.read()) ?? undefined))
  t.true(isAlive(job))
  await child.stdin.write('typed')
  t.is(new TextDecoder().decode(await child.stdout.readExactly(5)), 'typed')
  await child.terminate()
  t.false(isAlive(job))
  await waitFor(() => child.stdin.isClosed)
  t.is(await child.stdout.text(), '')
})

test('the handle ends it when it is disposed of, and so does leaving a stream', async t => {
  let pid = 0
  {
    await using child = await spawn('cat', [], { terminal: true })
    pid = child.pid
  }
  t.false(isAlive(pid))
  for await (const line of stream('sh', ['-c', 'echo $$; sleep 600'], { terminal: true }).lines()) {
    pid = Number(line)
    break
  }
  t.true(pid > 0)
  await waitFor(() => !isAlive(pid))
})

test('a program that is not there leaves no terminal', async t => {
  await t.throwsAsync(spawn('/no/such/program', [], { terminal: true }), { code: 'ENOENT' })
  await t.throwsAsync(run('true', { terminal: true, cwd: '/no/such/folder' }), { code: 'ENOENT' })
})

test('its ends are not given to other children', async t => {
  const child = await spawn('cat', [], { terminal: true })
  await t.throwsAsync(spawn('cat', [], { stdin: child.stdout }), { code: 'ERR_INVALID_OPTION', message: /`stdin`/u })
  await t.throwsAsync(spawn('cat', [], { stdout: child.stdin }), { code: 'ERR_INVALID_OPTION', message: /`stdout`/u })
  await child.stdin.end()
  await child.success()
})
