import test from 'ava'
import { startHousehold } from '../helpers/household.ts'
import { scaled } from '../helpers/scale.ts'

test('eight workers change the environment that they share with the main thread, and every child gets a whole one', async t => {
  await using household = startHousehold('shared-environment.ts', { args: [String(scaled(400))] })
  t.deepEqual(await household.node.message(), [])
  t.like(await household.node.exited, { code: 0 })
  await t.notThrowsAsync(household.diesOut(0))
})
