// A real flow against the same work done plainly.
import anyTest from 'ava'
import { run } from '../../index.ts'
import { AccessLog } from '../helpers/access-log.ts'
import { withCensus } from '../helpers/census.ts'
import { failedRows, writeFailedRows } from '../helpers/log-flow.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('20 MB of a compressed log through gzip, parsed, filtered, in batches into a file: as a plain program has it', async t => {
  using log = new AccessLog(20_000_000)
  const batches = await writeFailedRows(log)
  t.is(log.written(), log.digest)
  t.true(log.rows > 10_000)
  t.true(batches >= log.rows / 500)
})

test('the same flow left in the middle leaves nothing behind', async t => {
  using log = new AccessLog(2_000_000)
  t.is((await failedRows(log).take(2).toArray()).length, 2)
  const broken = failedRows(log).forEach(() => {
    throw new Error('broken')
  })
  await t.throwsAsync(broken, { message: 'broken' })
})
