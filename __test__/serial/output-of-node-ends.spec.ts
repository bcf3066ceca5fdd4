import test from 'ava'
import { startHousehold } from '../helpers/household.ts'
import { isAlive, processInfo } from '../helpers/processes.ts'

test('`node app | cat` ends with Node while its children still live', async t => {
  await using household = startHousehold('lingering.ts', { args: ['pipe'], line: '"$0" "$@" | cat' })
  const children = JSON.parse(await household.node.line()) as number[]
  const [node] = household.named(process.execPath)
  const [guard] = household.named('sluicegate-shepherd resident').filter(({ name }) => name !== 'sluice-keeper')
  t.is(guard?.ppid, node?.pid)
  process.kill(node?.pid ?? 0, 'SIGKILL')
  // The shell ends after `cat`, and `cat` when nobody holds the pipe any more.
  t.like(await household.node.exited, { code: 0 })
  t.true(children.every(isAlive))
  t.is(processInfo(guard?.pid ?? 0)?.name, 'sluice-shepherd')
})
