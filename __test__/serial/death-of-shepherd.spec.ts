import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { shepherds, withCensus } from '../helpers/census.ts'
import { descendantsOf, isAlive, ownDescriptors } from '../helpers/processes.ts'
import { stubborn } from '../helpers/programs.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

function theShepherd(): number {
  const pid = shepherds()[0]?.pid
  if (pid === undefined) throw new Error('there is no shepherd')
  return pid
}

function ownPipes(): number {
  return [...ownDescriptors().values()].filter(link => link.startsWith('pipe:')).length
}

for (const containment of ['tree', 'group'] as const) {
  test(`'${containment}': its children die, what was pending settles, the next spawn works`, async t => {
    const options = { containment, killTimeout: 200, stdin: 'pipe' } as const
    const shepherd = theShepherd()
    const children = await Promise.all([
      spawn('sleep', ['600'], options),
      spawn(stubborn, [], options),
      spawn('sh', ['-c', '"$0" & wait', stubborn], options),
    ])
    await Promise.all(children.slice(1).map(async child => await child.stdout.read()))
    const alive = children.flatMap(({ pid }) => [pid, ...descendantsOf(pid).map(info => info.pid)])
    t.is(alive.length, 4)
    // Stopped, it leaves a spawn unanswered; killed, it takes that along, if it was sent: of its status pipe Node has one end then.
    process.kill(shepherd, 'SIGSTOP')
    const pipes = ownPipes()
    const quiet = { containment, stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' } as const
    const pending = t.throwsAsync(spawn('sleep', ['600'], quiet), { code: 'ERR_SHEPHERD_LOST' })
    await waitFor(() => ownPipes() === pipes + 1, { what: 'a spawn on its way' })
    const [idle] = children
    const reading = idle.stdout.read().catch((error: unknown) => error)
    const writing = idle.stdin.write(new Uint8Array(1 << 20)).then(
      () => 'written',
      () => 'rejected',
    )
    process.kill(shepherd, 'SIGKILL')
    await pending
    const exits = await Promise.all(children.map(async child => await child.closed))
    // The last of them lets go of the pipes a moment before it is dead.
    await waitFor(() => !alive.some(isAlive), { what: () => `the end of ${alive.filter(isAlive).join(', ')}` })
    t.true(exits.every(exit => !exit.ok && (containment === 'group' ? exit.lost : exit.signal !== null)))
    t.is(await writing, 'rejected')
    t.like(await reading, { code: 'ERR_SHEPHERD_LOST' })
    t.is((await run('echo', ['next'], { containment })).stdout, 'next')
    t.not(theShepherd(), shepherd)
  })
}

test('spawns that wait for a stopped one end in time and leave nothing', async t => {
  const shepherd = theShepherd()
  process.kill(shepherd, 'SIGSTOP')
  const abort = new AbortController()
  const started = performance.now()
  const late = spawn('sleep', ['600'], { timeout: 100 })
  const unwanted = spawn('sleep', ['600'], { signal: abort.signal })
  const lateRun = run('sleep', ['600'], { timeout: 100, containment: 'group' })
  abort.abort()
  await t.throwsAsync(unwanted, { code: 'ABORT_ERR' })
  await t.throwsAsync(late, { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(lateRun)
  t.true(performance.now() - started < 2000)
  process.kill(shepherd, 'SIGCONT')
  t.is((await run('echo', ['on'])).stdout, 'on')
  t.is(theShepherd(), shepherd)
})

test('a child whose shepherd is stopped ends in time as soon as that goes on', async t => {
  const child = await spawn('sleep', ['600'], { containment: 'group', timeout: 100 })
  const shepherd = theShepherd()
  process.kill(shepherd, 'SIGSTOP')
  const closing = child.closed
  await waitFor(() => child.metrics().uptimeMs > 200)
  process.kill(shepherd, 'SIGCONT')
  t.like(await closing, { timedOut: true, signal: 'SIGTERM' })
})

test('a child that is given up while its shepherd is stopped leaves nothing as soon as that goes on', async t => {
  const child = await spawn('sleep', ['600'], { containment: 'group', killTimeout: 100 })
  const shepherd = theShepherd()
  process.kill(shepherd, 'SIGSTOP')
  t.like(await child.terminate(), { lost: true })
  process.kill(shepherd, 'SIGCONT')
  t.like(await child.closed, { lost: true })
  await waitFor(() => !isAlive(child.pid))
})
