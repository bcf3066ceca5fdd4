import test, { type ExecutionContext } from 'ava'
import { startHousehold } from '../helpers/household.ts'
import { waitFor } from '../helpers/wait-for.ts'

const KILL_TIMEOUT = 300
const STOPPED = 10

async function diesWithItsFamily(
  t: ExecutionContext,
  death: string,
  execArgv: readonly string[] = [],
): Promise<{ code: number | null; signal: string | null }> {
  await using household = startHousehold('family.ts', { execArgv })
  t.deepEqual(await household.node.message(), { children: 50 })
  await waitFor(() => household.members().filter(({ state }) => state === 'T').length === STOPPED)
  // 50 children of which 5 have a second process for their session, 10 a member of their group, and 5 exited at once; besides
  // the shepherd and the 30 keepers.
  t.true(household.members().length >= 50 + 5 + 10 + 1 + 30)
  if (death === 'SIGKILL') household.node.process.kill('SIGKILL')
  else household.node.send(death)
  await t.notThrowsAsync(household.diesOut(KILL_TIMEOUT))
  return await household.node.exited
}

test.serial('SIGKILL', async t => {
  t.is((await diesWithItsFamily(t, 'SIGKILL')).signal, 'SIGKILL')
})

test.serial('process.exit keeps its code', async t => {
  t.is((await diesWithItsFamily(t, 'exit')).code, 7)
})

test.serial('an uncaught exception', async t => {
  t.is((await diesWithItsFamily(t, 'throw')).code, 1)
})

test.serial('abort', async t => {
  t.is((await diesWithItsFamily(t, 'abort')).signal, 'SIGABRT')
})

test.serial('heap exhaustion', async t => {
  t.is((await diesWithItsFamily(t, 'heap', ['--max-old-space-size=30'])).signal, 'SIGABRT')
})
