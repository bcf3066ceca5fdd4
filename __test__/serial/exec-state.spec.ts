// What a program finds when it starts: nothing of Node's own state.
import anyTest from 'ava'
import { run, type RunOptions } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { startHousehold } from '../helpers/household.ts'
import { processInfo } from '../helpers/processes.ts'
import { probe, type Probe } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const NO_SIGNALS = '0000000000000000'

test('no signal blocked or ignored, three blocking descriptors, a group of its own', async t => {
  // Node is born with ignored signals, a descriptor that is not close-on-exec, and another umask.
  const line = `trap '' INT TERM USR1 PIPE CHLD; umask 027; exec 9</dev/null 8>&2; exec "$0" "$@"`
  await using household = startHousehold('probes.ts', { line })
  const found = await household.node.message<Record<string, Probe>>()
  t.deepEqual(Object.keys(found), ['tree', 'group', 'none', 'detached', 'input'])
  for (const [how, child] of Object.entries(found)) {
    t.is(child.SigBlk, NO_SIGNALS, how)
    t.is(child.SigIgn, NO_SIGNALS, how)
    t.deepEqual(Object.keys(child.fds), ['0', '1', '2'], how)
    t.deepEqual(child.nonBlocking, [false, false, false], how)
    t.is(child.pgid, child.pid, how)
    t.is(child.umask, 0o027, how)
    t.is(child.sid === child.pid, how === 'detached', how)
  }
  t.like(await household.node.exited, { code: 0 })
  await t.notThrowsAsync(household.diesOut(0))
})

test("a session of Node's own goes on unless it is detached", async t => {
  const mine = processInfo(process.pid)?.sid
  for (const containment of ['tree', 'group', 'none'] as const) {
    const { stdout } = await run(probe, [], { containment } satisfies RunOptions)
    t.is((JSON.parse(stdout) as Probe).sid, mine ?? 0)
  }
})
