import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { isAlive } from '../helpers/processes.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const leaveOne = 'sleep 60 >/dev/null 2>&1 & echo $!'

test("'leave' lets a descendant live", async t => {
  const child = await spawn('sh', ['-c', leaveOne])
  const pid = Number(await child.stdout.text())
  t.like(await child.closed, { ok: true, drained: true })
  t.true(isAlive(pid))
  await child.terminate()
  t.false(isAlive(pid))
})

test("'kill' ends it with the child", async t => {
  const { stdout } = await run('sh', ['-c', leaveOne], { leftovers: 'kill' })
  t.false(isAlive(Number(stdout)))
})
