import test from 'ava'
import { startHousehold } from '../helpers/household.ts'
import { isAlive } from '../helpers/processes.ts'

for (const end of ['by itself', 'by SIGKILL'] as const) {
  test.serial(`what a child left behind lives until Node ends ${end}`, async t => {
    await using household = startHousehold('lingering.ts', { args: ['leftovers'] })
    const left = JSON.parse(await household.node.line()) as number[]
    t.is(left.length, 3)
    t.true(left.every(isAlive))
    if (end === 'by itself') household.node.send('end')
    else household.node.process.kill('SIGKILL')
    await t.notThrowsAsync(household.diesOut(0))
    t.deepEqual(left.filter(isAlive), [])
    t.is((await household.node.exited).code, end === 'by itself' ? 0 : null)
  })
}
