import test from 'ava'
import { startHousehold } from '../helpers/household.ts'

for (const [how, code] of [
  ['exit', 9],
  ['nothing alive', 0],
] as const) {
  test.serial(`with ${how} Node ends, its exit code is ${code}`, async t => {
    await using household = startHousehold('ending.ts', { args: [how] })
    t.is(await household.node.line(), 'about to end')
    t.deepEqual(await household.node.exited, { code, signal: null })
    t.is(household.node.stderr, '')
    await t.notThrowsAsync(household.diesOut(100))
  })
}
