import test from 'ava'
import { startHousehold } from '../helpers/household.ts'

test('10,000 runs at once all run with 1,024 descriptors', async t => {
  await using household = startHousehold('many-runs.ts', {
    args: ['10000'],
    line: 'ulimit -n 1024; exec "$0" "$@"',
  })
  t.deepEqual(await household.node.message(), { codes: { 'exit 0': 10_000 }, code: 0, more: 0 })
  t.like(await household.node.exited, { code: 0 })
  await t.notThrowsAsync(household.diesOut(0))
})
