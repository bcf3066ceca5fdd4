// The terminal that Node itself runs on goes away.
import anyTest from 'ava'
import path from 'node:path'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { isAlive } from '../helpers/processes.ts'
import { packageRoot } from '../helpers/programs.ts'
import { Screen } from '../helpers/screen.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true'), deadline: 10_000 })

test('a hang-up of its terminal ends Node, and none of its children is left, which ignore that signal', async t => {
  const fixture = path.join(packageRoot, '__test__/fixtures/lingering.ts')
  // In a group, so that it is not this process's guard that finds what is left of its children.
  const node = await spawn(process.execPath, ['--import=@oxc-node/core/register', fixture, 'hang-up'], {
    terminal: true,
    containment: 'group',
    cwd: packageRoot,
  })
  const [, text = ''] = await new Screen(node).shows(/\[(\d+,\d+)\]/u)
  const pids = text.split(',').map(Number)
  t.true(pids.every(isAlive))
  await node.stdout.cancel()
  t.is((await node.closed).signal, 'SIGHUP')
  await waitFor(() => !pids.some(isAlive), { deadline: 4 * 300 })
})
