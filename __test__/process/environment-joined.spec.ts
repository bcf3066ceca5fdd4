import { Worker } from 'node:worker_threads'
import test from 'ava'
import { isEnvironmentOurs } from '../../src/process/environment-owner.ts'
import { joinVariables } from '../../src/process/environment-variables.ts'

test('on the thread that owns the environment only changes are sent', t => {
  t.deepEqual(joinVariables(undefined, true, true), { env: '', unset: '', inheritEnv: true })
  t.deepEqual(joinVariables({ A: '1', B: undefined, C: '' }, true, true), {
    env: 'A=1\0C=\0',
    unset: 'B\0',
    inheritEnv: true,
  })
})

test('extendEnv false is exact, on any thread', t => {
  for (const owns of [true, false]) {
    t.deepEqual(joinVariables({ A: '1', B: undefined }, false, owns), { env: 'A=1\0', unset: '', inheritEnv: false })
    t.deepEqual(joinVariables(undefined, false, owns), { env: '', unset: '', inheritEnv: false })
  }
})

test('a worker sends its own environment whole, with the changes', t => {
  const joined = joinVariables({ PATH: undefined, SLUICE_X: 'y' }, true, false)
  const names = joined.env.split('\0').map(pair => pair.split('=')[0])
  t.false(joined.inheritEnv)
  t.true(names.includes('SLUICE_X'))
  t.false(names.includes('PATH'))
  t.is(joined.unset, '')
})

test('a hundred variables are joined in no time', t => {
  const variables = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`NAME_${at}`, `value ${at}`]))
  const times = Array.from({ length: 200 }, () => {
    const before = performance.now()
    joinVariables(variables, true, true)
    return performance.now() - before
  }).sort((a, b) => a - b)
  t.true((times[100] as number) < 0.05, `median ${times[100]} ms`)
})

test('once there is a worker, which may share the environment, it is not read natively any more', async t => {
  t.true(isEnvironmentOurs())
  t.true(joinVariables(undefined, true).inheritEnv)
  const worker = new Worker('', { eval: true })
  t.false(isEnvironmentOurs())
  t.false(joinVariables(undefined, true).inheritEnv)
  await worker.terminate()
})
