import test from 'ava'
import { fileURLToPath } from 'node:url'
import { run, spawn, SpawnError } from '../../index.ts'
import { packageRoot } from '../helpers/programs.ts'
import { rootOnly } from '../helpers/root.ts'

const row = rootOnly(test)

// Nobody else has this user or the next one, and root has no such limit.
const user = 50_000 + (process.pid % 5000) * 2

row('without room for a process a start is one EAGAIN, and the next one works', async t => {
  const fixture = fileURLToPath(new URL('../fixtures/crowded.ts', import.meta.url))
  const { stdout } = await run(process.execPath, ['--import=@oxc-node/core/register', fixture], {
    uid: user,
    gid: user,
    rlimits: { nproc: 70 },
    cwd: packageRoot,
    env: { HOME: '/tmp' },
  })
  const expected = { some: true, errors: ['SpawnError EAGAIN'], next: 'x' }
  t.deepEqual(JSON.parse(stdout), { tree: expected, group: expected, none: expected })
})

row('a user who has all the processes it may have is EAGAIN at the exec', async t => {
  const options = { uid: user + 1, gid: user + 1 }
  const only = await spawn('sleep', ['600'], options)
  for (const containment of ['tree', 'group', 'none'] as const) {
    await t.throwsAsync(run('true', [], { ...options, rlimits: { nproc: 0 }, containment }), {
      instanceOf: SpawnError,
      code: 'EAGAIN',
      message: /EAGAIN$/u,
    })
  }
  await only.terminate()
})
