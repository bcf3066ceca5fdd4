import anyTest from 'ava'
import { readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { run, SpawnError, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { probe, type Probe } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const WAYS = ['tree', 'group', 'none'] as const

/** Soft and hard limits as /proc names them. */
function limits(text: string): Map<string, string> {
  const lines = text.split('\n').slice(1)
  return new Map(lines.map(line => [line.slice(0, 26).trim(), line.slice(26).split(/\s+/u, 2).join(' ')]))
}

test('limits are soft and hard, and the others stay ours', async t => {
  const rlimits = { nofile: 101, nproc: 4000, as: 2 ** 32, cpu: 77, core: 0, fsize: 12_345 }
  const ours = limits(readFileSync('/proc/self/limits', 'utf8'))
  for (const containment of WAYS) {
    const found = limits((await run('cat', ['/proc/self/limits'], { rlimits, containment })).stdout)
    t.is(found.get('Max open files'), '101 101', containment)
    t.is(found.get('Max processes'), '4000 4000', containment)
    t.is(found.get('Max address space'), '4294967296 4294967296', containment)
    t.is(found.get('Max cpu time'), '77 77', containment)
    t.is(found.get('Max core file size'), '0 0', containment)
    t.is(found.get('Max file size'), '12345 12345', containment)
    t.is(found.get('Max locked memory'), ours.get('Max locked memory'), containment)
  }
  const after = limits((await run('cat', ['/proc/self/limits'])).stdout)
  t.is(after.get('Max cpu time'), ours.get('Max cpu time'), 'a keeper that is used again keeps none of them')
})

test('a limit holds, and ends its child as the system does', async t => {
  const spinning = await spawn('sh', ['-c', 'while :; do :; done'], { rlimits: { cpu: 1 } })
  t.like(await spinning.closed, { exitCode: null, signal: 'SIGKILL' })
  const written = await run('sh', ['-c', 'trap "" XFSZ; ulimit -f'], { rlimits: { fsize: 51_200 } })
  t.is(written.stdout, '100')
})

test('a limit that the system refuses fails the start and is named', async t => {
  for (const containment of WAYS) {
    await t.throwsAsync(run('true', [], { rlimits: { nofile: Infinity }, containment }), {
      instanceOf: SpawnError,
      code: 'EPERM',
      message: /rlimits\.nofile/u,
    })
  }
  t.true((await run('true')).ok)
})

test('a mask and a nice value of its own', async t => {
  const ours = getPriority()
  const nicer = Math.min(ours + 3, 19)
  const before = process.umask(0o011)
  try {
    for (const containment of WAYS) {
      const shown = async (options: object): Promise<Probe> =>
        JSON.parse((await run(probe, [], { ...options, containment })).stdout) as Probe
      t.like(await shown({ umask: 0o077, nice: nicer }), { umask: 0o077, nice: nicer }, containment)
      t.like(await shown({ umask: 0 }), { umask: 0, nice: ours }, containment)
      t.like(await shown({}), { umask: 0o011, nice: ours }, containment)
    }
  } finally {
    process.umask(before)
  }
})

test('a name of its own, also for a shell', async t => {
  t.is((await run('sh', ['-c', 'echo "$0"'], { argv0: 'other' })).stdout, 'other')
  t.is((await run('echo "$0"', { argv0: 'other', shell: true })).stdout, 'other')
})
