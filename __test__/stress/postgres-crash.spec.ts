// Rows in PostgreSQL over very many crashes. Only where there is a server.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { rowsSurviveCrashes } from '../cluster/crashes.ts'
import { hasPostgres, Postgres } from '../helpers/postgres.ts'
import { scaled } from '../helpers/scale.ts'

const check = hasPostgres ? test.serial : test.skip

check('PIPE-12: two hundred crashes leave each row in PostgreSQL once', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-rows-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await using postgres = await Postgres.start()
  await rowsSurviveCrashes(t, postgres, folder, scaled(200))
})
