import anyTest from 'ava'
import { release } from 'node:os'
import type { FewPids } from '../fixtures/few-pids.ts'
import { startHousehold } from '../helpers/household.ts'
import { rootOnly } from '../helpers/root.ts'

/** As few as the kernel allows, and some: those below 300 are given out once only. */
const PIDS = 400

/** Before Linux 6.14 there is one bound for the whole machine, which is not ours to lower. */
const [major = 0, minor = 0] = release().split('.').map(Number)
const isBoundPerNamespace = process.platform === 'linux' && (major > 6 || (major === 6 && minor >= 14))
const test = isBoundPerNamespace
  ? rootOnly(anyTest)
  : (title: string) => anyTest.skip(`${title} (needs Linux 6.14)`, t => t.pass())

test('where process ids come round quickly, no signal reaches a stranger that has the number of a child', async t => {
  t.timeout(120_000)
  const begin = `echo ${PIDS} > /proc/sys/kernel/pid_max && { "$0" "$@"; exit $?; }`
  const line = `exec unshare --pid --fork --kill-child --mount-proc sh -c '${begin}' "$0" "$@"`
  await using household = startHousehold('few-pids.ts', { line, args: ['600'] })
  const { reused, outcomes, strangers } = await household.node.message<FewPids>()
  t.log(outcomes, { reused }, strangers)
  t.true(reused > 100, `${reused}`)
  t.deepEqual(
    Object.keys(outcomes).filter(outcome => !['ended', 'killed', 'not started'].includes(outcome)),
    [],
  )
  t.true((outcomes['ended'] ?? 0) > 0 && (outcomes['killed'] ?? 0) > 0)
  for (const words of strangers) t.regex(words, /^[1-9]\d* lived\n$/u)
  t.like(await household.node.exited, { code: 0 })
  await t.notThrowsAsync(household.diesOut(0))
})
