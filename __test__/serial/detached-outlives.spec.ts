import test from 'ava'
import { startHousehold } from '../helpers/household.ts'
import { isAlive, processInfo } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'

for (const end of ['SIGTERM', 'SIGKILL'] as const) {
  test.serial(`a detached child lives on after ${end} to Node, and nothing else does`, async t => {
    await using household = startHousehold('lingering.ts', { args: ['detached'] })
    const [forked = 0, pid = 0] = JSON.parse(await household.node.line()) as number[]
    t.like(processInfo(pid), { sid: pid, pgid: pid })
    t.notRegex(processInfo(processInfo(forked)?.ppid ?? 0)?.commandLine ?? '', /^sluicegate-shepherd/u)
    const guards = household.named('sluicegate-shepherd').map(info => info.pid)
    t.true(guards.length > 0)
    household.node.process.kill(end)
    await waitFor(() => !isAlive(household.node.pid))
    await waitFor(() => !guards.some(isAlive))
    t.deepEqual(
      household
        .members()
        .map(info => info.pid)
        .sort((a, b) => a - b),
      [forked, pid].sort((a, b) => a - b),
    )
    t.notRegex(processInfo(processInfo(pid)?.ppid ?? 0)?.commandLine ?? '', /^sluicegate-shepherd/u)
    for (const survivor of [forked, pid]) process.kill(survivor, 'SIGKILL')
    await t.notThrowsAsync(household.diesOut(0))
  })
}
