// Those whom the guards can't kill: the promise settles all the same, other children are not held up, and nothing of ours is left.

import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { Freezer, hasFreezer } from '../helpers/freezer.ts'
import { startHousehold } from '../helpers/household.ts'
import { isAlive } from '../helpers/processes.ts'
import { rootOnly } from '../helpers/root.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true'), deadline: 10_000 })
const row = rootOnly(anyTest, test)
const frozenRow: typeof row = hasFreezer() ? row : (title, body) => anyTest.skip(`${title} (needs a freezer)`, body)

for (const containment of ['tree', 'group', 'none'] as const) {
  frozenRow(`'${containment}': terminate settles although SIGKILL does nothing, and holds nobody up`, async t => {
    await using freezer = new Freezer()
    const child = await spawn('sleep', ['600'], { containment, killTimeout: 100 })
    await freezer.freeze(child.pid)
    const terminated = child.terminate()
    // Two seconds after SIGKILL it is given up.
    t.true((await run('true', [], { containment })).ok)
    t.like(await terminated, { ok: false, exitCode: null, signal: null, lost: true })
    t.like(await child.closed, { lost: true })
    t.true(isAlive(child.pid))
    await freezer.thaw()
    await waitFor(() => !isAlive(child.pid))
  })
}

// `sudo` and `su` do what this does: the process becomes somebody whom a guard of the user can't signal.
row('a program that became another user outlives Node that is not root: a limit, and terminate settles', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-setuid-'))
  const setuid = path.join(folder, 'setpriv')
  copyFileSync('/usr/bin/setpriv', setuid)
  chmodSync(folder, 0o755)
  chmodSync(setuid, 0o4755)
  try {
    await using household = startHousehold('setuid-child.ts', { args: [setuid] })
    const { ended, left } = (await household.node.message()) as { ended: unknown; left: number }
    t.like(ended, { ok: false, lost: true })
    t.true(isAlive(left))
    process.kill(household.node.pid, 'SIGKILL')
    await waitFor(() => !isAlive(household.node.pid))
    // Whatever the guards try in vain, they end.
    await waitFor(() => household.named('sluicegate-shepherd').length === 0, { deadline: 20_000 })
    t.true(household.named('sleep').length >= 1)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
