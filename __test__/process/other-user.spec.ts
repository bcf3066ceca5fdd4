import anyTest from 'ava'
import { run, spawn, SpawnError } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { probe, type Probe } from '../helpers/programs.ts'
import { NOBODY, rootOnly } from '../helpers/root.ts'

const test = rootOnly(anyTest, withCensus(anyTest, { warmUp: async () => await run('true') }))
const WAYS = ['tree', 'group', 'none'] as const
const IDS = "sed -n '/^[UG]id\\|^Groups\\|^Cap[PEA]/p' /proc/self/status"

function probed(stdout: string): Probe {
  return JSON.parse(stdout) as Probe
}

test('user and group are given up for good: real, effective, saved, supplementary', async t => {
  for (const containment of WAYS) {
    const { stdout } = await run(IDS, { shell: true, containment, uid: NOBODY, gid: NOBODY })
    const all = Array<number>(4).fill(NOBODY).join('\t')
    const none = '0'.repeat(16)
    const caps = ['Prm', 'Eff', 'Amb'].map(set => `Cap${set}:\t${none}`)
    t.deepEqual(
      stdout.replace(/ $/mu, '').split('\n'),
      [`Uid:\t${all}`, `Gid:\t${all}`, 'Groups:\t', ...caps],
      containment,
    )
    const shown = probed((await run(probe, [], { containment, uid: NOBODY, gid: NOBODY })).stdout)
    t.deepEqual(shown.groups, [], containment)
    t.deepEqual(shown.regained, [], containment)
    // The kernel forgets it with the old identity.
    t.is(shown.deathSignal, containment === 'none' ? 0 : 9, containment)
  }
})

test('what is not given stays, but for the supplementary groups', async t => {
  const groups = process.getgroups?.() ?? []
  process.setgroups?.([0, 7])
  try {
    t.like(probed((await run(probe)).stdout), { uid: 0, gid: 0, groups: [0, 7] })
    t.like(probed((await run(probe, [], { uid: NOBODY })).stdout), {
      uid: NOBODY,
      euid: NOBODY,
      gid: 0,
      groups: [],
      regained: ['setgid', 'setegid', 'setregid'],
    })
    t.like(probed((await run(probe, [], { gid: NOBODY })).stdout), { uid: 0, gid: NOBODY, egid: NOBODY, groups: [] })
    t.like(probed((await run(probe)).stdout), { uid: 0, gid: 0, groups: [0, 7] })
  } finally {
    process.setgroups?.(groups)
  }
})

test('limits and the nice value are set before the privilege is gone', async t => {
  const options = { uid: NOBODY, gid: NOBODY, nice: -5, umask: 0o077, rlimits: { nofile: 100, core: Infinity } }
  const { stdout } = await run('nice; umask; ulimit -n; ulimit -c; id -u', { shell: true, ...options })
  t.deepEqual(stdout.split('\n'), ['-5', '0077', '100', 'unlimited', String(NOBODY)])
})

test('such a child is ended, signalled and fed like any other', async t => {
  for (const containment of WAYS) {
    const child = await spawn('cat', [], { stdin: 'pipe', containment, uid: NOBODY, gid: NOBODY, killTimeout: 100 })
    await child.stdin.write('text')
    t.is(Buffer.from(await child.stdout.readExactly(4)).toString(), 'text')
    t.true(child.kill('SIGCONT'))
    t.like(await child.terminate(), { signal: 'SIGTERM' })
  }
})

test('a program that this user may not run is a spawn error', async t => {
  await t.throwsAsync(run('/root/no-such', [], { uid: NOBODY, gid: NOBODY }), { instanceOf: SpawnError })
  t.true((await run('true', [], { uid: NOBODY, gid: NOBODY, cwd: '/root' })).ok, 'the directory is entered before')
})
