import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { isAlive } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'

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

test('a descendant that has the stdin of a closed child keeps our end open no longer than it lives', async t => {
  const script = 'exec 3<&0; (read line <&3) >/dev/null 2>&1 & echo $!'
  const child = await spawn('sh', ['-c', script], { stdin: 'pipe' })
  const pid = Number(await child.stdout.text())
  await child.closed
  t.false(child.stdin.isClosed)
  await child.stdin.write('line\n')
  await waitFor(() => child.stdin.isClosed)
  t.false(isAlive(pid))
  await t.throwsAsync(child.stdin.write('late'), { code: 'EPIPE' })
})

test("'kill' ends it with the child", async t => {
  const { stdout } = await run('sh', ['-c', leaveOne], { leftovers: 'kill' })
  t.false(isAlive(Number(stdout)))
})
