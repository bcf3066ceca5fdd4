// Rows of a process that dies at any moment. Only where there is a server.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { hasPostgres, Postgres } from '../helpers/postgres.ts'
import { rowsSurviveCrashes } from './crashes.ts'

const check = hasPostgres ? test : test.skip

check('PIPE-12: SIGKILL at random moments: each row is in PostgreSQL once, and none is missing', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-rows-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await using postgres = await Postgres.start()
  await rowsSurviveCrashes(t, postgres, folder, 3)
})
