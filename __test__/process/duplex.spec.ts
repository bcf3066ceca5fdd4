import anyTest from 'ava'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('a child in the middle of a Node pipeline', async t => {
  const child = await spawn('tr', ['a-z', 'A-Z'], { stdin: 'pipe' })
  const result = await pipeline(Readable.from(['abc', 'def']), child.duplex(), async stream => await text(stream))
  t.is(result, 'ABCDEF')
  await child.success()
})

test('destroying it closes both ends, also of a child that reads nothing', async t => {
  const child = await spawn('sleep', ['60'], { stdin: 'pipe' })
  const duplex = child.duplex()
  duplex.write(Buffer.alloc(1_000_000))
  duplex.destroy()
  t.true(duplex.destroyed)
  await child.terminate()
})
