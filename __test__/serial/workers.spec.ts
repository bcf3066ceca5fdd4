import test from 'ava'
import type { Storms } from '../fixtures/worker-storms.ts'
import { startHousehold } from '../helpers/household.ts'
import { isAlive } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** The patience of the children in the fixture, and what a death may take beyond that. */
const GONE_AFTER = 100 + 500

test.serial('main and three workers at once, terminated with everything pending, 30 rounds', async t => {
  await using household = startHousehold('worker-rounds.ts', { args: ['rounds'] })
  const kept = await household.node.message<number>()
  t.true(isAlive(kept))
  // Of all the rounds nothing is left but what the main thread still has: the shepherd, a keeper, its child.
  await waitFor(() => household.members().length === 3, {
    deadline: GONE_AFTER,
    what: () =>
      household
        .members()
        .map(({ commandLine }) => commandLine)
        .join('\n'),
  })
  household.node.process.kill('SIGTERM')
  await t.notThrowsAsync(household.diesOut(0))
  t.is((await household.node.exited).signal, 'SIGTERM')
})

test.serial("worker.terminate() ends that worker's children and no others", async t => {
  await using household = startHousehold('worker-rounds.ts', { args: ['own'] })
  const { mine, theirs, others } = await household.node.message<Record<'mine' | 'theirs' | 'others', number[]>>()
  t.true([...mine, ...theirs, ...others].every(isAlive))
  household.node.send('terminate')
  t.is(await household.node.message(), 'terminated')
  await waitFor(() => !theirs.some(isAlive), { deadline: GONE_AFTER })
  t.true([...mine, ...others].every(isAlive))
  household.node.process.kill('SIGKILL')
  await t.notThrowsAsync(household.diesOut(5000))
})

test.serial(
  'workers that end amid storms of starts, in each way a worker can, leave no child, descriptor or thread',
  async t => {
    await using household = startHousehold('worker-storms.ts', { args: ['6'] })
    const { ends, descriptors, threads } = await household.node.message<Storms>()
    t.deepEqual(ends, ['exit 7', 'terminate 1', 'throw 1', 'thrown in a storm'])
    t.true(descriptors <= 0 && threads <= 0, `${descriptors} descriptors and ${threads} threads more`)
    // Nobody but the shepherd is left, while the process lives.
    await waitFor(() => household.members().length === 1, { deadline: 10_000 })
    household.node.send('end')
    t.like(await household.node.exited, { code: 0 })
  },
)
