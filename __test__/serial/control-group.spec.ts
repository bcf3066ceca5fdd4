import anyTest from 'ava'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { ControlGroup } from '../helpers/control-group.ts'
import { startHousehold } from '../helpers/household.ts'
import { isAlive, processInfo } from '../helpers/processes.ts'
import { rootOnly } from '../helpers/root.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = rootOnly(anyTest, withCensus(anyTest, { warmUp: async () => await run('true') }))
const serial = rootOnly(anyTest)

test('a child begins in a group of its own, which is gone with it', async t => {
  using group = new ControlGroup()
  const child = await spawn('sh', ['-c', 'cat /proc/$$/cgroup; read line'], { cgroup: group.path, stdin: 'pipe' })
  t.is(child.containment, 'cgroup')
  const [leaf = ''] = group.leaves()
  t.is(group.leaves().length, 1)
  t.true(group.members(leaf).includes(child.pid))
  await child.stdin.end('\n')
  t.true((await child.stdout.text()).trim().endsWith(`/${leaf}`))
  await child.success()
  await waitFor(() => group.leaves().length === 0, { deadline: 8000, what: 'the end of the leaf' })
})

test('everything in it ends, what ignores signals and left group, session and parent too', async t => {
  using group = new ControlGroup()
  const daemon = 'trap "" TERM; echo ready; while :; do sleep 1; done'
  const child = await spawn('sh', ['-c', `(setsid sh -c '${daemon}' &); exec sleep 600`], {
    cgroup: group.path,
    killTimeout: 50,
  })
  t.is(await child.stdout.lines().read(), 'ready')
  const [leaf = ''] = group.leaves()
  const members = group.members(leaf)
  t.true(members.length >= 2)
  await child.terminate()
  t.deepEqual(group.leaves(), [])
  t.deepEqual(
    members.filter(pid => isAlive(pid)),
    [],
  )
})

test('a crowd ends at once, and groups that the child made go with its own', async t => {
  using group = new ControlGroup()
  const script = `
    own=$(sed -n 's,^0::.*/,,p' /proc/self/cgroup)
    mkdir -p "$0/$own/deep/er"
    i=0
    while [ $i -lt 200 ]; do (setsid sleep 600 &); i=$((i+1)); done
    echo ready
    exec sleep 600`
  const child = await spawn('sh', ['-c', script, group.path], { cgroup: group.path, killTimeout: 0 })
  t.is(await child.stdout.lines().read(), 'ready')
  const [leaf = ''] = group.leaves()
  t.is(group.members(leaf).length, 201)
  await child.terminate()
  t.deepEqual(group.leaves(), [])
})

test('descendants that are left alone keep the group, and are ended with it', async t => {
  using group = new ControlGroup()
  const child = await spawn('sh', ['-c', 'setsid sleep 600 >&- 2>&- & exit 0'], { cgroup: group.path })
  await child.closed
  t.is(group.leaves().length, 1)
  await child.terminate()
  t.deepEqual(group.leaves(), [])
})

test('a start that fails leaves no group', async t => {
  using group = new ControlGroup()
  await t.throwsAsync(spawn('no-such-program', [], { cgroup: group.path }), { code: 'ENOENT' })
  await t.throwsAsync(spawn('true', [], { cgroup: group.path, cwd: '/no/such' }), { code: 'ENOENT' })
  t.deepEqual(group.leaves(), [])
  t.true((await run('true', [], { cgroup: group.path, uid: 65_534, gid: 65_534, extraFds: ['ignore'] })).ok)
})

