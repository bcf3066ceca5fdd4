// The real flow at the size of a real log, with an eye on memory.
import anyTest from 'ava'
import { run } from '../../index.ts'
import { AccessLog } from '../helpers/access-log.ts'
import { withCensus } from '../helpers/census.ts'
import { writeFailedRows } from '../helpers/log-flow.ts'
import { scaled } from '../helpers/scale.ts'
import { ownMemory } from '../helpers/usage.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('200 MB of a compressed log through gzip, parsed, filtered, in batches into a file: as a plain program has it', async t => {
  using log = new AccessLog(scaled(200_000_000))
  using small = new AccessLog(20_000_000)
  await writeFailedRows(small)
  const before = ownMemory()
  await writeFailedRows(log)
  const grown = ownMemory() - before
  t.is(log.written(), log.digest)
  t.true(grown < 128 * 1024 * 1024, `grown by ${grown}`)
})
