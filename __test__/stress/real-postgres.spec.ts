// The real flow into a real database, through its client. Only where there is a server.
import { createHash } from 'node:crypto'
import anyTest from 'ava'
import { flow, run } from '../../index.ts'
import { AccessLog } from '../helpers/access-log.ts'
import { withCensus } from '../helpers/census.ts'
import { failedRows } from '../helpers/log-flow.ts'
import { hasPostgres, Postgres } from '../helpers/postgres.ts'
import { scaled } from '../helpers/scale.ts'

const measured = withCensus(anyTest, { warmUp: async () => await run('true'), deadline: 10_000 })
const test: typeof measured = hasPostgres ? measured : (title, body) => anyTest.skip(title, body as never)

const CREATE = 'CREATE TABLE failed (id integer PRIMARY KEY, status integer, path text)'
const COPY_IN = 'COPY failed FROM STDIN'
const COPY_OUT = 'COPY (SELECT * FROM failed ORDER BY id) TO STDOUT'

test('a compressed log through gzip, parsed, filtered, in batches into PostgreSQL: as a plain program has it', async t => {
  using log = new AccessLog(scaled(200_000_000))
  await using postgres = await Postgres.start()
  await postgres.psql(CREATE).run()
  await failedRows(log)
    .map(rows => rows.join(''))
    .through(postgres.psql(COPY_IN))
    .forEach(() => {})
  const hash = createHash('sha256')
  await flow(postgres.psql(COPY_OUT).stream()).forEach(chunk => void hash.update(chunk))
  t.is(hash.digest('hex'), log.digest)
})

test('a flow that fails in the middle commits nothing: the client never sees the end of its input', async t => {
  using log = new AccessLog(5_000_000)
  await using postgres = await Postgres.start()
  await postgres.psql(CREATE).run()
  let batches = 0
  const broken = failedRows(log)
    .map(rows => {
      batches += 1
      if (batches === 5) throw new Error('broken')
      return rows.join('')
    })
    .through(postgres.psql(COPY_IN))
  await t.throwsAsync(
    broken.forEach(() => {}),
    { message: 'broken' },
  )
  const { stdout } = await postgres.psql('SELECT count(*) FROM failed').run()
  t.is(stdout, '0')
})
