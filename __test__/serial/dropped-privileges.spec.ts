import test from 'ava'
import { startHousehold } from '../helpers/household.ts'

const NOBODY = 65_534

test('after Node has dropped root no child runs as root', async t => {
  if (process.getuid?.() !== 0) {
    t.log('only root has something to drop: nothing was looked at')
    t.pass()
    return
  }
  await using household = startHousehold('dropping-root.ts')
  const all = (...ids: number[]): number[][] => [ids, ids, ids]
  t.deepEqual(await household.node.message(), {
    root: all(0, 0, 0, 0),
    effective: all(0, NOBODY, 0, NOBODY),
    again: all(0, 0, 0, 0),
    dropped: all(NOBODY, NOBODY, NOBODY, NOBODY),
  })
  t.like(await household.node.exited, { code: 0 })
  await t.notThrowsAsync(household.diesOut(0))
})
