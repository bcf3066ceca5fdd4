import anyTest from 'ava'
import { run, spawn, type AnySubprocess } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { isAlive } from '../helpers/processes.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('leaving the scope ends the tree', async t => {
  let child: AnySubprocess
  {
    await using scoped = await spawn('sh', ['-c', 'sleep 60; true'])
    child = scoped
    t.true(isAlive(child.pid))
  }
  t.false(isAlive(child.pid))
  t.is(child.exit?.signal, 'SIGTERM')
})

test('it is nothing after an end', async t => {
  const child = await spawn('true')
  await child.closed
  await child[Symbol.asyncDispose]()
  t.true(child.exit?.ok)
})
