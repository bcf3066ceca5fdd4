// The worked example over the logs of several machines. Only where there is a server.
import test, { type ExecutionContext } from 'ava'
import { run } from '../../index.ts'
import { hasNats, Nats } from '../helpers/nats.ts'
import { hasPostgres, Postgres } from '../helpers/postgres.ts'
import { packageRoot } from '../helpers/programs.ts'

async function runs(t: ExecutionContext, log: string): Promise<void> {
  const words = ['examples/pipeline/index.mjs', '--log', log, '--events', '790']
  const { stdout } = await run(process.execPath, words, { cwd: packageRoot, timeout: 90_000 })
  t.is([...stdout.matchAll(/^ok /gmu)].length, 3, stdout)
  t.is([...stdout.matchAll(/^killed after/gmu)].length, 2, stdout)
}

const onPostgres = hasPostgres ? test : test.skip
const onNats = hasNats ? test : test.skip

onPostgres('PIPE-12: the worked example over PostgreSQL: rows are there once, over two crashes', async t => {
  await using postgres = await Postgres.start({ tcp: true })
  await runs(t, `postgres=${postgres.connectionString()}`)
  // It leaves nothing in a database that is somebody's.
  t.is((await postgres.psql(`SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'changes%'`).run()).stdout, '0')
})

onNats('PIPE-12: the worked example over JetStream: rows are there once, over two crashes', async t => {
  await using nats = await Nats.start({ config: 'authorization { user: app, password: "a b" }' })
  await runs(t, `jetstream=nats://app:a%20b@${nats.servers}`)
})

test('the worked example says what its flags take', async t => {
  const wrong = [
    ['--log', 'elsewhere', /--log takes journal, postgres=… or jetstream=…, not elsewhere/u],
    ['--log', 'jetstream', /--log takes/u],
    ['--start', 'elsewhere', /--start takes/u],
    ['--events', '100', /--events takes/u],
  ] as const
  for (const [flag, value, message] of wrong) {
    const words = ['examples/pipeline/index.mjs', flag, value]
    const { ok, stderr } = await run(process.execPath, words, { cwd: packageRoot, timeout: 60_000, reject: false })
    t.false(ok)
    t.regex(stderr, message)
  }
})
