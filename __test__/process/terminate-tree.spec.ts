import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { descendantsOf, isAlive } from '../helpers/processes.ts'
import { forker, stubborn } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('nothing of a tree is left when terminate fulfils', async t => {
  const child = await spawn(forker, ['--depth', '3', '--setsid', '--stubborn', 'odd'], { killTimeout: 200 })
  t.is(await child.stdout.lines().read(), 'ready 15')
  const tree = descendantsOf(child.pid).map(({ pid }) => pid)
  t.is(tree.length, 14)
  await child.terminate()
  t.deepEqual([child.pid, ...tree].filter(isAlive), [])
})

test('calls share one end, and one after it is nothing', async t => {
  const child = await spawn('sleep', ['60'])
  const exits = await Promise.all([child.terminate(), child.terminate(), child[Symbol.asyncDispose]()])
  t.like(exits[0], { signal: 'SIGTERM', drained: true })
  t.is((await child.terminate()).signal, 'SIGTERM')
})

test('it also sweeps what a child left behind', async t => {
  const child = await spawn(stubborn, ['--double-fork'], { killTimeout: 100 })
  const pid = Number((await child.stdout.lines().read())?.split(' ')[1])
  t.like(await child.exited, { exitCode: 0 })
  t.true(isAlive(pid))
  await child.terminate()
  t.false(isAlive(pid))
})

test('killTimeout 0 kills at once, another signal may be named', async t => {
  const one = await spawn(stubborn, [])
  await one.stdout.read()
  t.like(await one.terminate({ killTimeout: 0 }), { signal: 'SIGKILL' })
  const other = await spawn('sleep', ['60'])
  t.like(await other.terminate({ killSignal: 'SIGINT' }), { signal: 'SIGINT' })
})
