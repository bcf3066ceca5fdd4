import anyTest from 'ava'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { run } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { packageRoot, probe, type Probe } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

async function probed(options: object): Promise<Probe> {
  return JSON.parse((await run(probe, [], options)).stdout) as Probe
}

test('the environment is ours with the changes', async t => {
  process.env['SLUICE_GONE'] = 'here'
  process.env['SLUICE_KEPT'] = 'ü'
  const { env } = await probed({ env: { SLUICE_NEW: 'a=b', SLUICE_GONE: undefined, SLUICE_EMPTY: '' } })
  t.like(env, { SLUICE_NEW: 'a=b', SLUICE_KEPT: 'ü', SLUICE_EMPTY: '', PATH: process.env['PATH'] })
  t.false('SLUICE_GONE' in env)
})

test('extendEnv false is exactly what was given', async t => {
  t.deepEqual((await probed({ extendEnv: false, env: { A: '1' } })).env, { A: '1' })
  t.deepEqual((await probed({ extendEnv: false })).env, {})
})

test('cwd may be relative to ours, and argv0 another', async t => {
  t.is((await probed({ cwd: '__test__/helpers' })).cwd, `${process.cwd()}/__test__/helpers`)
  t.is((await probed({ cwd: new URL('file:///usr') })).cwd, '/usr')
  t.is((await probed({ argv0: 'other' })).argv[0], 'other')
})

test('a worker passes its own environment', async t => {
  const source = `
    const { parentPort } = require('node:worker_threads')
    import('@oxc-node/core/register')
      .then(() => import(${JSON.stringify(pathToFileURL(`${packageRoot}/index.ts`))}))
      .then(({ run }) => run('sh', ['-c', 'echo $SLUICE_OWN $SLUICE_MAIN']))
      .then(({ stdout }) => parentPort.postMessage(stdout))
  `
  process.env['SLUICE_MAIN'] = 'main'
  const worker = new Worker(source, {
    eval: true,
    env: { PATH: process.env['PATH'], SLUICE_OWN: 'own' } as NodeJS.Dict<string>,
  })
  const [message] = (await once(worker, 'message')) as [string]
  await once(worker, 'exit')
  t.is(message, 'own')
})
