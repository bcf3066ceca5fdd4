import test from 'ava'
import { startHousehold } from '../helpers/household.ts'

test('a panic of the I/O thread settles everything that was parked', async t => {
  await using household = startHousehold('broken-reactor.ts')
  const outcome = await household.node.message()
  if (outcome === 'no fault') {
    t.log('the addon was built without SLUICEGATE_FEATURES=faults: nothing was looked at')
    t.pass()
    return
  }
  t.deepEqual(outcome, {
    read: 'EIO',
    line: 'EIO',
    ahead: 'EIO',
    write: 'EIO',
    spawn: 'EIO',
    exited: 'fulfilled: true',
    closed: 'fulfilled: true',
    shared: 'EIO',
    append: 'fulfilled: "EIO"',
    afterwards: 'EIO',
    idleAppend: 'EIO',
    idleReplay: 'EIO',
    closes: 'fulfilled: [null,null]',
    'receive afterwards': 'EIO',
  })
  t.like(await household.node.exited, { code: 0 })
  await t.notThrowsAsync(household.diesOut(100))
})
