import { spawn as nodeSpawn } from 'node:child_process'
import { once } from 'node:events'
import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const COUNT = 500
const test = withCensus(anyTest, {
  warmUp: async () => {
    await run('true')
    await once(nodeSpawn('true'), 'close')
  },
})

/** Its own number, so that an exit that went to the wrong side shows. */
const exitWith = (code: number): string[] => ['-c', `exit ${code % 200}`]

test('500 of ours and 500 of child_process: each side gets every exit', async t => {
  const exits = await Promise.all(
    Array.from({ length: COUNT }, async (_, at) => {
      const child = nodeSpawn('sh', exitWith(at), { stdio: 'ignore' })
      const theirs = once(child, 'exit').then(([code]) => code as number)
      const ours = spawn('sh', exitWith(at + 1), { containment: at % 2 === 0 ? 'tree' : 'group' })
      return [await theirs, (await (await ours).closed).exitCode] as const
    }),
  )
  t.deepEqual(
    exits,
    exits.map((_, at) => [at % 200, (at + 1) % 200] as const),
  )
})
