// The end of Node, of a worker, or of descriptors, with children on terminals.
import test from 'ava'
import { startHousehold } from '../helpers/household.ts'
import { isAlive } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'

const KILL_TIMEOUT = 300

test.serial('SIGKILL of Node leaves none of them, stubborn ones and jobs of shells neither', async t => {
  await using household = startHousehold('terminals.ts')
  const { mine, theirs } = await household.node.message<Record<'mine' | 'theirs', number[]>>()
  t.true([...mine, ...theirs].every(isAlive))
  household.node.process.kill('SIGKILL')
  await t.notThrowsAsync(household.diesOut(KILL_TIMEOUT))
})

test.serial('without descriptors for one a terminal is one rejection, and costs none', async t => {
  await using household = startHousehold('scarce-terminals.ts', { line: 'ulimit -n 128; exec "$0" "$@"' })
  const { outcomes, left } = await household.node.message<{ outcomes: string[]; left: number }>()
  t.true(left <= 0, `${left}`)
  const enough = outcomes.indexOf('24 80')
  t.true(enough > 0, outcomes.join())
  t.deepEqual([...new Set(outcomes.slice(0, enough))], ['EMFILE'])
  t.deepEqual([...new Set(outcomes.slice(enough))], ['24 80'])
  t.is((await household.node.exited).code, 0)
})

test.serial("worker.terminate() ends and hangs up that worker's terminals, and no others", async t => {
  await using household = startHousehold('terminals.ts')
  const { mine, theirs } = await household.node.message<Record<'mine' | 'theirs', number[]>>()
  household.node.send('terminate')
  t.is(await household.node.message(), 'terminated')
  await waitFor(() => !theirs.some(isAlive), { deadline: 4 * KILL_TIMEOUT + 2000 })
  t.true(mine.every(isAlive))
  await waitFor(async () => {
    household.node.send('count')
    return (await household.node.message()) === 0
  })
  household.node.process.kill('SIGKILL')
  await t.notThrowsAsync(household.diesOut(KILL_TIMEOUT))
})
