import test from 'ava'
import { startScript } from '../helpers/children.ts'

test('a live child keeps the process, an unref’d one does not', async t => {
  await using waiting = startScript(`
    import { spawn } from './index.ts'
    const child = await spawn('sh', ['-c', 'read line'], { stdin: 'pipe' })
    child.exited.then(() => console.log('exited'))
    console.log('ready')
    setImmediate(() => child.kill())
  `)
  t.is(await waiting.line(), 'ready')
  t.is(await waiting.line(), 'exited')
  t.like(await waiting.exited, { code: 0 })

  await using leaving = startScript(`
    import { spawn } from './index.ts'
    const child = await spawn('sleep', ['60'])
    child.unref()
  `)
  t.like(await leaving.exited, { code: 0 })
})

test('a finished child and an import keep nothing', async t => {
  await using finished = startScript(`
    import { run } from './index.ts'
    console.log((await run('echo', ['x'])).stdout)
  `)
  t.is(await finished.line(), 'x')
  t.like(await finished.exited, { code: 0 })
})