test('what can not be had is ERR_CONTAINMENT with the reason', async t => {
  using group = new ControlGroup()
  using readOnly = group.readOnly()
  const plain = mkdtempSync(path.join(tmpdir(), 'sluicegate-plain-'))
  const refused = async (options: object, reason: RegExp): Promise<void> => {
    await t.throwsAsync(run('true', [], options), { code: 'ERR_CONTAINMENT', message: reason })
  }
  await refused({ cgroup: plain }, /no control group of version 2 .*ENOTSUP/u)
  await refused({ cgroup: path.join(plain, 'none') }, /no control group of version 2 .*ENOENT/u)
  await refused({ cgroup: readOnly.path }, /read-only or not delegated.*EROFS/u)
  const before = process.env['SLUICEGATE_CGROUP']
  process.env['SLUICEGATE_CGROUP'] = group.path
  try {
    // The machines these run on have their controllers in the first version, or hand them down.
    for (const limits of [{ memoryMax: 2 ** 30 }, { pidsMax: 100 }, { cpuMax: { quota: 50_000, period: 100_000 } }]) {
      const outcome = await run('true', [], { cgroup: limits }).then(
        () => 'limited',
        (error: NodeJS.ErrnoException) =>
          /controller is not to be had/u.test(error.message) ? error.code : error.message,
      )
      t.true(['limited', 'ERR_CONTAINMENT'].includes(outcome ?? ''), outcome)
    }
    t.true((await run('true', [], { containment: 'cgroup' })).ok)
  } finally {
    if (before === undefined) delete process.env['SLUICEGATE_CGROUP']
    else process.env['SLUICEGATE_CGROUP'] = before
  }
  t.deepEqual(group.leaves(), [])
  rmdirSync(plain)
})

serial('the death of Node ends the group', async t => {
  using group = new ControlGroup()
  await using household = startHousehold('caged.ts', { args: ['stay', group.path] })
  await household.node.message()
  process.kill(household.node.pid, 'SIGKILL')
  await household.node.exited
  await t.notThrowsAsync(household.diesOut(8000))
  t.deepEqual(group.leaves(), [])
})

serial('what outlived the death of Node and all guards at once is ended by the next start there', async t => {
  using group = new ControlGroup()
  await using household = startHousehold('caged.ts', { args: ['stay', group.path] })
  const { daemon, child } = await household.node.message<{ daemon: number; child: number }>()
  const keeper = processInfo(child)?.ppid ?? 0
  const shepherd = processInfo(keeper)?.ppid ?? 0
  t.true(keeper > 1 && shepherd > 1)
  for (const pid of [household.node.pid, shepherd, keeper]) process.kill(pid, 'SIGKILL')
  await household.node.exited
  t.true(isAlive(daemon))
  t.is(group.leaves().length, 1)
  // Their numbers are read as taken until their new parents have reaped them.
  await waitFor(() => processInfo(keeper) === undefined, { deadline: 8000, what: 'the burial of the keeper' })
  await waitFor(
    async () => {
      await run('true', [], { cgroup: group.path })
      return group.leaves().length === 0
    },
    { deadline: 8000, what: 'the end of the leaf' },
  )
  t.false(isAlive(daemon))
})

serial('a delegated group serves a user without root, and a foreign one does not', async t => {
  using group = new ControlGroup()
  const household = startHousehold('caged.ts', { args: ['delegated', group.path] })
  const seen = await household.node.message<{ delegated: string; foreign: string }>()
  t.regex(seen.delegated, /^sluicegate\.\d+\.\d+\.\d+\.\d+$/u)
  t.regex(seen.foreign, /^ERR_CONTAINMENT .*not delegated.*EACCES/u)
  await household.node.exited
  await t.notThrowsAsync(household.diesOut(8000))
  rmdirSync(path.join(group.path, 'delegated'))
})

serial('a kernel without clone3 takes the way over cgroup.procs', async t => {
  if (spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status !== 0) {
    t.log('there is no strace here: nothing was looked at')
    t.pass()
    return
  }
  using group = new ControlGroup()
  const line = 'exec strace -f -qq -o /dev/null -e trace=clone3 -e inject=clone3:error=ENOSYS "$0" "$@"'
  await using household = startHousehold('caged.ts', { args: ['show', group.path], line })
  t.regex(await household.node.message<string>(), /^sluicegate\.\d+\.\d+\.\d+\.\d+$/u)
  await household.node.exited
  await waitFor(() => group.leaves().length === 0, { deadline: 8000, what: 'the end of the leaf' })
})
