import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const byte = Uint8Array.of(120)

test('a million awaited writes of one byte all arrive', async t => {
  const child = await spawn('wc', ['-c'], { stdin: 'pipe' })
  for (let count = 0; count < 1_000_000; count++) await child.stdin.write(byte)
  await child.stdin.end()
  t.is((await child.stdout.text()).trim(), '1000000')
  t.true((await child.success()).ok)
})

test('a million writes that nobody waits for all arrive', async t => {
  const child = await spawn('wc', ['-c'], { stdin: 'pipe' })
  for (let count = 0; count < 1_000_000; count++) void child.stdin.write(byte)
  await child.stdin.end()
  t.is((await child.stdout.text()).trim(), '1000000')
  t.is(child.stdin.bytesWritten, 1_000_000)
  t.true((await child.success()).ok)
})
