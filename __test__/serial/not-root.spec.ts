import test from 'ava'
import { startHousehold } from '../helpers/household.ts'
import { rootOnly } from '../helpers/root.ts'

const row = rootOnly(test)

row('without root another user is refused, and so is what only root may raise', async t => {
  await using household = startHousehold('not-root.ts', { line: 'ulimit -n 4096; exec "$0" "$@"' })
  const refused = (code: string, step: string): string[] => ['SpawnError', code, step]
  const expected = {
    root: refused('EPERM', 'uid'),
    group: refused('EPERM', 'gid'),
    same: refused('EPERM', 'uid'),
    nicer: refused('EACCES', 'nice'),
    more: refused('EPERM', 'rlimits.nofile'),
    after: true,
  }
  t.deepEqual(await household.node.message(), { tree: expected, group: expected, none: expected })
  t.like(await household.node.exited, { code: 0 })
  await t.notThrowsAsync(household.diesOut(0))
})
